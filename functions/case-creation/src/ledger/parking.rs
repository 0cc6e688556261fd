//! Parked records: records that will never be a Case, stored in the bucket with the reason.

use base64::{Engine, engine::general_purpose::STANDARD};
use retry::{Clock, Deadline, RetryPolicy};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    Error,
    deduplicate::{Memory, object_key},
    ending::Rejection,
    map::Item,
    s3::{PutError, S3},
};

/// Writes parked records.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parking<'a> {
    pub(crate) s3: &'a S3,
    pub(crate) memory: &'a Memory,
    pub(crate) retry: RetryPolicy,
    pub(crate) clock: Clock,
    pub(crate) deadline: Deadline,
}

/// The content of the object. TT Producer reads `parked_at` and `payload` when the object is copied to its replay prefix.
#[derive(Serialize)]
struct Document<'a> {
    event_id: Option<&'a str>,
    sequence_number: Option<&'a str>,
    code: &'a str,
    message: &'a str,
    fields: &'a [String],
    parked_at: String,
    /// The payload when it is JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a RawValue>,
    /// The payload when it is not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_base64: Option<String>,
}

impl Parking<'_> {
    /// Stores a record; false when an earlier delivery stored and counted it. The first object under a key is kept.
    pub(crate) async fn park(&self, item: &Item<'_>, rejection: &Rejection) -> Result<bool, Error> {
        let key = object_key(&item.record, item.event_id());
        let body = self.document(item, rejection);
        let mut attempts = 0;
        loop {
            let PutError {
                error,
                may_be_stored,
            } = match self.s3.put_new(&key, &body, self.deadline).await {
                Ok(true) => {
                    self.memory.answer_write(&key);
                    return Ok(true);
                }
                // Stored by a write without an answer, in this invocation or an earlier one, or else by a delivery that
                // counted it.
                Ok(false) => return Ok(self.memory.answer_write(&key)),
                Err(error) => error,
            };
            if may_be_stored {
                self.memory.leave_write_unanswered(&key);
            }
            attempts += 1;
            let remaining = self.deadline.remaining();
            let pause = self.retry.pause_after(attempts, remaining, fastrand::f64());
            let Some(pause) = pause else {
                return Err(error);
            };
            self.clock.sleep(pause).await;
        }
    }

    fn document(&self, item: &Item<'_>, rejection: &Rejection) -> Vec<u8> {
        let content = item.record.content();
        let payload: Option<&RawValue> = serde_json::from_slice(content).ok();
        let document = Document {
            event_id: item.event_id(),
            sequence_number: item.record.position.sequence_number,
            code: &rejection.code,
            message: &rejection.message,
            fields: &rejection.fields,
            parked_at: self.clock.now().to_string(),
            payload,
            payload_base64: payload.is_none().then(|| STANDARD.encode(content)),
        };
        #[expect(clippy::expect_used, reason = "strings and checked JSON serialize")]
        serde_json::to_vec(&document).expect("a parked record is JSON")
    }
}
