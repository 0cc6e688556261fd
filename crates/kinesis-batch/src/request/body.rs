//! The body of `PutRecords` requests: each record is encoded once, when it is pushed to a batch.

use std::ops::Range;

use bytes::Bytes;

use crate::{Entry, Limits, PutError, entry::validate};

const BODY_BEGIN: &[u8] = br#"{"Records":["#;

/// Records for one [`Stream::put_batch`](crate::Stream::put_batch), created by
/// [`Stream::batch`](crate::Stream::batch). `Debug` shows sizes, never the content.
#[derive(Debug)]
pub struct Batch {
    pub(crate) records: Records,
    /// Records that must not be sent, by position, in order.
    pub(crate) invalid: Vec<(usize, PutError)>,
    limits: Limits,
    bytes: usize,
}

/// The records of a batch before they are sent.
#[derive(Debug)]
pub(crate) enum Records {
    Encoded(EncodedRecords),
    /// Records that are aggregated when the batch is complete.
    Entries(Vec<Entry>),
}

/// Records in the encoding of a request: a request body with all of them, without its end.
#[derive(Default)]
pub(crate) struct EncodedRecords {
    text: Vec<u8>,
    records: Vec<EncodedRecord>,
}

/// The place of one record in the encoded text.
#[derive(Debug, Default, Clone)]
struct EncodedRecord {
    text: Range<usize>,
    /// The explicit hash key, or the partition key without one.
    key: Range<usize>,
    /// Bytes of data and partition key.
    size: usize,
}

/// Bodies of requests with any of the records.
pub(crate) struct RequestBodies {
    text: Bytes,
    records: Vec<EncodedRecord>,
    /// The end of each body.
    end: Vec<u8>,
}

impl Batch {
    pub(crate) fn new(limits: &Limits) -> Self {
        let records = if limits.aggregate {
            Records::Entries(Vec::new())
        } else {
            Records::Encoded(EncodedRecords::default())
        };
        Self {
            records,
            invalid: Vec::new(),
            limits: limits.clone(),
            bytes: 0,
        }
    }

    /// Adds a record.
    pub fn push(&mut self, partition_key: &str, data: &[u8]) {
        self.add(partition_key, None, data);
    }

    /// Adds a record, possibly with an explicit hash key.
    pub fn push_entry(&mut self, entry: &Entry) {
        let hash = entry.explicit_hash_key.as_deref();
        self.add(&entry.partition_key, hash, &entry.data);
    }

    /// Reserves memory for more records, of so many bytes of data and keys in total.
    pub fn reserve(&mut self, records: usize, bytes: usize) {
        if let Records::Encoded(encoded) = &mut self.records {
            encoded.reserve(records, bytes);
        }
    }

    /// Returns the number of records.
    pub fn len(&self) -> usize {
        match &self.records {
            Records::Encoded(encoded) => encoded.records.len(),
            Records::Entries(entries) => entries.len(),
        }
    }

    /// Reports whether the batch has no records.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the bytes of data and keys, which count against the limits.
    pub fn size(&self) -> usize {
        self.bytes
    }

    fn add(&mut self, key: &str, hash: Option<&str>, data: &[u8]) {
        self.bytes += key.len() + data.len();
        let result = validate(key, data.len(), &self.limits);
        let is_valid = result.is_ok();
        if let Err(error) = result {
            self.invalid.push((self.len(), error));
        }
        match &mut self.records {
            // An invalid record has a position in the batch, but no content.
            Records::Encoded(encoded) if is_valid => encoded.push(key, hash, data),
            Records::Encoded(encoded) => encoded.records.push(EncodedRecord::default()),
            Records::Entries(entries) => entries.push(Entry {
                partition_key: key.to_owned(),
                explicit_hash_key: hash.map(str::to_owned),
                data: if is_valid { data.to_vec() } else { Vec::new() },
            }),
        }
    }
}

impl EncodedRecords {
    fn reserve(&mut self, records: usize, bytes: usize) {
        self.records.reserve(records);
        // Base64 of the bytes, and about 64 bytes of JSON for each record.
        self.text.reserve(bytes / 3 * 4 + 64 * records);
    }

