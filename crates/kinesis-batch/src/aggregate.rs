//! Many records in one Kinesis record, in the format of the Kinesis Producer Library.
//!
//! <https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md>: four bytes
//! of magic, an `AggregatedRecord` message, the MD5 of that message.

use std::collections::HashMap;

use md5::{Digest, Md5};

use crate::{
    Entry,
    protobuf::{Field, next, put_bytes, put_integer, varint_length},
};

/// The first bytes of every aggregated record; others may happen to begin with them.
pub const AGGREGATE_MAGIC: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];
const DIGEST_BYTES: usize = 16;

/// Fields of `AggregatedRecord`.
const PARTITION_KEY_TABLE: u32 = 1;
const EXPLICIT_HASH_KEY_TABLE: u32 = 2;
const RECORDS: u32 = 3;

/// Fields of `Record`.
const PARTITION_KEY_INDEX: u32 = 1;
const EXPLICIT_HASH_KEY_INDEX: u32 = 2;
const DATA: u32 = 3;

/// One record of those that share a Kinesis record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserRecord<'a> {
    /// The partition key that its producer gave it.
    pub partition_key: &'a str,
    /// The hash key, where its producer named one: a decimal number below 2^128.
    pub explicit_hash_key: Option<&'a str>,
    /// Its content.
    pub data: &'a [u8],
}

/// The content has magic and checksum of an aggregated record, but is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("aggregated record is broken inside")]
pub struct BrokenAggregate;

/// Reads the records out of the content of one Kinesis record, in order.
///
/// `None` when the content is not aggregated and is itself the one record. As in Amazon's own
/// consumers that is also what magic without the right checksum means: any content may happen to
/// begin with it. Records are borrowed from `content`; tags, which no producer writes, are dropped.
///
/// ```
/// use kinesis_batch::{Aggregate, Entry, deaggregate};
///
/// let mut aggregate = Aggregate::new(1024);
/// aggregate.push(&Entry::new("customer-1", "one"));
/// aggregate.push(&Entry::new("customer-2", "two"));
/// let content = aggregate.into_entry().data;
/// let records = deaggregate(&content)?.expect("it is aggregated");
/// assert_eq!((records[1].partition_key, records[1].data), ("customer-2", b"two".as_slice()));
/// assert_eq!(deaggregate(b"one")?, None);
/// # Ok::<(), kinesis_batch::BrokenAggregate>(())
/// ```
///
/// # Errors
///
/// When the content is aggregated, but holds no message of that format.
pub fn deaggregate(content: &[u8]) -> Result<Option<Vec<UserRecord<'_>>>, BrokenAggregate> {
    match message_of(content) {
        Some(message) => records_of(message).map(Some),
        None => Ok(None),
    }
}

/// The message between magic and checksum, if there are both.
fn message_of(content: &[u8]) -> Option<&[u8]> {
    let rest = content.strip_prefix(&AGGREGATE_MAGIC)?;
    let (message, digest) = rest.split_at_checked(rest.len().checked_sub(DIGEST_BYTES)?)?;
    (!message.is_empty() && Md5::digest(message).as_slice() == digest).then_some(message)
}

fn records_of(message: &[u8]) -> Result<Vec<UserRecord<'_>>, BrokenAggregate> {
    let broken = |_| BrokenAggregate;
    let (mut keys, mut hashes, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
    let mut rest = message;
    while let Some(field) = next(&mut rest).map_err(broken)? {
        match field {
            Field::Bytes(PARTITION_KEY_TABLE, key) => keys.push(text(key)?),
            Field::Bytes(EXPLICIT_HASH_KEY_TABLE, key) => hashes.push(text(key)?),
            // Tables may stand behind the records: the format fixes no order.
            Field::Bytes(RECORDS, body) => bodies.push(body),
            _ => {}
        }
    }
    bodies
        .into_iter()
        .map(|body| record_of(body, &keys, &hashes))
        .collect()
}

