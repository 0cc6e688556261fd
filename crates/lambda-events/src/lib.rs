//! S3 object notifications, unwrapped from SQS, SNS, `EventBridge` and failed asynchronous invocations.
//!
//! S3 notifies a function directly or through other services, which may be chained: a topic delivers to a queue, and
//! Lambda reports a failed asynchronous invocation to a queue with the original event inside. [`decode`] unwraps all
//! of these forms and returns [`Message`]s with [`Notice`]s.
//!
//! | payload | notices |
//! |---|---|
//! | S3 notification, directly or as `Object Created` of `EventBridge` | [`Notice::Created`] for each record |
//! | record or event about anything but a created object | [`Notice::Other`] |
//! | the message that S3 sends when a notification is configured | [`Notice::TestEvent`] |
//! | SQS event | one [`Message`] with its id for each SQS message, with the notices of its body |
//! | SNS event, SNS message in an SQS body, failed asynchronous invocation | the notices of the content |
//! | any other JSON | [`Notice::Document`], for the formats of the caller |
//! | malformed record, text that is no JSON, more than the limits | an [`Error`] in the place of the notice |
//!
//! ```
//! use lambda_events::Notice;
//!
//! let payload = r#"{"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
//!     "s3": {"bucket": {"name": "uploads"}, "object": {"key": "incoming/a+b.csv", "versionId": "v1", "size": 7}}}]}"#;
//! let mut failed = Vec::new();
//! for message in lambda_events::decode(payload) {
//!     for notice in message.notices {
//!         match notice {
//!             Ok(Notice::Created(object)) => assert_eq!(object.key, "incoming/a b.csv"),
//!             Ok(Notice::TestEvent | Notice::Other(_)) => {}
//!             // An item of `batchItemFailures`; without an id, the handler returns an error.
//!             Ok(Notice::Document(_)) | Err(_) => failed.push(message.id.clone()),
//!         }
//!     }
//! }
//! assert!(failed.is_empty());
//! ```

mod decode;
mod notice;
mod s3;

pub use decode::decode;
pub use notice::{Error, MAX_BYTES, MAX_NESTING, MAX_NOTICES, Message, Notice, Object, OtherEvent};
