//! Which records may share a request when those of one key must stay in order.

use std::collections::HashMap;

use crate::Entry;

/// What is kept of the order of records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// Nothing: a record that is sent again may end up behind later ones of its key.
    #[default]
    Any,
    /// Records of one key reach the stream in the order of the entries: a later one waits until each
    /// before it has landed or has failed for good.
    ///
    /// `PutRecords` keeps no order among the records of a request, so each request holds one record
    /// of a key at most: many records of few keys take many requests, unless they are aggregated.
    /// The stream must choose shards by partition key, as it does by default.
    PerKey,
}

/// Sorts `indices` into rounds to be sent one after the other, each with one record of a key at most.
pub(crate) fn rounds(entries: &[Entry], indices: Vec<usize>, order: Order) -> Vec<Vec<usize>> {
    if order == Order::Any {
        return vec![indices];
    }
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    let mut before: HashMap<&str, usize> = HashMap::new();
    for index in indices {
        let key = entries.get(index).map_or("", key);
        let round = before.entry(key).or_default();
        match rounds.get_mut(*round) {
            Some(round) => round.push(index),
            None => rounds.push(vec![index]),
        }
        *round += 1;
    }
    rounds
}

/// What decides the shard.
fn key(entry: &Entry) -> &str {
    let hash = entry.explicit_hash_key.as_deref();
    hash.unwrap_or(&entry.partition_key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<Entry> {
        let keys = ["a", "b", "a", "c", "a", "b"];
        keys.iter().map(|key| Entry::new(*key, "")).collect()
    }

    #[test]
    fn a_round_holds_one_record_of_each_key() {
        let rounds = rounds(&entries(), (0..6).collect(), Order::PerKey);
        assert_eq!(rounds, [vec![0, 1, 3], vec![2, 5], vec![4]]);
    }

    #[test]
    fn without_order_there_is_one_round() {
        assert_eq!(rounds(&entries(), vec![0, 2, 4], Order::Any), [[0, 2, 4]]);
    }

    #[test]
    fn the_hash_key_goes_before_the_partition_key() {
        let mut entries = entries();
        entries[0].explicit_hash_key = Some("7".to_owned());
        entries[1].explicit_hash_key = Some("7".to_owned());
        let rounds = rounds(&entries, vec![0, 1, 2], Order::PerKey);
        assert_eq!(rounds, [vec![0, 2], vec![1]]);
    }
}
