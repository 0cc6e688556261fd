//! What the environment says, read once.

use kinesis_batch::Limits;

/// Settings of the producer.
#[derive(Debug, Clone)]
pub struct Config {
    /// The stream that events are put on.
    pub stream: String,
    /// Whether bucket names go into the path of S3 requests, as stand-ins on one address need it.
    pub path_style: bool,
    /// The longest record, in bytes of the file.
    pub record_bytes: usize,
    /// Requests to Kinesis in flight.
    pub in_flight: usize,
    /// Sizes and patience of requests to Kinesis.
    pub limits: Limits,
    /// Bytes of one parked object, about.
    pub parked_bytes: usize,
}

/// Why the environment cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A variable that must be set is not.
    #[error("environment variable {0} is not set")]
    Missing(&'static str),
}

impl Config {
    /// Settings for a stream, with defaults for everything else.
    pub fn new(stream: impl Into<String>) -> Self {
        Self {
            stream: stream.into(),
            path_style: false,
            record_bytes: 1024 * 1024,
            in_flight: 4,
            limits: Limits::default(),
            parked_bytes: 4 * 1024 * 1024,
        }
    }

    /// Reads the settings from `variable`, the environment.
    ///
    /// # Errors
    ///
    /// When `EVENT_STREAM_NAME` is not set.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        const STREAM: &str = "EVENT_STREAM_NAME";
        let set = |name| variable(name).filter(|value| !value.trim().is_empty());
        let mut config = Self::new(set(STREAM).ok_or(ConfigError::Missing(STREAM))?);
        let endpoints = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"];
        config.path_style = endpoints.into_iter().any(|name| set(name).is_some());
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_stream_must_be_named() {
        assert_eq!(
            read(&[("EVENT_STREAM_NAME", "events")]).unwrap().stream,
            "events"
        );
        for variables in [&[][..], &[("EVENT_STREAM_NAME", " ")]] {
            let error = read(variables).unwrap_err();
            assert_eq!(
                error.to_string(),
                "environment variable EVENT_STREAM_NAME is not set"
            );
        }
    }

    #[test]
    fn an_endpoint_of_its_own_is_asked_by_path() {
        let stream = ("EVENT_STREAM_NAME", "events");
        assert!(!read(&[stream]).unwrap().path_style);
        for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"] {
            assert!(
                read(&[stream, (name, "http://127.0.0.1:1")])
                    .unwrap()
                    .path_style
            );
        }
    }
}
