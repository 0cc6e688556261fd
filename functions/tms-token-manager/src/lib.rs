//! TMS Token Manager: keeps one valid Salesforce access token where Case Creation reads it.
//!
//! ```text
//! schedule, Case Creation --> request --> handler --> token      is a new one due?
//!                                            |------> secrets    credentials in, token out (Secrets Manager)
//!                                            |------> oauth      client credentials grant (Salesforce)
//!                                            '------> audit      one event for each request (Kinesis)
//! ```
//!
//! # Requests and answer
//!
//! | event | what happens |
//! |---|---|
//! | `{"action":"refresh"}` | a new token, if the stored one is missing or past 80 % of its life |
//! | `{"action":"refresh","rejected":"<fingerprint>"}` | the same, and also if the stored token is the one that Salesforce rejected: many 401s make one refresh |
//! | `{"action":"refresh","ahead_seconds":600}` | the same, and also if the stored token ends within that time: for a caller who comes back after that time |
//! | a bare `EventBridge` scheduled event | `refresh` with `ahead_seconds` 690, which outlasts the ten minutes to the next one; audited as `schedule` |
//! | `{"action":"status"}` | what is known about the stored token |
//!
//! The answer never holds the token (`response.json` is an example): a caller reads the token secret, which IAM guards.
//!
//! # Running it by hand
//!
//! `env-vars.json` has the environment in the format of `sam local invoke --env-vars`. The credentials secret holds
//! `{"client_id":"..","client_secret":"..","login_url":"https://<my domain>.my.salesforce.com"}`; `login_url` is
//! optional and goes before `SALESFORCE_LOGIN_URL`. The client credentials flow needs the org's own My Domain host.
//!
//! # Secrets
//!
//! Every secret is a `SecretString` from the moment it is parsed. Errors keep the code of a failure, never its body.
//! The token is written only when there is a new one: Secrets Manager advises against more than one `PutSecretValue`
//! in ten minutes, sustained.

pub mod config;
pub mod origin;

pub mod request;

pub mod handler;

pub mod audit;
pub mod grant;
pub mod oauth;
mod refused;
pub mod secrets;
pub mod token;

pub mod error;
