//! The two secrets: client credentials in, the access token out.

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};

use crate::{
    config::Config,
    origin::{Origin, OriginError},
    token::{Token, Unreadable},
};

/// Who logs in.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The consumer key of the connected app.
    pub client_id: SecretString,
    /// Its secret.
    pub client_secret: SecretString,
    /// Where to log in, if the secret says so.
    pub login_url: Option<Origin>,
}

/// Access to both secrets.
#[derive(Debug, Clone)]
pub struct Secrets {
    client: Client,
    credentials_id: String,
    token_id: String,
}

/// Why a secret could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// Secrets Manager did not give it out.
    #[error("failed to read secret `{id}`")]
    Read {
        /// The secret.
        id: String,
        /// What Secrets Manager answered.
        source: Refusal,
    },
    /// Secrets Manager did not take it.
    #[error("failed to write secret `{id}`")]
    Write {
        /// The secret.
        id: String,
        /// What Secrets Manager answered.
        source: Refusal,
    },
    /// It is no JSON object with the needed fields. Its content stays out of the text.
    #[error(
        "secret `{id}` is malformed at line {line}, column {column}: expected \
         {{\"client_id\":\"..\",\"client_secret\":\"..\"}}, optionally `login_url`"
    )]
    Malformed {
        /// The secret.
        id: String,
        /// Where.
        line: usize,
        /// Where.
        column: usize,
    },
    /// A field is there, but empty.
    #[error("secret `{id}` has an empty `{field}`")]
    Empty {
        /// The secret.
        id: String,
        /// The field.
        field: &'static str,
    },
    /// Its login URL is not one to send credentials to.
    #[error("secret `{id}` has a `login_url` that is no login URL")]
    LoginUrl {
        /// The secret.
        id: String,
        /// What is wrong with it.
        source: OriginError,
    },
}

/// The failure of a call to Secrets Manager, without the body of its answer.
///
/// The SDK's own error can hold the raw answer, and that is the secret itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("secrets manager: {kind}, code {}", code.as_deref().unwrap_or("none"))]
pub struct Refusal {
    /// Which step failed.
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

impl Secrets {
    /// Access with the SDK's configuration.
    pub fn new(aws: &SdkConfig, config: &Config) -> Self {
        Self {
            client: Client::new(aws),
            credentials_id: config.credentials_secret_id.clone(),
            token_id: config.token_secret_id.clone(),
        }
    }

    /// Reads the client credentials.
    ///
    /// # Errors
    ///
    /// When Secrets Manager refuses, or the secret is not what it should be.
    pub async fn credentials(&self) -> Result<Credentials, SecretError> {
        let text = self.read(&self.credentials_id).await;
        let text = text.map_err(|source| unread(&self.credentials_id, source))?;
        parse_credentials(&self.credentials_id, &text.unwrap_or_default())
    }

    /// Reads the stored token: `None` before the first refresh.
    ///
    /// # Errors
    ///
    /// When Secrets Manager refuses. An unreadable token is an inner error: a refresh repairs it.
    pub async fn token(&self) -> Result<Result<Option<Token>, Unreadable>, SecretError> {
        match self.read(&self.token_id).await {
            Ok(text) => Ok(Token::from_secret(&text.unwrap_or_default())),
            // A secret without a value answers like one that does not exist; writing tells them apart.
            Err(refusal) if refusal.code.as_deref() == Some("ResourceNotFoundException") => {
                Ok(Ok(None))
            }
            Err(source) => Err(unread(&self.token_id, source)),
        }
    }

    /// Stores a token.
    ///
    /// # Errors
    ///
    /// When Secrets Manager refuses.
    pub async fn put_token(&self, token: &Token) -> Result<(), SecretError> {
        let put = self.client.put_secret_value().secret_id(&self.token_id);
        let put = put.secret_string(token.to_secret().expose_secret());
        match put.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(SecretError::Write {
                id: self.token_id.clone(),
                source: refusal(&error),
            }),
        }
    }

    async fn read(&self, id: &str) -> Result<Option<SecretString>, Refusal> {
        let answer = self.client.get_secret_value().secret_id(id).send().await;
        let answer = answer.map_err(|error| refusal(&error))?;
        Ok(answer.secret_string.map(SecretString::from))
    }
}

fn unread(id: &str, source: Refusal) -> SecretError {
    SecretError::Read {
        id: id.to_owned(),
        source,
    }
}

fn parse_credentials(id: &str, text: &SecretString) -> Result<Credentials, SecretError> {
    let id = || id.to_owned();
    // The parser's own message quotes what it found, so only the position is kept.
    let parsed: CredentialsJson =
        serde_json::from_str(text.expose_secret()).map_err(|error| SecretError::Malformed {
            id: id(),
            line: error.line(),
            column: error.column(),
        })?;
    for (field, value) in [
        ("client_id", &parsed.client_id),
        ("client_secret", &parsed.client_secret),
    ] {
        if value.expose_secret().trim().is_empty() {
            return Err(SecretError::Empty { id: id(), field });
        }
    }
    let login_url = parsed.login_url.filter(|url| !url.trim().is_empty());
    let login_url = login_url.map(|url| Origin::parse(&url)).transpose();
    Ok(Credentials {
        client_id: parsed.client_id,
        client_secret: parsed.client_secret,
        login_url: login_url.map_err(|source| SecretError::LoginUrl { id: id(), source })?,
    })
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

fn refusal<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Refusal {
    let kind = match error {
        SdkError::ConstructionFailure(_) => "the request could not be built",
        SdkError::TimeoutError(_) => "no answer in time",
        SdkError::DispatchFailure(_) => "no connection",
        SdkError::ResponseError(_) => "unreadable answer",
        SdkError::ServiceError(_) => "request refused",
        _ => "failed",
    };
    Refusal {
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
    fn a_login_url_without_tls_is_refused() {
        let text = r#"{"client_id":"canary","client_secret":"canary","login_url":"http://x.org"}"#;
        assert_eq!(
            error(text),
            "secret `prod/salesforce` has a `login_url` that is no login URL"
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
    fn debug_of_credentials_shows_none() {
        let text = r#"{"client_id":"canary","client_secret":"canary","login_url":"https://a.org"}"#;
        let credentials = parse_credentials("id", &text.into()).unwrap();
        let shown = format!("{credentials:?}");
        assert!(!shown.contains("canary") && shown.contains("https://a.org"));
    }
}