    pub(crate) fn push(&mut self, key: &str, hash: Option<&str>, data: &[u8]) {
        let text = &mut self.text;
        if text.is_empty() {
            text.extend_from_slice(BODY_BEGIN);
        }
        let begin = text.len();
        text.extend_from_slice(br#"{"Data":""#);
        base64_simd::STANDARD.encode_append(data, text);
        text.extend_from_slice(br#"","PartitionKey":"#);
        let mut key_range = push_string(text, key);
        if let Some(hash) = hash {
            text.extend_from_slice(br#","ExplicitHashKey":"#);
            key_range = push_string(text, hash);
        }
        text.push(b'}');
        let record = begin..text.len();
        text.push(b',');
        self.records.push(EncodedRecord {
            text: record,
            key: key_range,
            size: key.len() + data.len(),
        });
    }

    /// Completes the encoding for requests to a stream.
    pub(crate) fn finish(mut self, stream: &str) -> RequestBodies {
        let mut end = br#"],"StreamName":"#.to_vec();
        push_string(&mut end, stream);
        end.push(b'}');
        self.text.pop();
        self.text.extend_from_slice(&end);
        RequestBodies {
            text: self.text.into(),
            records: self.records,
            end,
        }
    }
}

impl RequestBodies {
    /// Returns the body of a request with the records at `indices`, in this order. All of them must be valid.
    pub(crate) fn body(&self, indices: &[usize]) -> Bytes {
        if indices.iter().copied().eq(0..self.records.len()) {
            return self.text.clone();
        }
        let records = || indices.iter().filter_map(|index| self.records.get(*index));
        let bytes: usize = records().map(|record| record.text.len() + 1).sum();
        let mut body = Vec::with_capacity(BODY_BEGIN.len() + bytes + self.end.len());
        body.extend_from_slice(BODY_BEGIN);
        for (number, record) in records().enumerate() {
            if number > 0 {
                body.push(b',');
            }
            body.extend_from_slice(self.text.get(record.text.clone()).unwrap_or_default());
        }
        body.extend_from_slice(&self.end);
        body.into()
    }

    /// Returns the key that selects the shard of a record.
    pub(crate) fn key(&self, index: usize) -> &[u8] {
        let key = self.records.get(index).map(|record| record.key.clone());
        key.and_then(|key| self.text.get(key)).unwrap_or_default()
    }

    /// Returns the bytes of data and key of a record.
    pub(crate) fn size(&self, index: usize) -> usize {
        self.records.get(index).map_or(0, |record| record.size)
    }
}

impl std::fmt::Debug for EncodedRecords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EncodedRecords")
            .field("records", &self.records.len())
            .finish_non_exhaustive()
    }
}

/// Appends a JSON string; returns the range between its quotes.
fn push_string(out: &mut Vec<u8>, text: &str) -> Range<usize> {
    let begin = out.len() + 1;
    #[expect(clippy::expect_used, reason = "a string always serializes")]
    serde_json::to_writer(&mut *out, text).expect("a string is JSON");
    begin..out.len() - 1
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn bodies(entries: &[Entry], limits: &Limits) -> RequestBodies {
        let mut batch = Batch::new(limits);
        for entry in entries {
            batch.push_entry(entry);
        }
        let Records::Encoded(encoded) = batch.records else {
            panic!("the records are not aggregated");
        };
        encoded.finish("a \"stream\"")
    }

    fn entries() -> Vec<Entry> {
        let mut entries: Vec<_> = (0..5)
            .map(|n| Entry::new(format!("k\"{n}"), vec![n; 3]))
            .collect();
        entries[3].explicit_hash_key = Some("7".to_owned());
        entries
    }

    fn request(body: &[u8]) -> Value {
        serde_json::from_slice(body).unwrap()
    }

    fn expected(indices: &[u8]) -> Value {
        let record = |n: &u8| {
            let data = base64_simd::STANDARD.encode_to_string([*n; 3]);
            let mut record = json!({"Data": data, "PartitionKey": format!("k\"{n}")});
            if *n == 3 {
                record["ExplicitHashKey"] = "7".into();
            }
            record
        };
        let records: Vec<_> = indices.iter().map(record).collect();
        json!({"Records": records, "StreamName": "a \"stream\""})
    }

    #[test]
    fn a_body_contains_the_selected_records_in_order() {
        let bodies = bodies(&entries(), &Limits::default());
        assert_eq!(
            request(&bodies.body(&[0, 1, 2, 3, 4])),
            expected(&[0, 1, 2, 3, 4])
        );
        for some in [
            &[0, 1][..],
            &[4],
            &[1, 3],
            &[4, 3, 2, 1, 0],
            &[0, 0, 1, 2, 3],
        ] {
            let indices: Vec<_> = some.iter().map(|n| usize::from(*n)).collect();
            assert_eq!(request(&bodies.body(&indices)), expected(some), "{some:?}");
        }
    }

    #[test]
    fn an_invalid_record_has_a_position_and_no_content() {
        let mut all = entries();
        all[1].data = vec![0; 100];
        all[4].partition_key = String::new();
        let limits = Limits {
            record_bytes: 50,
            ..Limits::default()
        };
        let bodies = bodies(&all, &limits);
        assert_eq!(request(&bodies.body(&[0, 2, 3])), expected(&[0, 2, 3]));
        let mut batch = Batch::new(&limits);
        for entry in &all {
            batch.push_entry(entry);
        }
        let invalid: Vec<_> = batch.invalid.iter().map(|(index, _)| *index).collect();
        assert_eq!((batch.len(), invalid), (5, vec![1, 4]));
        assert_eq!(batch.size(), all.iter().map(Entry::size).sum::<usize>());
    }

    #[test]
    fn debug_output_has_no_content() {
        let mut batch = Batch::new(&Limits::default());
        batch.push("secret", b"secret");
        let text = format!("{batch:?}");
        assert!(
            !text.contains("secret") && !text.contains("115, 101"),
            "{text}"
        );
    }
}
