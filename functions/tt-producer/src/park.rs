//! Keeps what ended unpublished, so that it can be looked at and sent in again.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Serialize;
use tt_event::EventId;

use crate::{
    deadline::{Deadline, until},
    failure::Failure,
    object::{Object, PARKED},
    s3::S3,
};

/// The longest key of S3, in bytes.
const KEY_BYTES: usize = 1024;

/// A stretch of a file, with what is needed to find it again.
#[derive(Debug)]
pub(crate) struct Stretch {
    /// Position among the records of the file.
    pub(crate) index: u64,
    /// Where it begins in the unpacked content.
    pub(crate) offset: u64,
    /// Its bytes.
    pub(crate) content: Vec<u8>,
    /// Whether these are only the first of them; the object itself has the others.
    pub(crate) truncated: bool,
}

/// One line of a parked object.
#[derive(Serialize)]
struct Line<'a> {
    schema: &'static str,
    reason: String,
    bucket: &'a str,
    key: &'a str,
    version: &'a str,
    index: u64,
    offset: u64,
    event_id: EventId,
    truncated: bool,
    /// The header row, without which a CSV row says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_base64: Option<String>,
}

/// The parked records of one object: NDJSON in objects of bounded size.
///
/// Their keys follow from the upload and the first record in them, so that a replay which fails in
/// the same way overwrites what it wrote before.
#[derive(Debug)]
pub(crate) struct Parking {
    s3: S3,
    object: Object,
    deadline: Deadline,
    limit: usize,
    header: Option<String>,
    first: u64,
    lines: u64,
    buffer: Vec<u8>,
    kept: u64,
}

impl Parking {
    pub(crate) fn new(s3: S3, object: Object, deadline: Deadline, limit: usize) -> Self {
        let (header, buffer) = (None, Vec::new());
        Self {
            s3,
            object,
            deadline,
            limit,
            header,
            first: 0,
            lines: 0,
            buffer,
            kept: 0,
        }
    }

    /// Remembers the header row of a CSV file.
    pub(crate) fn set_header(&mut self, row: &[u8]) {
        self.header = Some(String::from_utf8_lossy(row).into_owned());
    }

    /// Keeps one stretch.
    pub(crate) async fn keep(&mut self, stretch: &Stretch, failure: &Failure) {
        let line = line(&self.object, self.header.as_deref(), stretch, failure);
        if !self.buffer.is_empty() && self.buffer.len() + line.len() > self.limit {
            self.flush().await;
        }
        if self.buffer.is_empty() {
            self.first = stretch.index;
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
    /// When that fails the records are counted and published as they are, so the invocation must
    /// not be repeated for it: the log says where in which version of the upload they stand.
    async fn flush(&mut self) {
        if self.buffer.is_empty() {
            return;
        }
        let lines = std::mem::take(&mut self.lines);
        let body = std::mem::take(&mut self.buffer);
        let key = parked_key(&self.object, self.first);
        let put = self.s3.put(&self.object.bucket, &key, body);
        match until(self.deadline.end, put).await {
            Some(Ok(())) => {
                self.kept += lines;
                tracing::warn!(key, records = lines, "parked");
            }
            Some(Err(error)) => {
                let cause = error.to_string();
                tracing::error!(
                    key,
                    records = lines,
                    first = self.first,
                    cause,
                    "not parked"
                );
            }
            None => {
                let cause = "out of time";
                tracing::error!(
                    key,
                    records = lines,
                    first = self.first,
                    cause,
                    "not parked"
                );
            }
        }
    }
}

fn line(object: &Object, header: Option<&str>, stretch: &Stretch, failure: &Failure) -> Vec<u8> {
    let content = std::str::from_utf8(&stretch.content).ok();
    let encode = || BASE64_STANDARD.encode(&stretch.content);
    let line = Line {
        schema: "tt-parked/1",
        reason: failure.to_string(),
        bucket: &object.bucket,
        key: &object.key,
        version: object.version(),
        index: stretch.index,
        offset: stretch.offset,
        event_id: object.source(stretch.index).event_id(),
        truncated: stretch.truncated,
        header,
        content,
        content_base64: content.is_none().then(encode),
    };
    #[expect(clippy::expect_used, reason = "strings and numbers always serialize")]
    let mut text = serde_json::to_vec(&line).expect("a line is JSON");
    text.push(b'\n');
    text
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
    use serde_json::Value;

    use super::*;
    use crate::record::Malformed;

    fn object(key: &str) -> Object {
        Object {
            bucket: "bucket".to_owned(),
            key: key.to_owned(),
            version_id: Some("v1".to_owned()),
            e_tag: None,
            size: None,
        }
    }

    fn parked(header: Option<&str>, content: &[u8]) -> Value {
        let content = content.to_vec();
        let stretch = Stretch {
            index: 7,
            offset: 99,
            content,
            truncated: false,
        };
        let failure = Failure::Malformed(Malformed::NotObject);
        let line = line(&object("incoming/a.csv"), header, &stretch, &failure);
        assert_eq!(
            line.iter().position(|byte| *byte == b'\n'),
            Some(line.len() - 1)
        );
        serde_json::from_slice(&line).unwrap()
    }

    #[test]
    fn a_line_says_what_where_and_why() {
        let line = parked(Some("a,b"), b"1,\"2\n3\"");
        assert_eq!(line["content"], "1,\"2\n3\"");
        assert_eq!(line["reason"], "not a JSON object");
        assert_eq!(
            (&line["bucket"], &line["key"]),
            (&"bucket".into(), &"incoming/a.csv".into())
        );
        assert_eq!(
            (&line["version"], &line["index"]),
            (&"v1".into(), &7.into())
        );
        assert_eq!(
            (&line["offset"], &line["header"]),
            (&99.into(), &"a,b".into())
        );
        let id = object("incoming/a.csv").source(7).event_id();
        assert_eq!(line["event_id"], id.as_str());
    }

    #[test]
    fn content_that_is_no_text_is_kept_as_base64() {
        let line = parked(None, b"\xff\x00");
        assert_eq!(line["content_base64"], "/wA=");
        assert_eq!(line.get("content"), None);
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
