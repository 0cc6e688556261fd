//! Which records may share a request when those of one key must stay in order.

use std::collections::HashMap;

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
pub(crate) fn rounds<'a>(
    key: impl Fn(usize) -> &'a [u8],
    indices: Vec<usize>,
    order: Order,
) -> Vec<Vec<usize>> {
    if order == Order::Any {
        return vec![indices];
    }
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    let mut before: HashMap<&[u8], usize> = HashMap::new();
    for index in indices {
        let round = before.entry(key(index)).or_default();
        match rounds.get_mut(*round) {
            Some(round) => round.push(index),
            None => rounds.push(vec![index]),
        }
        *round += 1;
    }
    rounds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(index: usize) -> &'static [u8] {
        [b"a", b"b", b"a", b"c", b"a", b"b"][index]
    }

    #[test]
    fn a_round_holds_one_record_of_each_key() {
        let rounds = rounds(key, (0..6).collect(), Order::PerKey);
        assert_eq!(rounds, [vec![0, 1, 3], vec![2, 5], vec![4]]);
    }

    #[test]
    fn without_order_there_is_one_round() {
        assert_eq!(rounds(key, vec![0, 2, 4], Order::Any), [[0, 2, 4]]);
    }
}
