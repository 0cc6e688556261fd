//! One `PutRecords` request: its records, its body, and the results in its response.

mod body;

mod split;

mod response;

mod send;

pub use body::Batch;
pub(crate) use body::{EncodedRecords, Records, RequestBodies};
pub(crate) use response::{ErrorClass, RecordResult, RequestError, is_throttle};
pub(crate) use send::put_records;
pub(crate) use split::{requests, rounds};
