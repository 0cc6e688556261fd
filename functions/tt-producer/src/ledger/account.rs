//! Counts the records of one file, and collects what is parked of those that failed.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    failure::Failure,
    line::{write_record, write_span},
    spans::Spans,
};
use crate::{
    encode::{Entry, HeaderRow},
    notification,
    parse::{self, Record},
    split::{Form, Header},
    upload::{Object, Position, Reader, Upload},
};

/// The longest key of S3, in bytes.
const KEY_BYTES: usize = 1024;
/// The prefix of parked lines.
const PARKED: &str = "parked/tt-producer/";
/// The number of failures of a file that are logged one by one.
const MAX_LOGGED: u64 = 100;

/// The account of one file in one invocation. Clones share it: the answers of the stream arrive in tasks of their own.
#[derive(Debug, Clone)]
pub(crate) struct Account(Arc<Mutex<Ledger>>);

/// How many records of a file had which outcome, and what is to be parked of them.
pub(crate) struct Ledger {
    object: Object,
    /// What this invocation reads.
    upload: Upload,
    received: u64,
    published: u64,
    failed: u64,
    /// The number of failed records, and of bytes of lines, that are still parked with their content.
    lines_left: u64,
    bytes_left: usize,
    headers: HashMap<u16, HeaderRow>,
    lines: Lines,
    spans: Spans,
    /// Failures that were not logged one by one.
    unlogged: BTreeMap<&'static str, Sum>,
}

/// Lines that are to be written.
#[derive(Default)]
struct Lines {
    text: Vec<u8>,
    /// The index of the first record.
    first: u64,
    failed: u64,
    /// The part of the file that is read again when the lines cannot be written; `None` for all that was read.
    rest: Option<Upload>,
}

/// Failures of one kind.
#[derive(Debug)]
struct Sum {
    records: u64,
    first: u64,
    last: u64,
}

/// Lines that are written as one object.
pub(crate) struct Parked {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) lines: Vec<u8>,
    /// The failed records that they stand for.
    pub(crate) failed: u64,
    /// The payload by which an operator has the records read again when the object cannot be written.
    pub(crate) replay: String,
}

/// The number of records for each outcome.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) received: u64,
    pub(crate) published: u64,
    pub(crate) failed: u64,
}

