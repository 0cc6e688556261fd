//! TMS Token Manager: keeps one valid Salesforce access token in Secrets Manager, where Case Creation reads it.
//!
//! ```text
//! request -> due? -> login -> store -> audit -> answer
//! ```
//!
//! | step | module |
//! |---|---|
//! | event to request | [`request`] |
//! | decision whether a new token is due | [`token`] |
//! | client credentials grant of Salesforce | [`login`] |
//! | credentials and token in Secrets Manager | [`store`] |
//! | one audit event for each request, on Kinesis | [`audit`] |
//! | all steps in order, and the answer | [`handler`] |
//!
//! # Requests and answer
//!
//! | event | action |
//! |---|---|
//! | `{"action":"refresh"}` | stores a new token if there is none, or if the stored one is past 80 % of its lifetime |
//! | `{"action":"refresh","rejected":"<fingerprint>"}` | the same, and also if the stored token is the rejected one, so that many 401 responses cause one refresh |
//! | `{"action":"refresh","ahead_seconds":600}` | the same, and also if the stored token expires within that time |
//! | a scheduled event of `EventBridge` | `refresh` with `ahead_seconds` 690, which exceeds the ten minutes of the schedule; audited as `schedule` |
//! | `{"action":"status"}` | describes the stored token |
//!
//! The answer does not contain the token (`response.json` is an example). A caller reads the token secret, which IAM
//! protects.
//!
//! # Running it locally
//!
//! `env-vars.json` contains the environment in the format of `sam local invoke --env-vars`. The credentials secret contains
//! `{"client_id":"..","client_secret":"..","login_url":"https://<my domain>.my.salesforce.com"}`; `login_url` is
//! optional and overrides `SALESFORCE_LOGIN_URL`. The client credentials flow requires the My Domain host of the org.
//!
//! # Secrets
//!
//! Every secret is a `SecretString` as soon as it is parsed. Errors contain the code of a failure, never a response body.
//! A token is stored only if its instance URL is one of `SALESFORCE_ALLOWED_HOSTS`, because Case Creation sends it there.
//! The secret is written only for a new token: Secrets Manager recommends at most one `PutSecretValue` in ten minutes.

pub mod config;

pub mod request;

pub mod token;

pub mod login;

pub mod store;

pub mod audit;

pub mod handler;

pub mod error;
