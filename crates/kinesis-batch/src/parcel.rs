//! The Kinesis records that carry the entries: one each, or many in one.

use std::collections::BTreeMap;

use md5::{Digest, Md5};

use crate::{Aggregate, Entry};

/// Aggregates of one call: one for each of so many equal ranges of hash keys.
const RANGES: u32 = 64;
const RANGE_BITS: u32 = 128 - RANGES.ilog2();
/// The most bytes of an aggregate, as in the Kinesis Producer Library (`AggregationMaxSize`).
const AGGREGATE_BYTES: usize = 51_200;

/// One Kinesis record, and the indices of the entries in it.
pub(crate) type Parcel = (Entry, Vec<usize>);

/// Packs the entries at `indices` into aggregates of at most `limit` bytes.
///
/// Records that share an aggregate share its shard. So only those whose hash keys lie close together
/// do, under the lower end of their range as explicit hash key, which each of them gets too: readers
/// that drop what does not belong to their shard, as the Kinesis Client Library does, keep it.
/// Records of one key are always in one range, and stay in order.
pub(crate) fn aggregate(entries: &[Entry], indices: &[usize], limit: usize) -> Vec<Parcel> {
    let limit = limit.min(AGGREGATE_BYTES);
    let mut ranges: BTreeMap<u128, Open> = BTreeMap::new();
    let mut parcels = Vec::new();
    for &index in indices {
        let Some(entry) = entries.get(index) else {
            continue;
        };
        let range = hash_key(entry) >> RANGE_BITS;
        let entry = Entry {
            explicit_hash_key: Some((range << RANGE_BITS).to_string()),
            ..entry.clone()
        };
        let open = ranges.entry(range).or_insert_with(|| Open::new(limit));
        if !open.aggregate.push(&entry) {
            parcels.push(std::mem::replace(open, Open::new(limit)).close());
            open.aggregate.push(&entry);
        }
        if open.members.is_empty() {
            open.first = Some(entry);
        }
        open.members.push(index);
    }
    parcels.extend(ranges.into_values().map(Open::close));
    parcels
}

/// An aggregate that is being filled.
#[derive(Debug)]
struct Open {
    aggregate: Aggregate,
    members: Vec<usize>,
    first: Option<Entry>,
}

impl Open {
    fn new(limit: usize) -> Self {
        Self {
            aggregate: Aggregate::new(limit),
            members: Vec::new(),
            first: None,
        }
    }

    /// The Kinesis record. One entry travels as it is: an aggregate would only make it larger.
    fn close(self) -> Parcel {
        let entry = match self.first {
            Some(entry) if self.members.len() == 1 => entry,
            _ => self.aggregate.into_entry(),
        };
        (entry, self.members)
    }
}

/// The place of a record among the shards.
fn hash_key(entry: &Entry) -> u128 {
    let explicit = entry.explicit_hash_key.as_ref();
    explicit
        .and_then(|hash| hash.parse().ok())
        .unwrap_or_else(|| u128::from_be_bytes(Md5::digest(&entry.partition_key).into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deaggregate;

    fn entries(number: usize) -> Vec<Entry> {
        let entry = |n| Entry::new(format!("key-{}", n % 100), format!("content {n}"));
        (0..number).map(entry).collect()
    }

    fn pack(entries: &[Entry], limit: usize) -> Vec<Parcel> {
        let indices: Vec<_> = (0..entries.len()).collect();
        aggregate(entries, &indices, limit)
    }

    #[test]
    fn every_record_is_in_one_parcel_and_each_key_in_order() {
        let entries = entries(5000);
        let parcels = pack(&entries, 2000);
        let mut seen: Vec<usize> = Vec::new();
        for (entry, members) in &parcels {
            assert!(entry.size() <= 2000);
            if let Some(records) = deaggregate(&entry.data).unwrap() {
                let expected = members.iter().map(|i| &*entries[*i].data);
                assert!(records.iter().map(|r| r.data).eq(expected));
            }
            for index in members {
                let earlier = seen.iter().rfind(|seen| *seen % 100 == index % 100);
                assert!(earlier.is_none_or(|earlier| earlier < index));
                seen.push(*index);
            }
        }
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..5000));
        assert!(parcels.len() < 500, "{}", parcels.len());
    }

    #[test]
    fn every_record_belongs_to_the_shard_that_its_aggregate_goes_to() {
        let entries = entries(500);
        for (entry, members) in pack(&entries, AGGREGATE_BYTES) {
            let shard = entry.explicit_hash_key.clone().unwrap();
            for index in &members {
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
    fn one_record_travels_as_it_is() {
        let parcels = pack(&[Entry::new("key", "content")], AGGREGATE_BYTES);
        assert_eq!(parcels[0].0.data, b"content");
        let large = [
            Entry::new("key", vec![b'x'; 90_000]),
            Entry::new("key", "content"),
        ];
        assert_eq!(pack(&large, usize::MAX)[0].0.data.len(), 90_000);
    }

    #[test]
    fn an_explicit_hash_key_decides_the_range() {
        let mut entry = Entry::new("key", "content");
        entry.explicit_hash_key = Some(((5_u128 << RANGE_BITS) + 77).to_string());
        let hash = pack(&[entry], AGGREGATE_BYTES)[0]
            .0
            .explicit_hash_key
            .clone();
        assert_eq!(hash, Some((5_u128 << RANGE_BITS).to_string()));
    }
}