fn record_of<'a>(
    body: &'a [u8],
    keys: &[&'a str],
    hashes: &[&'a str],
) -> Result<UserRecord<'a>, BrokenAggregate> {
    let (mut key, mut hash, mut data) = (None, None, None);
    let mut rest = body;
    while let Some(field) = next(&mut rest).map_err(|_| BrokenAggregate)? {
        match field {
            Field::Varint(PARTITION_KEY_INDEX, index) => key = Some(index),
            Field::Varint(EXPLICIT_HASH_KEY_INDEX, index) => hash = Some(index),
            Field::Bytes(DATA, bytes) => data = Some(bytes),
            _ => {}
        }
    }
    let look_up = |table: &[&'a str], index: u64| {
        let entry = usize::try_from(index).ok().and_then(|i| table.get(i));
        entry.copied().ok_or(BrokenAggregate)
    };
    Ok(UserRecord {
        partition_key: look_up(keys, key.ok_or(BrokenAggregate)?)?,
        explicit_hash_key: hash.map(|index| look_up(hashes, index)).transpose()?,
        data: data.ok_or(BrokenAggregate)?,
    })
}

fn text(bytes: &[u8]) -> Result<&str, BrokenAggregate> {
    std::str::from_utf8(bytes).map_err(|_| BrokenAggregate)
}

/// Records on their way into one Kinesis record.
#[derive(Debug, Default)]
pub struct Aggregate {
    limit: usize,
    keys: Table,
    hashes: Table,
    /// The `Record` fields of the message.
    records: Vec<u8>,
    number: usize,
    /// Partition key and hash key of the first record: they decide the shard of all.
    first: Option<Entry>,
}

/// One table of the message, each text in it once.
#[derive(Debug, Default)]
struct Table {
    places: HashMap<String, u64>,
    fields: Vec<u8>,
}

impl Aggregate {
    /// An empty aggregate whose entry shall have no more than `limit` bytes of data and key.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Adds a record; false when it has no room beside those that are there already, then nothing
    /// has changed. The first record is always taken.
    pub fn push(&mut self, entry: &Entry) -> bool {
        if self.number > 0 && self.size_with(entry) > self.limit {
            return false;
        }
        let mut record = Vec::with_capacity(entry.data.len() + 16);
        let key = self.keys.place(PARTITION_KEY_TABLE, &entry.partition_key);
        put_integer(&mut record, PARTITION_KEY_INDEX, key);
        if let Some(hash) = &entry.explicit_hash_key {
            let hash = self.hashes.place(EXPLICIT_HASH_KEY_TABLE, hash);
            put_integer(&mut record, EXPLICIT_HASH_KEY_INDEX, hash);
        }
        put_bytes(&mut record, DATA, &entry.data);
        put_bytes(&mut self.records, RECORDS, &record);
        self.number += 1;
        self.first.get_or_insert_with(|| Entry {
            data: Vec::new(),
            ..entry.clone()
        });
        true
    }

    /// How many records it holds.
    pub fn len(&self) -> usize {
        self.number
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.number == 0
    }

    /// The Kinesis record that carries them all, under the keys of the first.
    pub fn into_entry(self) -> Entry {
        let message = [self.keys.fields, self.hashes.fields, self.records].concat();
        let digest = Md5::digest(&message);
        let data = [AGGREGATE_MAGIC.as_slice(), &message, digest.as_slice()].concat();
        let keys = self.first.unwrap_or_else(|| Entry::new("", ""));
        Entry { data, ..keys }
    }

    /// The bytes of data and key that the entry would have with this record too, or a few more.
    fn size_with(&self, entry: &Entry) -> usize {
        let first = self.first.as_ref().map_or(0, Entry::size);
        let known = self.keys.fields.len() + self.hashes.fields.len() + self.records.len();
        let hash = entry.explicit_hash_key.as_deref();
        let new = self.keys.growth(&entry.partition_key)
            + hash.map_or(0, |hash| self.hashes.growth(hash))
            + framed(entry.data.len() + 2 * (1 + varint_length(u64::MAX)))
            + framed(0);
        AGGREGATE_MAGIC.len() + DIGEST_BYTES + first + known + new
    }
}

impl Table {
    fn place(&mut self, number: u32, text: &str) -> u64 {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = self.places.len() as u64;
        self.places.insert(text.to_owned(), place);
        put_bytes(&mut self.fields, number, text.as_bytes());
        place
    }

    /// How many bytes this text would add.
    fn growth(&self, text: &str) -> usize {
        if self.places.contains_key(text) {
            0
        } else {
            framed(text.len())
        }
    }
}

/// The bytes of a field with this many bytes in it.
fn framed(bytes: usize) -> usize {
    1 + varint_length(bytes as u64) + bytes
}

#[cfg(test)]
mod tests;
