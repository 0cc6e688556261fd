//! The TT event: what TT Producer writes to Kinesis and Case Creation reads.
//!
//! ```
//! use tt_event::{Source, TtEvent};
//!
//! let source = Source::new("bucket", "incoming/a.csv", "v1", 0);
//! let event = TtEvent::new(source, "2025-01-01T00:00:00Z", "r-1", "c-1", "address_change");
//! let read = TtEvent::decode(&event.encode())?;
//! assert_eq!(read.event_id, event.event_id);
//! assert_eq!(read.text("customer_id").as_deref(), Some("c-1"));
//! # Ok::<(), tt_event::DecodeError>(())
//! ```

mod encoder;
mod error;
mod event;
mod json;
mod source;
mod view;

pub use encoder::{Encoder, Fields, Value};
pub use error::DecodeError;
pub use event::{SCHEMA, TtEvent};
pub use json::Json;
pub use source::{EventId, Source};
pub use view::EventView;
