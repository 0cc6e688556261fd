//! Writes parked lines to S3, so that they can be looked at and sent again.

use std::time::Duration;

use bytes::Bytes;
use retry::Deadline;

use super::account::{Account, Parked};
use crate::object::S3;

/// The number of times that an object is written, each time after a longer pause.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(100);
/// The longest time for one attempt.
const MAX_ATTEMPT: Duration = Duration::from_secs(20);

/// The parked lines of one file, in objects of bounded size.
#[derive(Debug)]
pub(crate) struct Parking {
    s3: S3,
    deadline: Deadline,
    object_bytes: usize,
    /// Failed records that are kept.
    kept: u64,
}

impl Parking {
    /// Writes until `deadline`, objects of about `object_bytes`.
    pub(crate) fn new(s3: S3, deadline: Deadline, object_bytes: usize) -> Self {
        Self {
            s3,
            deadline,
            object_bytes,
            kept: 0,
        }
    }

    /// Writes an object if enough lines are collected; true when it did, which may have taken time.
    pub(crate) async fn write_full(&mut self, account: &Account) -> bool {
        let full = account.ledger().full_lines(self.object_bytes);
        let Some(parked) = full else {
            return false;
        };
        self.write(parked).await;
        true
    }

    /// Writes everything that is collected; returns the number of failed records that are kept in all.
    pub(crate) async fn finish(mut self, account: &Account) -> u64 {
        let last = account.ledger().last_lines();
        for parked in last {
            self.write(parked).await;
        }
        self.kept
    }

    /// Writes one object.
    ///
    /// When that fails, the records are counted and published as they are, so the invocation must not be repeated: that
    /// would count and publish each of them a second time. The log then contains `replay`, the payload with which the
    /// function reads them once more, under the same event ids: from where this invocation began, or only the rest of the
    /// file if nothing else was to be parked. It contains nothing of the file.
    async fn write(&mut self, parked: Parked) {
        let Parked {
            bucket,
            key,
            lines,
            failed: records,
            replay,
        } = parked;
        match self.attempt(&bucket, &key, lines.into()).await {
            Ok(()) => {
                self.kept += records;
                tracing::warn!(key, records, "parked");
            }
            Err(cause) => tracing::error!(key, records, cause, replay, "not parked"),
        }
    }

    /// Writes an object, again where that may help; an attempt that hangs leaves time for the next one.
    async fn attempt(&self, bucket: &str, key: &str, body: Bytes) -> Result<(), String> {
        let mut cause = "not tried".to_owned();
        for attempt in 0..ATTEMPTS {
            let share = self.deadline.share(MAX_ATTEMPT);
            if share.is_zero() {
                // Not even begun: a request of megabytes takes its time before it waits for the first time.
                return Err(format!("no time left; {cause}"));
            }
            let put = async {
                tokio::time::sleep((share / 2).min(PAUSE * attempt)).await;
                self.s3.put(bucket, key, body.clone()).await
            };
            cause = match tokio::time::timeout(share, put).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) if !error.retryable => return Err(error.to_string()),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no answer in time".to_owned(),
            };
        }
        Err(cause)
    }
}
