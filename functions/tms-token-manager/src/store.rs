//! The store: client credentials and access token in Secrets Manager.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::{
    Client, config,
    error::{ProvideErrorMetadata, SdkError},
};
use response_limit::ResponseLimit;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};

use crate::{
    config::{
        Config,
        origin::{Origin, OriginError},
    },
    token::{Token, UnreadableToken},
};

/// The largest response that is read from Secrets Manager. A secret has at most 64 KiB, which JSON escapes may enlarge.
///
/// Source: [Secrets Manager quotas](https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html).
const MAX_RESPONSE_BYTES: usize = 512 << 10;

/// Some editors begin a file with it.
const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// Client credentials.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The consumer key of the connected app.
    pub client_id: SecretString,
    /// The consumer secret of the connected app.
    pub client_secret: SecretString,
    /// The login URL, which overrides the configured one.
    pub login_url: Option<Origin>,
}

/// Access to the two secrets.
#[derive(Debug, Clone)]
pub struct SecretStore {
    client: Client,
    credentials_id: String,
    token_id: String,
    /// The last token that could not be written.
    unwritten: Arc<Mutex<Option<Token>>>,
}

/// The error of a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// Secrets Manager rejected the read.
    #[error("failed to read secret `{id}`")]
    Read {
        /// The secret.
        id: String,
        /// The error of the call.
        source: CallError,
    },
    /// Secrets Manager rejected the write.
    #[error("failed to write secret `{id}`")]
    Write {
        /// The secret.
        id: String,
        /// The error of the call.
        source: CallError,
    },
    /// The secret is not a JSON object with the required fields. The error does not contain its content.
    #[error(
        "secret `{id}` is malformed at line {line}, column {column}: expected \
         {{\"client_id\":\"..\",\"client_secret\":\"..\"}}, optionally `login_url`"
    )]
    Malformed {
        /// The secret.
        id: String,
        /// Position in the secret.
        line: usize,
        /// Position in the secret.
        column: usize,
    },
    /// A required field is empty.
    #[error("secret `{id}` has an empty `{field}`")]
    Empty {
        /// The secret.
        id: String,
        /// The field.
        field: &'static str,
    },
    /// A field contains a character that no credential contains, such as a line feed.
    #[error("secret `{id}` has a control character or blank within `{field}`")]
    Character {
        /// The secret.
        id: String,
        /// The field.
        field: &'static str,
    },
    /// The login URL must not receive credentials.
    #[error("secret `{id}` has an invalid `login_url`")]
    LoginUrl {
        /// The secret.
        id: String,
        /// The error of the URL.
        source: OriginError,
    },
}

/// The failure of a call to Secrets Manager, without the response.
///
/// The error of the SDK can contain the raw response, which is the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("secrets manager: {kind}, code {}", code.as_deref().unwrap_or("none"))]
pub struct CallError {
    /// The step that failed.
    pub kind: &'static str,
    /// The error code of the service.
    pub code: Option<String>,
}

#[derive(Deserialize)]
struct CredentialsJson {
    #[serde(deserialize_with = "secret")]
    client_id: SecretString,
    #[serde(deserialize_with = "secret")]
    client_secret: SecretString,
    login_url: Option<String>,
}

impl SecretStore {
    /// Creates the client.
    pub fn new(aws: &SdkConfig, config: &Config) -> Self {
        Self {
            client: Client::from_conf(
                config::Builder::from(aws)
                    .interceptor(ResponseLimit::bytes(MAX_RESPONSE_BYTES))
                    .build(),
            ),
            credentials_id: config.credentials_secret_id.clone(),
            token_id: config.token_secret_id.clone(),
            unwritten: Arc::default(),
        }
    }

    /// Reads the client credentials.
    ///
    /// # Errors
    ///
    /// When Secrets Manager rejects the call, or the secret is malformed.
    pub async fn credentials(&self) -> Result<Credentials, SecretError> {
        let text = self.read(&self.credentials_id).await;
        let text = text.map_err(|source| read_error(&self.credentials_id, source))?;
        parse_credentials(&self.credentials_id, &text.unwrap_or_default())
    }

    /// Reads the stored token; `None` before the first refresh.
    ///
    /// # Errors
    ///
    /// When Secrets Manager rejects the call. An unreadable token is an inner error, because a refresh replaces it.
    pub async fn token(&self) -> Result<Result<Option<Token>, UnreadableToken>, SecretError> {
        match self.read(&self.token_id).await {
            Ok(text) => Ok(Token::from_secret(&text.unwrap_or_default())),
            // Secrets Manager returns the same error for a secret without a value and for a missing secret. Writing a
            // token succeeds for the former only.
            Err(error) if error.code.as_deref() == Some("ResourceNotFoundException") => {
                Ok(Ok(None))
            }
            Err(source) => Err(read_error(&self.token_id, source)),
        }
    }

    /// The last token that could not be written, so that a refused write does not take a login for each request.
    pub fn unwritten(&self) -> Option<Token> {
        self.unwritten_token().clone()
    }

