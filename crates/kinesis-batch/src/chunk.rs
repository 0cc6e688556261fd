//! Which records share a request.

use crate::Limits;

/// Cuts `indices` into runs that each fit one request, in order.
pub(crate) fn chunks(
    size: impl Fn(usize) -> usize,
    indices: &[usize],
    limits: &Limits,
) -> Vec<Vec<usize>> {
    let mut chunks = Vec::new();
    let mut chunk = Vec::new();
    let mut bytes = 0;
    for &index in indices {
        let size = size(index);
        let full = chunk.len() >= limits.request_records || bytes + size > limits.request_bytes;
        if full && !chunk.is_empty() {
            chunks.push(std::mem::take(&mut chunk));
            bytes = 0;
        }
        chunk.push(index);
        bytes += size;
    }
    if !chunk.is_empty() {
        chunks.push(chunk);
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(sizes: &[usize], records: usize, bytes: usize) -> Vec<Vec<usize>> {
        let indices: Vec<_> = (0..sizes.len()).collect();
        let limits = Limits {
            request_records: records,
            request_bytes: bytes,
            ..Limits::default()
        };
        chunks(|index| sizes[index], &indices, &limits)
    }

    #[test]
    fn no_record_makes_no_request() {
        assert!(cut(&[], 2, 10).is_empty());
    }

    #[test]
    fn requests_are_cut_by_count() {
        assert_eq!(cut(&[1; 5], 2, 100), [vec![0, 1], vec![2, 3], vec![4]]);
    }

    #[test]
    fn requests_are_cut_by_bytes() {
        assert_eq!(cut(&[4, 6, 1, 9], 500, 10), [vec![0, 1], vec![2, 3]]);
        assert_eq!(cut(&[4, 7], 500, 10), [vec![0], vec![1]]);
    }

    #[test]
    fn a_record_above_the_soft_limit_travels_alone() {
        assert_eq!(cut(&[1, 50, 1], 500, 10), [vec![0], vec![1], vec![2]]);
    }
}
