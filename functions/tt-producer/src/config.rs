//! The settings of the function, read once from its environment.

use kinesis_batch::{Limits, Order};

/// Settings of the producer.
#[derive(Debug, Clone)]
pub struct Config {
    /// The stream that events are put on.
    pub stream: String,
    /// The bucket for uploads: continuations and replays of objects in another one are refused. `None` for any bucket.
    pub bucket: Option<String>,
    /// Address of the queue through which the rest of a long upload is handed on to the next invocation.
    pub queue: Option<String>,
    /// Whether bucket names are part of the path of S3 requests, as local endpoints need it.
    pub path_style: bool,
    /// The longest record, in bytes of the file.
    pub record_bytes: usize,
    /// Requests to Kinesis in flight.
    pub in_flight: usize,
    /// Sizes, attempts and timeouts of requests to Kinesis.
    pub limits: Limits,
    /// Failed records of a file that are parked with their content; the others are parked as ranges of the file.
    pub parked_records: u64,
    /// Bytes of one parked object, about.
    pub parked_bytes: usize,
}

/// Why the environment cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A variable that must be set is not.
    #[error("environment variable {0} is not set")]
    Missing(&'static str),
    /// A variable with a value that is not allowed.
    #[error("environment variable {name} must be {expected}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// The allowed values.
        expected: &'static str,
    },
}

impl Config {
    /// Settings for a stream, with defaults for everything else.
    pub fn new(stream: impl Into<String>) -> Self {
        Self {
            stream: stream.into(),
            bucket: None,
            queue: None,
            path_style: false,
            record_bytes: 1024 * 1024,
            in_flight: 4,
            limits: Limits::default(),
            parked_records: 1_000,
            parked_bytes: 4 * 1024 * 1024,
        }
    }

    /// Reads the settings from `variable`, the environment.
    ///
    /// # Errors
    ///
    /// When `EVENT_STREAM_NAME` is not set, or `EVENT_ORDER` or `EVENT_AGGREGATION` have values that are not allowed.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        const STREAM: &str = "EVENT_STREAM_NAME";
        let set = |name| variable(name).filter(|value| !value.trim().is_empty());
        let mut config = Self::new(set(STREAM).ok_or(ConfigError::Missing(STREAM))?);
        config.bucket = set("UPLOAD_BUCKET");
        config.queue = set("CONTINUATION_QUEUE_URL");
        config.limits.order = match set("EVENT_ORDER").as_deref() {
            None | Some("any") => Order::Any,
            Some("per_key") => Order::PerKey,
            Some(_) => {
                return Err(ConfigError::Invalid {
                    name: "EVENT_ORDER",
                    expected: "any or per_key",
                });
            }
        };
        config.limits.aggregate = match set("EVENT_AGGREGATION").as_deref() {
            None | Some("none") => false,
            Some("kpl") => true,
            Some(_) => {
                return Err(ConfigError::Invalid {
                    name: "EVENT_AGGREGATION",
                    expected: "none or kpl",
                });
            }
        };
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
    fn the_stream_is_required() {
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
    fn bucket_queue_order_and_aggregation_are_read() {
        let stream = ("EVENT_STREAM_NAME", "events");
        let config = read(&[
            stream,
            ("EVENT_ORDER", "any"),
            ("EVENT_AGGREGATION", "none"),
        ])
        .unwrap();
        assert_eq!(
            (config.limits.order, config.limits.aggregate),
            (Order::Any, false)
        );
        assert_eq!(config.queue, None);
        let set = [
            stream,
            ("CONTINUATION_QUEUE_URL", "https://queue"),
            ("UPLOAD_BUCKET", "bucket"),
            ("EVENT_ORDER", "per_key"),
            ("EVENT_AGGREGATION", "kpl"),
        ];
        let config = read(&set).unwrap();
        assert_eq!(
            (config.limits.order, config.limits.aggregate),
            (Order::PerKey, true)
        );
        assert_eq!(config.queue.as_deref(), Some("https://queue"));
        assert_eq!(config.bucket.as_deref(), Some("bucket"));
        let error = read(&[stream, ("EVENT_ORDER", "sorted")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "environment variable EVENT_ORDER must be any or per_key"
        );
        let error = read(&[stream, ("EVENT_AGGREGATION", "yes")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "environment variable EVENT_AGGREGATION must be none or kpl"
        );
    }

    #[test]
    fn a_local_endpoint_is_used_by_path() {
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
