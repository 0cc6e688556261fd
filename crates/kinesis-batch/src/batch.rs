//! Records on their way into requests, each written once.

use std::ops::Range;

use bytes::Bytes;

use crate::{Entry, Limits, PutError, entry::check};

const HEAD: &[u8] = br#"{"Records":["#;

/// Records for one [`Stream::put_batch`](crate::Stream::put_batch), written as their requests carry
/// them while they are pushed. Made by [`Stream::batch`](crate::Stream::batch).
///
/// `Debug` shows sizes, never the content.
#[derive(Debug)]
pub struct Batch {
    pub(crate) form: Form,
    /// What is refused without being sent, in order.
    pub(crate) refused: Vec<(usize, PutError)>,
    limits: Limits,
    bytes: usize,
}

/// What is known of the records before they are sent.
#[derive(Debug)]
pub(crate) enum Form {
    /// The text that goes out.
    Written(Written),
    /// The records themselves: aggregates are made of them when all are there.
    Plain(Vec<Entry>),
}

impl Batch {
    pub(crate) fn new(limits: &Limits) -> Self {
        let form = if limits.aggregate {
            Form::Plain(Vec::new())
        } else {
            Form::Written(Written::default())
        };
        Self {
            form,
            refused: Vec::new(),
            limits: limits.clone(),
            bytes: 0,
        }
    }

    /// Adds a record that is put under this key.
    pub fn push(&mut self, partition_key: &str, data: &[u8]) {
        self.add(partition_key, None, data);
    }

    /// Adds a record.
    pub fn push_entry(&mut self, entry: &Entry) {
        let hash = entry.explicit_hash_key.as_deref();
        self.add(&entry.partition_key, hash, &entry.data);
    }

    /// Makes room for so many bytes of data and keys, in so many records.
    pub fn reserve(&mut self, records: usize, bytes: usize) {
        if let Form::Written(written) = &mut self.form {
            written.reserve(records, bytes);
        }
    }

    /// How many records it holds.
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Written(written) => written.records.len(),
            Form::Plain(entries) => entries.len(),
        }
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of data and keys that count against the limits.
    pub fn size(&self) -> usize {
        self.bytes
    }

    fn add(&mut self, key: &str, hash: Option<&str>, data: &[u8]) {
        self.bytes += key.len() + data.len();
        let checked = check(key, data.len(), &self.limits);
        let sent = checked.is_ok();
        if let Err(error) = checked {
            self.refused.push((self.len(), error));
        }
        match &mut self.form {
            // What is not sent takes its place in the batch, and no room.
            Form::Written(written) if sent => written.push(key, hash, data),
            Form::Written(written) => written.records.push(Record::default()),
            Form::Plain(entries) => entries.push(Entry {
                partition_key: key.to_owned(),
                explicit_hash_key: hash.map(str::to_owned),
                data: if sent { data.to_vec() } else { Vec::new() },
            }),
        }
    }
}

/// Records as a request carries them: the request that holds all of them, but for its end.
#[derive(Default)]
pub(crate) struct Written {
    text: Vec<u8>,
    pub(crate) records: Vec<Record>,
}

/// One written record.
#[derive(Debug, Default, Clone)]
pub(crate) struct Record {
    text: Range<usize>,
    /// What decides the shard, as it stands in the text.
    key: Range<usize>,
    /// The bytes of data and key.
    pub(crate) size: usize,
}

/// Records that are complete, for any number of requests.
pub(crate) struct Sealed {
    text: Bytes,
    pub(crate) records: Vec<Record>,
    /// What follows the records of a request.
    tail: Vec<u8>,
}

impl Written {
    fn reserve(&mut self, records: usize, bytes: usize) {
        self.records.reserve(records);
        // Base64, and what stands around each record.
        self.text.reserve(bytes / 3 * 4 + 64 * records);
    }

