//! The records of a batch, their bytes side by side in one buffer.

use std::ops::Range;

use jiff::Timestamp;
use kinesis_batch::{AGGREGATE_MAGIC, BrokenAggregate, deaggregate};

use crate::{
    Position, Record, Unreadable,
    record::{Fields, timestamp},
};

/// Records in their order, aggregated ones taken apart.
#[derive(Debug, Default)]
pub(crate) struct Records {
    texts: String,
    bytes: Vec<u8>,
    all: Vec<Stored>,
}

/// A record by the places of its parts.
#[derive(Debug, Clone)]
struct Stored {
    index: usize,
    sub_sequence_number: Option<usize>,
    arrived_at: Option<Timestamp>,
    /// In the texts.
    sequence_number: Option<Range<usize>>,
    /// In the texts.
    partition_key: Option<Range<usize>>,
    /// In the bytes; with a code when it is not what its producer wrote.
    content: Range<usize>,
    unreadable: Option<&'static str>,
}

impl Records {
    /// For the records of an event that is so long.
    pub(crate) fn with_capacity(event_bytes: usize) -> Self {
        Self {
            // Base64 takes four bytes for three, so there is room for all of it.
            bytes: Vec::with_capacity(event_bytes / 4 * 3),
            ..Self::default()
        }
    }

    /// Takes a record with these data, in base64: several records when it is an aggregated one.
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

    /// Takes a record whose data cannot be read, with what came in its place.
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

    /// The records in their order.
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

    /// Takes the records out of the content of one that begins as an aggregated one does.
    fn take_apart(&mut self, fields: Fields<'_>, content: &[u8]) {
        match deaggregate(content) {
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
