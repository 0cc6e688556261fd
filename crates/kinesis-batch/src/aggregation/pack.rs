//! Assigns entries to aggregated Kinesis records.

use std::collections::BTreeMap;

use md5::{Digest, Md5};

use super::format::Aggregate;
use crate::Entry;

/// The number of equal ranges of hash keys; an aggregate contains records of one range.
const RANGES: u32 = 64;
const RANGE_BITS: u32 = 128 - RANGES.ilog2();
/// The largest aggregate in bytes, as in the Kinesis Producer Library (`AggregationMaxSize`).
const AGGREGATE_BYTES: usize = 51_200;

/// A Kinesis record, and the indices of the entries in it.
#[derive(Debug)]
pub(crate) struct PackedRecord {
    pub(crate) entry: Entry,
    pub(crate) indices: Vec<usize>,
}

/// Packs the entries at `indices` into aggregates of at most `limit` bytes.
///
/// All records of an aggregate are stored in one shard, so an aggregate contains records of one range of hash keys. The
/// lowest hash key of the range is the explicit hash key of the aggregate and of each record in it, because the Kinesis
/// Client Library ignores records whose hash key belongs to another shard. Records of one key are always in one range,
/// and keep their order.
pub(crate) fn pack(entries: &[Entry], indices: &[usize], limit: usize) -> Vec<PackedRecord> {
    let limit = limit.min(AGGREGATE_BYTES);
    let mut ranges: BTreeMap<u128, OpenAggregate> = BTreeMap::new();
    let mut packed = Vec::new();
    for &index in indices {
        let Some(entry) = entries.get(index) else {
            continue;
        };
        let range = hash_key(entry) >> RANGE_BITS;
        let entry = Entry {
            explicit_hash_key: Some((range << RANGE_BITS).to_string()),
            ..entry.clone()
        };
        let open = ranges
            .entry(range)
            .or_insert_with(|| OpenAggregate::new(limit));
        if !open.aggregate.push(&entry) {
            packed.push(std::mem::replace(open, OpenAggregate::new(limit)).close());
            open.aggregate.push(&entry);
        }
        if open.indices.is_empty() {
            open.first = Some(entry);
        }
        open.indices.push(index);
    }
    packed.extend(ranges.into_values().map(OpenAggregate::close));
    packed
}

/// An aggregate that may accept more records.
#[derive(Debug)]
struct OpenAggregate {
    aggregate: Aggregate,
    indices: Vec<usize>,
    first: Option<Entry>,
}

impl OpenAggregate {
    fn new(limit: usize) -> Self {
        Self {
            aggregate: Aggregate::new(limit),
            indices: Vec::new(),
            first: None,
        }
    }

    /// Returns the Kinesis record. A single entry is not aggregated, because that would only enlarge it.
    fn close(self) -> PackedRecord {
        let entry = match self.first {
            Some(entry) if self.indices.len() == 1 => entry,
            _ => self.aggregate.into_entry(),
        };
        PackedRecord {
            entry,
            indices: self.indices,
        }
    }
}

/// Returns the hash key of a record, which selects its shard.
fn hash_key(entry: &Entry) -> u128 {
    let explicit = entry.explicit_hash_key.as_ref();
    explicit
        .and_then(|hash| hash.parse().ok())
        .unwrap_or_else(|| u128::from_be_bytes(Md5::digest(&entry.partition_key).into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregation::format::deaggregate;

    fn entries(number: usize) -> Vec<Entry> {
        let entry = |n| Entry::new(format!("key-{}", n % 100), format!("content {n}"));
        (0..number).map(entry).collect()
    }

    fn pack_all(entries: &[Entry], limit: usize) -> Vec<PackedRecord> {
        let indices: Vec<_> = (0..entries.len()).collect();
        pack(entries, &indices, limit)
    }

    #[test]
    fn every_record_is_packed_once_and_each_key_in_order() {
        let entries = entries(5000);
        let packed = pack_all(&entries, 2000);
        let mut seen: Vec<usize> = Vec::new();
        for PackedRecord { entry, indices } in &packed {
            assert!(entry.size() <= 2000);
            if let Some(records) = deaggregate(&entry.data).unwrap() {
                let expected = indices.iter().map(|i| &*entries[*i].data);
                assert!(records.iter().map(|r| r.data).eq(expected));
            }
            for index in indices {
                let earlier = seen.iter().rfind(|seen| *seen % 100 == index % 100);
                assert!(earlier.is_none_or(|earlier| earlier < index));
                seen.push(*index);
            }
        }
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..5000));
        assert!(packed.len() < 500, "{}", packed.len());
    }

    #[test]
    fn every_record_belongs_to_the_shard_of_its_aggregate() {
        let entries = entries(500);
        for PackedRecord { entry, indices } in pack_all(&entries, AGGREGATE_BYTES) {
            let shard = entry.explicit_hash_key.clone().unwrap();
            for index in &indices {
                assert_eq!(
                    hash_key(&entries[*index]) >> RANGE_BITS << RANGE_BITS,
                    shard.parse().unwrap()
                );
            }
            let records = deaggregate(&entry.data).unwrap().unwrap_or_default();
            assert!(records.iter().all(|r| r.explicit_hash_key == Some(&*shard)));
        }
    }

    #[test]
    fn a_single_record_is_not_aggregated() {
        let packed = pack_all(&[Entry::new("key", "content")], AGGREGATE_BYTES);
        assert_eq!(packed[0].entry.data, b"content");
        let large = [
            Entry::new("key", vec![b'x'; 90_000]),
            Entry::new("key", "content"),
        ];
        assert_eq!(pack_all(&large, usize::MAX)[0].entry.data.len(), 90_000);
    }

    #[test]
    fn an_explicit_hash_key_selects_the_range() {
        let mut entry = Entry::new("key", "content");
        entry.explicit_hash_key = Some(((5_u128 << RANGE_BITS) + 77).to_string());
        let hash = pack_all(&[entry], AGGREGATE_BYTES)[0]
            .entry
            .explicit_hash_key
            .clone();
        assert_eq!(hash, Some((5_u128 << RANGE_BITS).to_string()));
    }
}