impl Account {
    /// The account of what `upload` reads of `object`. At most `max_lines` failed records are parked with their content,
    /// of about `max_bytes` in all; the others are parked as ranges of the object.
    pub(crate) fn new(upload: Upload, max_lines: u64, max_bytes: usize) -> Self {
        Self(Arc::new(Mutex::new(Ledger {
            object: upload.object.clone(),
            upload,
            received: 0,
            published: 0,
            failed: 0,
            lines_left: max_lines,
            bytes_left: max_bytes,
            headers: HashMap::new(),
            lines: Lines::default(),
            spans: Spans::default(),
            unlogged: BTreeMap::new(),
        })))
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// Receives one record of the file, or what is in the place of one.
    #[tt_metrics::count("S3RecordsReceived")]
    pub(crate) fn receive<'a>(
        &mut self,
        text: Result<&'a [u8], Failure>,
        form: Form<'a>,
    ) -> Result<Record<'a>, Failure> {
        self.received += 1;
        Ok(parse::parse(text?, form)?)
    }

    /// Settles one received record: called once for each, never for an attempt. A record that was not published is parked.
    ///
    /// The record is counted before its line is written to S3, which may fail: then the line `not parked` of the log has
    /// the payload by which it is read again.
    #[tt_metrics::count_outcome(success = "TTEventPublished", failure = "TTEventFailed")]
    pub(crate) fn settle(
        &mut self,
        entry: &Entry<'_>,
        outcome: Result<(), Failure>,
    ) -> Result<(), Failure> {
        match outcome {
            Ok(()) => self.published += 1,
            Err(failure) => {
                self.failed += 1;
                self.log(entry.position, &failure);
                self.park(entry, &failure);
                return Err(failure);
            }
        }
        Ok(())
    }

    /// Remembers a header of a CSV file, which parked rows need.
    pub(crate) fn add_header(&mut self, number: u16, header: &Header) {
        let row = HeaderRow {
            row: header.row().to_vec(),
            delimiter: header.delimiter(),
        };
        self.headers.insert(number, row);
    }

    pub(crate) fn counts(&self) -> Counts {
        let Self {
            received,
            published,
            failed,
            ..
        } = *self;
        Counts {
            received,
            published,
            failed,
        }
    }

    /// The lines that are to be written, once they are more than `bytes`.
    pub(crate) fn full_lines(&mut self, bytes: usize) -> Option<Parked> {
        (self.lines.text.len() > bytes).then(|| self.parked(""))
    }

    /// The last lines that are to be written, after every record is settled.
    pub(crate) fn last_lines(&mut self) -> Vec<Parked> {
        for (kind, sum) in std::mem::take(&mut self.unlogged) {
            let Sum {
                records,
                first,
                last,
            } = sum;
            let (key, version) = (self.object.key.as_str(), self.object.version());
            tracing::warn!(
                key,
                version,
                kind,
                records,
                first,
                last,
                "more records failed"
            );
        }
        let mut last = Vec::new();
        if self.lines.failed > 0 {
            last.push(self.parked(""));
        }
        for span in self.spans.take() {
            if self.lines.failed == 0 {
                self.lines.first = span.first.index;
            }
            self.lines.failed += span.failed();
            write_span(&self.object, &span, &mut self.lines.text);
        }
        if self.lines.failed > 0 {
            last.push(self.parked("-ranges"));
        }
        last
    }

    fn log(&mut self, position: Position, failure: &Failure) {
        let index = position.index;
        if self.failed > MAX_LOGGED {
            let sum = self.unlogged.entry(failure.kind()).or_insert(Sum {
                records: 0,
                first: index,
                last: index,
            });
            sum.records += 1;
            (sum.first, sum.last) = (sum.first.min(index), sum.last.max(index));
            return;
        }
        tracing::warn!(
            key = self.object.key,
            version = self.object.version(),
            index,
            offset = position.offset,
            reason = %failure,
            "record failed"
        );
    }

    /// Keeps a record that failed: with its content as long as there are few, otherwise by its place in the object.
    fn park(&mut self, entry: &Entry<'_>, failure: &Failure) {
        let is_part = entry.rest.is_some();
        if !is_part && (self.lines_left == 0 || self.bytes_left < entry.content.len()) {
            self.spans.add(entry.position, entry.end, failure.kind());
            return;
        }
        self.lines_left = self.lines_left.saturating_sub(1);
        self.bytes_left = self.bytes_left.saturating_sub(entry.content.len());
        let lines = &mut self.lines;
        if lines.failed == 0 {
            lines.first = entry.position.index;
            lines.rest = entry.rest.cloned();
        } else {
            lines.rest = None;
        }
        lines.failed += 1;
        let header = match entry.position.reader {
            Reader::Csv(csv) => self.headers.get(&csv.headers),
            _ => None,
        };
        write_record(&self.object, header, entry, failure, &mut lines.text);
    }

    /// Takes the collected lines.
    fn parked(&mut self, suffix: &str) -> Parked {
        let lines = std::mem::take(&mut self.lines);
        let upload = lines.rest.as_ref().unwrap_or(&self.upload);
        Parked {
            bucket: self.object.bucket.clone(),
            key: parked_key(&self.upload, lines.first, suffix),
            failed: lines.failed,
            replay: notification::replay(upload),
            lines: lines.text,
        }
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

/// The key of the parked object whose first record is `first`. It follows from the upload, so that a replay that fails in
/// the same way overwrites what it wrote before.
fn parked_key(upload: &Upload, first: u64, suffix: &str) -> String {
    let object = &upload.object;
    let (key, version) = (&object.key, object.version());
    // A part of a file does not overwrite what the whole file had parked.
    let part = upload
        .until
        .map_or(String::new(), |until| format!("-{until:012}"));
    let readable = format!("{PARKED}{key}/{version}/{first:012}{part}{suffix}.ndjson");
    if readable.len() <= KEY_BYTES {
        return readable;
    }
    // The key of the upload leaves no room: its identity replaces it.
    let id = object.source(0).event_id();
    format!("{PARKED}by-id/{id}/{first:012}{part}{suffix}.ndjson")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload(key: &str) -> Upload {
        Upload::new(Object {
            bucket: "bucket".to_owned(),
            key: key.to_owned(),
            version_id: Some("v1".to_owned()),
            e_tag: None,
            size: None,
        })
    }

    #[test]
    fn keys_follow_from_the_upload() {
        let expected = "parked/tt-producer/incoming/a.csv/v1/000000000007.ndjson";
        assert_eq!(parked_key(&upload("incoming/a.csv"), 7, ""), expected);
    }

    #[test]
    fn a_key_that_leaves_no_room_is_replaced_by_its_identity() {
        let long = "k".repeat(1024);
        let key = parked_key(&upload(&long), 0, "");
        assert!(key.len() <= KEY_BYTES && key.starts_with("parked/tt-producer/by-id/"));
        assert_ne!(key, parked_key(&upload(&"l".repeat(1024)), 0, ""));
    }
}
