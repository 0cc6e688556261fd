//! The records of a batch, with the content of all records in one buffer.

use std::{fmt, ops::Range};

use jiff::Timestamp;
use kinesis_batch::{AGGREGATE_MAGIC, BrokenAggregate, deaggregate};
use tt_event::EventView;

use super::record::{Fields, Position, Record, Unreadable, timestamp};

/// Records in order; aggregated ones are taken apart. `Debug` omits their content.
#[derive(Default)]
pub(crate) struct RecordBuffer {
    texts: String,
    bytes: Vec<u8>,
    all: Vec<Stored>,
}

/// A record, as ranges of the buffers.
#[derive(Clone)]
struct Stored {
    index: usize,
    sub_sequence_number: Option<usize>,
    arrived_at: Option<Timestamp>,
    /// Range of `texts`.
    sequence_number: Option<Range<usize>>,
    /// Range of `texts`.
    partition_key: Option<Range<usize>>,
    /// Range of `bytes`.
    content: Range<usize>,
    /// The error code when the content could not be decoded.
    unreadable: Option<&'static str>,
}

impl fmt::Debug for RecordBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordBuffer")
            .field("records", &self.all.len())
            .finish_non_exhaustive()
    }
}

impl RecordBuffer {
    /// Returns a buffer for the records of an event of this length.
    pub(crate) fn with_capacity(event_bytes: usize) -> Self {
        Self {
            // Base64 encodes three bytes in four, so the content of all records fits.
            bytes: Vec::with_capacity(event_bytes / 4 * 3),
            ..Self::default()
        }
    }

    /// Adds a record with these data in base64. An aggregated record is added as several.
    pub(crate) fn push(&mut self, fields: Fields<'_>, base64: &str) {
        let begin = self.bytes.len();
        let decoded = base64_simd::STANDARD.decode_append(base64, &mut self.bytes);
        if decoded.is_err() {
            return self.push_unreadable(fields, "NOT_BASE64", base64.as_bytes());
        }
        let content = self.bytes.get(begin..).unwrap_or_default();
        if content.starts_with(&AGGREGATE_MAGIC) {
            let content = self.bytes.split_off(begin);
            return self.take_apart(fields, &content);
        }
        let content = begin..self.bytes.len();
        let record = self.store(fields, content, None);
        self.all.push(record);
    }

    /// Adds a record whose data cannot be decoded, with its undecoded content.
    pub(crate) fn push_unreadable(
        &mut self,
        fields: Fields<'_>,
        code: &'static str,
        content: &[u8],
    ) {
        let content = self.store_bytes(content);
        let record = self.store(fields, content, Some(code));
        self.all.push(record);
    }

    /// Iterates over the records in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Record<'_>> {
        let text = |place: Option<&Range<usize>>| self.texts.get(place?.clone());
        self.all.iter().map(move |stored| {
            let content = self.bytes.get(stored.content.clone()).unwrap_or_default();
            Record {
                position: Position {
                    index: stored.index,
                    sequence_number: text(stored.sequence_number.as_ref()),
                    sub_sequence_number: stored.sub_sequence_number,
                },
                arrived_at: stored.arrived_at,
                partition_key: text(stored.partition_key.as_ref()),
                data: match stored.unreadable {
                    None => Ok(content),
                    Some(code) => Err(Unreadable { code, content }),
                },
            }
        })
    }

    /// Adds the records in the content of a Kinesis record that begins with the magic bytes of an aggregated one.
    fn take_apart(&mut self, fields: Fields<'_>, content: &[u8]) {
        match deaggregate(content) {
            // Without a single event it was not written by TT Producer. As one record it is parked as one object, not as
            // one for each of its parts.
            Ok(Some(parts)) if !parts.iter().any(|part| is_event(part.data)) => {
                self.push_unreadable(fields, "AGGREGATE_WITHOUT_EVENT", content);
            }
            Ok(Some(parts)) => {
                for (number, part) in parts.iter().enumerate() {
                    let fields = Fields {
                        partition_key: Some(part.partition_key),
                        ..fields
                    };
                    let content = self.store_bytes(part.data);
                    let record = self.store(fields, content, None);
                    self.all.push(Stored {
                        sub_sequence_number: Some(number),
                        ..record
                    });
                }
            }
            Ok(None) => {
                let content = self.store_bytes(content);
                let record = self.store(fields, content, None);
                self.all.push(record);
            }
            Err(BrokenAggregate) => self.push_unreadable(fields, "BROKEN_AGGREGATE", content),
        }
    }

    fn store(
        &mut self,
        fields: Fields<'_>,
        content: Range<usize>,
        unreadable: Option<&'static str>,
    ) -> Stored {
        Stored {
            index: fields.index,
            sub_sequence_number: None,
            arrived_at: fields.arrived_at.and_then(timestamp),
            sequence_number: fields.sequence_number.map(|text| self.store_text(text)),
            partition_key: fields.partition_key.map(|text| self.store_text(text)),
            content,
            unreadable,
        }
    }

    fn store_text(&mut self, text: &str) -> Range<usize> {
        let begin = self.texts.len();
        self.texts.push_str(text);
        begin..self.texts.len()
    }

    fn store_bytes(&mut self, bytes: &[u8]) -> Range<usize> {
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        begin..self.bytes.len()
    }
}

fn is_event(content: &[u8]) -> bool {
    EventView::decode(content).is_ok()
}