    pub(crate) fn push(&mut self, key: &str, hash: Option<&str>, data: &[u8]) {
        let text = &mut self.text;
        if text.is_empty() {
            text.extend_from_slice(HEAD);
        }
        let start = text.len();
        text.extend_from_slice(br#"{"Data":""#);
        base64_simd::STANDARD.encode_append(data, text);
        text.extend_from_slice(br#"","PartitionKey":"#);
        let mut place = put_text(text, key);
        if let Some(hash) = hash {
            text.extend_from_slice(br#","ExplicitHashKey":"#);
            place = put_text(text, hash);
        }
        text.push(b'}');
        let record = start..text.len();
        text.push(b',');
        self.records.push(Record {
            text: record,
            key: place,
            size: key.len() + data.len(),
        });
    }

    /// Makes it ready to be sent to a stream.
    pub(crate) fn seal(mut self, stream: &str) -> Sealed {
        let mut tail = br#"],"StreamName":"#.to_vec();
        put_text(&mut tail, stream);
        tail.push(b'}');
        self.text.pop();
        self.text.extend_from_slice(&tail);
        Sealed {
            text: self.text.into(),
            records: self.records,
            tail,
        }
    }
}

impl Sealed {
    /// The body of a request for the records at `indices`, in this order. None of them was refused.
    pub(crate) fn body(&self, indices: &[usize]) -> Bytes {
        if indices.iter().copied().eq(0..self.records.len()) {
            return self.text.clone();
        }
        let records = || indices.iter().filter_map(|index| self.records.get(*index));
        let bytes: usize = records().map(|record| record.text.len() + 1).sum();
        let mut body = Vec::with_capacity(HEAD.len() + bytes + self.tail.len());
        body.extend_from_slice(HEAD);
        for (number, record) in records().enumerate() {
            if number > 0 {
                body.push(b',');
            }
            body.extend_from_slice(self.text.get(record.text.clone()).unwrap_or_default());
        }
        body.extend_from_slice(&self.tail);
        body.into()
    }

    /// What decides the shard of a record.
    pub(crate) fn key(&self, index: usize) -> &[u8] {
        let key = self.records.get(index).map(|record| record.key.clone());
        key.and_then(|key| self.text.get(key)).unwrap_or_default()
    }

    pub(crate) fn size(&self, index: usize) -> usize {
        self.records.get(index).map_or(0, |record| record.size)
    }
}

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Written")
            .field("records", &self.records.len())
            .finish_non_exhaustive()
    }
}

/// Appends a JSON string; returns where its inside stands.
fn put_text(out: &mut Vec<u8>, text: &str) -> Range<usize> {
    let start = out.len() + 1;
    #[expect(clippy::expect_used, reason = "a string always serializes")]
    serde_json::to_writer(&mut *out, text).expect("text is JSON");
    start..out.len() - 1
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn sealed(entries: &[Entry], limits: &Limits) -> Sealed {
        let mut batch = Batch::new(limits);
        for entry in entries {
            batch.push_entry(entry);
        }
        let Form::Written(written) = batch.form else {
            panic!("it is not aggregated");
        };
        written.seal("a \"stream\"")
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
    fn a_request_holds_the_records_that_it_is_for_in_their_order() {
        let sealed = sealed(&entries(), &Limits::default());
        assert_eq!(
            request(&sealed.body(&[0, 1, 2, 3, 4])),
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
            assert_eq!(request(&sealed.body(&indices)), expected(some), "{some:?}");
        }
    }

    #[test]
    fn a_refused_record_keeps_its_place_and_is_in_no_request() {
        let mut all = entries();
        all[1].data = vec![0; 100];
        all[4].partition_key = String::new();
        let limits = Limits {
            record_bytes: 50,
            ..Limits::default()
        };
        let sealed = sealed(&all, &limits);
        assert_eq!(request(&sealed.body(&[0, 2, 3])), expected(&[0, 2, 3]));
        let mut batch = Batch::new(&limits);
        for entry in &all {
            batch.push_entry(entry);
        }
        let refused: Vec<_> = batch.refused.iter().map(|(index, _)| *index).collect();
        assert_eq!((batch.len(), refused), (5, vec![1, 4]));
        assert_eq!(batch.size(), all.iter().map(Entry::size).sum::<usize>());
    }

    #[test]
    fn debug_shows_no_content() {
        let mut batch = Batch::new(&Limits::default());
        batch.push("secret", b"secret");
        let text = format!("{batch:?}");
        assert!(
            !text.contains("secret") && !text.contains("115, 101"),
            "{text}"
        );
    }
}