    fn unwritten_token(&self) -> MutexGuard<'_, Option<Token>> {
        self.unwritten
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores a token. If it cannot be written, it is kept in memory.
    ///
    /// # Errors
    ///
    /// When Secrets Manager rejects the call.
    pub async fn put_token(&self, token: &Token) -> Result<(), SecretError> {
        let put = self.client.put_secret_value().secret_id(&self.token_id);
        let put = put.secret_string(token.to_secret().expose_secret());
        match put.send().await {
            Ok(_) => {
                *self.unwritten_token() = None;
                Ok(())
            }
            Err(error) => {
                *self.unwritten_token() = Some(token.clone());
                Err(SecretError::Write {
                    id: self.token_id.clone(),
                    source: call_error(&error),
                })
            }
        }
    }

    async fn read(&self, id: &str) -> Result<Option<SecretString>, CallError> {
        let response = self.client.get_secret_value().secret_id(id).send().await;
        let response = response.map_err(|error| call_error(&error))?;
        Ok(response.secret_string.map(SecretString::from))
    }
}

fn read_error(id: &str, source: CallError) -> SecretError {
    SecretError::Read {
        id: id.to_owned(),
        source,
    }
}

fn parse_credentials(id: &str, text: &SecretString) -> Result<Credentials, SecretError> {
    let id = || id.to_owned();
    // The message of the parser quotes the content, so only the position is kept.
    let json = text.expose_secret().trim_start_matches(BYTE_ORDER_MARK);
    let parsed: CredentialsJson =
        serde_json::from_str(json).map_err(|error| SecretError::Malformed {
            id: id(),
            line: error.line(),
            column: error.column(),
        })?;
    let login_url = parsed.login_url.as_deref().map(trimmed);
    let login_url = login_url.filter(|url| !url.is_empty()).map(Origin::parse);
    let login_url = login_url.transpose();
    Ok(Credentials {
        client_id: credential(id(), "client_id", &parsed.client_id)?,
        client_secret: credential(id(), "client_secret", &parsed.client_secret)?,
        login_url: login_url.map_err(|source| SecretError::LoginUrl { id: id(), source })?,
    })
}

/// Returns the value of a field without the white space and byte order marks that editors and shells add around it.
fn credential(
    id: String,
    field: &'static str,
    value: &SecretString,
) -> Result<SecretString, SecretError> {
    let text = trimmed(value.expose_secret());
    if text.is_empty() {
        return Err(SecretError::Empty { id, field });
    }
    if text
        .chars()
        .any(|one| one.is_control() || one.is_whitespace())
    {
        return Err(SecretError::Character { id, field });
    }
    if text.len() < value.expose_secret().len() {
        tracing::warn!(
            secret = id,
            field,
            "white space around a credential was ignored"
        );
    }
    Ok(SecretString::from(text))
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|one: char| one.is_whitespace() || one == BYTE_ORDER_MARK)
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

fn call_error<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> CallError {
    let kind = match error {
        SdkError::ConstructionFailure(_) => "request could not be built",
        SdkError::TimeoutError(_) => "no response in time",
        SdkError::DispatchFailure(_) => "no connection",
        SdkError::ResponseError(_) => "unreadable response",
        SdkError::ServiceError(_) => "request rejected",
        _ => "failed",
    };
    CallError {
        kind,
        code: error.code().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        let error = parse_credentials("prod/salesforce", &text.into()).unwrap_err();
        assert!(!format!("{error:?}").contains("canary"));
        error.to_string()
    }

    #[test]
    fn a_malformed_secret_is_named_without_its_content() {
        for text in [
            "canary",
            "{\"client_id\":\"canary\"",
            "{\"client_id\":[\"canary\"]}",
            "\"canary\"",
        ] {
            let error = error(text);
            assert!(
                error.starts_with("secret `prod/salesforce` is malformed at line 1"),
                "{error}"
            );
            assert!(!error.contains("canary"));
        }
    }

    #[test]
    fn a_login_url_without_tls_is_rejected() {
        let text = r#"{"client_id":"canary","client_secret":"canary","login_url":"http://x.org"}"#;
        assert_eq!(
            error(text),
            "secret `prod/salesforce` has an invalid `login_url`"
        );
    }

    #[test]
    fn an_empty_field_is_named() {
        let text = r#"{"client_id":"canary","client_secret":" "}"#;
        assert_eq!(
            error(text),
            "secret `prod/salesforce` has an empty `client_secret`"
        );
    }

    #[test]
    fn white_space_and_byte_order_marks_around_a_value_are_ignored() {
        let text = "\u{FEFF}{\"client_id\":\" id\\n\",\"client_secret\":\"\u{FEFF}secret\\r\\n\",\
                    \"login_url\":\" https://a.org \"}";
        let read = parse_credentials("id", &text.into()).unwrap();
        assert_eq!(read.client_id.expose_secret(), "id");
        assert_eq!(read.client_secret.expose_secret(), "secret");
        assert_eq!(read.login_url.unwrap().as_str(), "https://a.org");
    }

    #[test]
    fn a_line_feed_within_a_value_is_an_error() {
        let text = "{\"client_id\":\"canary\",\"client_secret\":\"canary\\ncanary\"}";
        let expected =
            "secret `prod/salesforce` has a control character or blank within `client_secret`";
        assert_eq!(error(text), expected);
    }

    #[test]
    fn debug_output_of_credentials_has_no_secret() {
        let text = r#"{"client_id":"canary","client_secret":"canary","login_url":"https://a.org"}"#;
        let credentials = parse_credentials("id", &text.into()).unwrap();
        let shown = format!("{credentials:?}");
        assert!(!shown.contains("canary") && shown.contains("https://a.org"));
    }
}
