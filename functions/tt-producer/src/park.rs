//! Keeps what ended unpublished, so that it can be looked at and sent in again.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::{
    Error,
    deadline::{Deadline, until},
    failure::Failure,
    object::{Object, PARKED},
    parked::{self, Stretch},
    s3::S3,
    upload::Upload,
};

/// The longest key of S3, in bytes.
const KEY_BYTES: usize = 1024;

/// How often an object is written, each time after another pause.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(100);
/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The parked records of one object: NDJSON in objects of bounded size.
///
/// Their keys follow from the upload and the first record in them, so that a replay which fails in
/// the same way overwrites what it wrote before.
#[derive(Debug)]
pub(crate) struct Parking {
    s3: S3,
    object: Object,
    /// Where this invocation began to read.
    begun: Upload,
    /// What was not read, when that is all that is held: no record follows it.
    rest: Option<Upload>,
    deadline: Deadline,
    limit: usize,
    header: Option<Vec<u8>>,
    first: u64,
    lines: u64,
    buffer: Vec<u8>,
    kept: u64,
}

impl Parking {
    /// Parks records of an upload that is read from here on.
    pub(crate) fn new(s3: S3, upload: Upload, deadline: Deadline, limit: usize) -> Self {
        Self {
            s3,
            object: upload.object.clone(),
            begun: upload,
            rest: None,
            deadline,
            limit,
            header: None,
            first: 0,
            lines: 0,
            buffer: Vec::new(),
            kept: 0,
        }
    }

    /// Remembers the header row of a CSV file.
    pub(crate) fn set_header(&mut self, row: &[u8]) {
        self.header = Some(row.to_vec());
    }

    /// Keeps one stretch.
    pub(crate) async fn keep(&mut self, stretch: &Stretch<'_>, failure: &Failure) {
        let line = parked::write(&self.object, self.header.as_deref(), stretch, failure);
        if !self.buffer.is_empty() && self.buffer.len() + line.len() > self.limit {
            self.flush().await;
        }
        if self.buffer.is_empty() {
            self.first = stretch.index;
            self.rest = stretch.rest.as_deref().cloned();
        }
        self.buffer.extend_from_slice(&line);
        self.lines += 1;
    }

    /// Writes what is still held; returns how many stretches are kept in all.
    pub(crate) async fn finish(mut self) -> u64 {
        self.flush().await;
        self.kept
    }

    /// Writes one parked object.
    ///
    /// When that fails the records are counted and published as they are, so the invocation must not be repeated for
    /// it: that would count and publish each of them a second time. The log then has `replay`, an event for this function
    /// by which it reads them once more, under the same event ids: from where this invocation began, or, when nothing
    /// but the rest of the file was to be parked, from there. It holds no content of the file.
    async fn flush(&mut self) {
        if self.buffer.is_empty() {
            return;
        }
        let lines = std::mem::take(&mut self.lines);
        let body = Bytes::from(std::mem::take(&mut self.buffer));
        let key = parked_key(&self.object, self.first);
        match self.write(&key, body).await {
            Ok(()) => {
                self.kept += lines;
                tracing::warn!(key, records = lines, "parked");
            }
            Err(cause) => {
                let replay = self.rest.as_ref().unwrap_or(&self.begun).encode();
                let first = self.first;
                tracing::error!(key, records = lines, first, cause, replay, "not parked");
            }
        }
    }

    /// Writes an object, again where that may help; an attempt that hangs leaves time for the next one.
    async fn write(&self, key: &str, body: Bytes) -> Result<(), String> {
        let mut cause = "not tried".to_owned();
        for attempt in 0..ATTEMPTS {
            if self.deadline.is_over() {
                // Not even begun: a request of megabytes takes its time before it waits for the first time.
                return Err(format!("no time left; {cause}"));
            }
            let end = self.deadline.share(PATIENCE);
            let pause = end.map_or(PAUSE, |end| {
                end.saturating_duration_since(Instant::now()) / 2
            });
            let put = async {
                tokio::time::sleep(pause.min(PAUSE * attempt)).await;
                self.s3.put(&self.object.bucket, key, body.clone()).await
            };
            cause = match until(end, put).await {
                Some(Ok(())) => return Ok(()),
                Some(Err(error)) => {
                    let text = error.to_string();
                    if let Error::S3 {
                        retryable: false, ..
                    } = error
                    {
                        return Err(text);
                    }
                    text
                }
                None => "no answer in time".to_owned(),
            };
        }
        Err(cause)
    }
}

/// The key of the parked object whose first record is `first`.
fn parked_key(object: &Object, first: u64) -> String {
    let (key, version) = (&object.key, object.version());
    let readable = format!("{PARKED}tt-producer/{key}/{version}/{first:012}.ndjson");
    if readable.len() <= KEY_BYTES {
        return readable;
    }
    // The upload's key leaves no room for ours: its identity stands in for it.
    format!(
        "{PARKED}tt-producer/by-id/{}/{first:012}.ndjson",
        object.source(0).event_id()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(key: &str) -> Object {
        Object {
            bucket: "bucket".to_owned(),
            key: key.to_owned(),
            version_id: Some("v1".to_owned()),
            e_tag: None,
            size: None,
        }
    }

    #[test]
    fn keys_follow_from_the_upload() {
        let expected = "parked/tt-producer/incoming/a.csv/v1/000000000007.ndjson";
        assert_eq!(parked_key(&object("incoming/a.csv"), 7), expected);
    }

    #[test]
    fn a_key_that_leaves_no_room_is_replaced_by_its_identity() {
        let long = "k".repeat(1024);
        let key = parked_key(&object(&long), 0);
        assert!(key.len() <= KEY_BYTES && key.starts_with("parked/tt-producer/by-id/"));
        assert_ne!(key, parked_key(&object(&"l".repeat(1024)), 0));
    }
}
