//! Reads and writes the format of the Kinesis Producer Library: four magic bytes, an `AggregatedRecord` message, and the
//! MD5 of that message.
//!
//! Source: [aggregation format](https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md).

use std::collections::HashMap;

use md5::{Digest, Md5};

use super::protobuf::{Field, next_field, put_bytes, put_integer, varint_length};
use crate::Entry;

/// The first bytes of every aggregated record. Other content may begin with them by coincidence.
pub const AGGREGATE_MAGIC: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];
/// The largest number of records that is read from one Kinesis record. A Kinesis record of 1 MiB has 10,000 records of 104
/// bytes; more than that is an attempt to make consumers create objects for empty records.
pub const MAX_USER_RECORDS: usize = 10_000;
const DIGEST_BYTES: usize = 16;

/// Fields of `AggregatedRecord`.
const PARTITION_KEY_TABLE: u32 = 1;
const EXPLICIT_HASH_KEY_TABLE: u32 = 2;
const RECORDS: u32 = 3;

/// Fields of `Record`.
const PARTITION_KEY_INDEX: u32 = 1;
const EXPLICIT_HASH_KEY_INDEX: u32 = 2;
const DATA: u32 = 3;

/// One of the records in a Kinesis record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserRecord<'a> {
    /// The partition key, chosen by the producer.
    pub partition_key: &'a str,
    /// The explicit hash key: a decimal number below 2^128.
    pub explicit_hash_key: Option<&'a str>,
    /// The content.
    pub data: &'a [u8],
}

/// The content has the magic bytes and checksum of an aggregated record, but is malformed or has more than
/// [`MAX_USER_RECORDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("aggregated record is malformed or contains more than {MAX_USER_RECORDS} records")]
pub struct BrokenAggregate;

/// Returns the records in the content of one Kinesis record, in order; `None` when the content is not aggregated.
///
/// As in Amazon's consumers, content with the magic bytes but another checksum is not aggregated. Records are borrowed
/// from `content`, and nothing is allocated for records beyond the limit. Tags, which no producer writes, are ignored.
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
/// When the content is aggregated but malformed, or has more than [`MAX_USER_RECORDS`].
pub fn deaggregate(content: &[u8]) -> Result<Option<Vec<UserRecord<'_>>>, BrokenAggregate> {
    match message_of(content) {
        Some(message) => records_of(message).map(Some),
        None => Ok(None),
    }
}

/// Returns the message between magic bytes and checksum, if both are valid.
fn message_of(content: &[u8]) -> Option<&[u8]> {
    let rest = content.strip_prefix(&AGGREGATE_MAGIC)?;
    let (message, digest) = rest.split_at_checked(rest.len().checked_sub(DIGEST_BYTES)?)?;
    (!message.is_empty() && Md5::digest(message).as_slice() == digest).then_some(message)
}

fn records_of(message: &[u8]) -> Result<Vec<UserRecord<'_>>, BrokenAggregate> {
    let broken = |_| BrokenAggregate;
    let (mut keys, mut hashes, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
    let mut rest = message;
    while let Some(field) = next_field(&mut rest).map_err(broken)? {
        match field {
            Field::Bytes(PARTITION_KEY_TABLE, key) => keys.push(text(key)?),
            Field::Bytes(EXPLICIT_HASH_KEY_TABLE, key) => hashes.push(text(key)?),
            Field::Bytes(RECORDS, _) if bodies.len() >= MAX_USER_RECORDS => {
                return Err(BrokenAggregate);
            }
            // The tables may follow the records, because the format does not define an order.
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
    while let Some(field) = next_field(&mut rest).map_err(|_| BrokenAggregate)? {
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

/// Packs records into one Kinesis record.
#[derive(Debug, Default)]
pub struct Aggregate {
    limit: usize,
    keys: Table,
    hashes: Table,
    /// The encoded `Record` fields of the message.
    records: Vec<u8>,
    count: usize,
    /// Partition key and hash key of the first record, which select the shard of all.
    first: Option<Entry>,
}

/// A table of the message, with each text once.
#[derive(Debug, Default)]
struct Table {
    indices: HashMap<String, u64>,
    /// The encoded fields of the table.
    fields: Vec<u8>,
}

impl Aggregate {
    /// Returns an empty aggregate whose entry has at most `limit` bytes of data and key.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Adds a record; returns false, without a change, when the limit leaves no space for it. The first record is always
    /// added.
    pub fn push(&mut self, entry: &Entry) -> bool {
        if self.count > 0 && self.size_with(entry) > self.limit {
            return false;
        }
        let mut record = Vec::with_capacity(entry.data.len() + 16);
        let key = self
            .keys
            .index_of(PARTITION_KEY_TABLE, &entry.partition_key);
        put_integer(&mut record, PARTITION_KEY_INDEX, key);
        if let Some(hash) = &entry.explicit_hash_key {
            let hash = self.hashes.index_of(EXPLICIT_HASH_KEY_TABLE, hash);
            put_integer(&mut record, EXPLICIT_HASH_KEY_INDEX, hash);
        }
        put_bytes(&mut record, DATA, &entry.data);
        put_bytes(&mut self.records, RECORDS, &record);
        self.count += 1;
        self.first.get_or_insert_with(|| Entry {
            data: Vec::new(),
            ..entry.clone()
        });
        true
    }

    /// Returns the number of records.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Reports whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns the Kinesis record with all records, under the keys of the first.
    pub fn into_entry(self) -> Entry {
        let message = [self.keys.fields, self.hashes.fields, self.records].concat();
        let digest = Md5::digest(&message);
        let data = [AGGREGATE_MAGIC.as_slice(), &message, digest.as_slice()].concat();
        let keys = self.first.unwrap_or_else(|| Entry::new("", ""));
        Entry { data, ..keys }
    }

    /// Returns an upper bound of the bytes of data and key with this record added.
    fn size_with(&self, entry: &Entry) -> usize {
        let first = self.first.as_ref().map_or(0, Entry::size);
        let present = self.keys.fields.len() + self.hashes.fields.len() + self.records.len();
        let hash = entry.explicit_hash_key.as_deref();
        let added = self.keys.growth(&entry.partition_key)
            + hash.map_or(0, |hash| self.hashes.growth(hash))
            + framed(entry.data.len() + 2 * (1 + varint_length(u64::MAX)))
            + framed(0);
        AGGREGATE_MAGIC.len() + DIGEST_BYTES + first + present + added
    }
}

impl Table {
    /// Returns the index of a text, which is added as field `number` if it is new.
    fn index_of(&mut self, number: u32, text: &str) -> u64 {
        if let Some(index) = self.indices.get(text) {
            return *index;
        }
        let index = self.indices.len() as u64;
        self.indices.insert(text.to_owned(), index);
        put_bytes(&mut self.fields, number, text.as_bytes());
        index
    }

    /// Returns the bytes by which this text would enlarge the table.
    fn growth(&self, text: &str) -> usize {
        if self.indices.contains_key(text) {
            0
        } else {
            framed(text.len())
        }
    }
}

/// Returns the encoded bytes of a field with this many bytes of content.
fn framed(bytes: usize) -> usize {
    1 + varint_length(bytes as u64) + bytes
}

#[cfg(test)]
mod tests;
