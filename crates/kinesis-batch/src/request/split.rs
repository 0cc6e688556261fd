//! Decides which records share a request.

use std::collections::HashMap;

use crate::{Limits, Order};

/// Groups `indices` into rounds that are sent one after the other, each with at most one record of a key.
pub(crate) fn rounds<'a>(
    key: impl Fn(usize) -> &'a [u8],
    indices: Vec<usize>,
    order: Order,
) -> Vec<Vec<usize>> {
    if order == Order::Any {
        return vec![indices];
    }
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    let mut next_round: HashMap<&[u8], usize> = HashMap::new();
    for index in indices {
        let round = next_round.entry(key(index)).or_default();
        match rounds.get_mut(*round) {
            Some(round) => round.push(index),
            None => rounds.push(vec![index]),
        }
        *round += 1;
    }
    rounds
}

/// Divides `indices` into runs that each fit one request, in order.
pub(crate) fn requests(
    size: impl Fn(usize) -> usize,
    indices: &[usize],
    limits: &Limits,
) -> Vec<Vec<usize>> {
    let mut requests = Vec::new();
    let mut request = Vec::new();
    let mut bytes = 0;
    for &index in indices {
        let size = size(index);
        let is_full =
            request.len() >= limits.request_records || bytes + size > limits.request_bytes;
        if is_full && !request.is_empty() {
            requests.push(std::mem::take(&mut request));
            bytes = 0;
        }
        request.push(index);
        bytes += size;
    }
    if !request.is_empty() {
        requests.push(request);
    }
    requests
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(index: usize) -> &'static [u8] {
        [b"a", b"b", b"a", b"c", b"a", b"b"][index]
    }

    fn split(sizes: &[usize], records: usize, bytes: usize) -> Vec<Vec<usize>> {
        let indices: Vec<_> = (0..sizes.len()).collect();
        let limits = Limits {
            request_records: records,
            request_bytes: bytes,
            ..Limits::default()
        };
        requests(|index| sizes[index], &indices, &limits)
    }

    #[test]
    fn a_round_contains_one_record_of_each_key() {
        let rounds = rounds(key, (0..6).collect(), Order::PerKey);
        assert_eq!(rounds, [vec![0, 1, 3], vec![2, 5], vec![4]]);
    }

    #[test]
    fn without_order_there_is_one_round() {
        assert_eq!(rounds(key, vec![0, 2, 4], Order::Any), [[0, 2, 4]]);
    }

    #[test]
    fn no_records_make_no_request() {
        assert!(split(&[], 2, 10).is_empty());
    }

    #[test]
    fn requests_are_split_by_count() {
        assert_eq!(split(&[1; 5], 2, 100), [vec![0, 1], vec![2, 3], vec![4]]);
    }

    #[test]
    fn requests_are_split_by_bytes() {
        assert_eq!(split(&[4, 6, 1, 9], 500, 10), [vec![0, 1], vec![2, 3]]);
        assert_eq!(split(&[4, 7], 500, 10), [vec![0], vec![1]]);
    }

    #[test]
    fn a_record_above_the_request_limit_has_its_own_request() {
        assert_eq!(split(&[1, 50, 1], 500, 10), [vec![0], vec![1], vec![2]]);
    }
}
