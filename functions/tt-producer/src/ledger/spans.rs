//! Failed records by ranges, for when there are too many to keep each.

use std::collections::BTreeMap;

use crate::upload::Position;

/// The largest number of ranges that are kept apart.
const MAX_SPANS: usize = 1_000;

/// Records that follow each other in a file, at least one of which failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    /// The first record, which failed.
    pub(super) first: Position,
    /// Behind the last record in the content.
    pub(super) end: u64,
    /// Records from the first to the last one that failed.
    pub(super) records: u64,
    /// Failed records for each kind of failure.
    pub(super) failures: BTreeMap<&'static str, u64>,
}

/// The failed records of a file. The number of ranges is bounded: neighbours are joined, from a distance that grows with
/// their number, and then contain the good records between them.
#[derive(Debug, Default)]
pub(super) struct Spans {
    by_index: BTreeMap<u64, Span>,
    /// The number of good records over which two ranges are joined.
    gap: u64,
}

impl Span {
    /// The number of failed records.
    pub(super) fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    /// The index behind the last record.
    pub(super) fn until(&self) -> u64 {
        self.first.index + self.records
    }

    /// Joins a range that begins at this one or behind it.
    fn join(&mut self, next: &Self) {
        self.records = self.records.max(next.until() - self.first.index);
        self.end = self.end.max(next.end);
        for (kind, number) in &next.failures {
            *self.failures.entry(kind).or_default() += number;
        }
    }
}

impl Spans {
    /// Adds a failed record.
    pub(super) fn add(&mut self, first: Position, end: u64, kind: &'static str) {
        self.insert(Span {
            first,
            end,
            records: 1,
            failures: BTreeMap::from([(kind, 1)]),
        });
        while self.by_index.len() > MAX_SPANS {
            self.gap = (self.gap * 2).max(1);
            for (_, span) in std::mem::take(&mut self.by_index) {
                self.insert(span);
            }
        }
    }

    /// The ranges, in the order of the file.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Span> {
        std::mem::take(&mut self.by_index).into_values()
    }

    fn insert(&mut self, mut span: Span) {
        let before = self.by_index.range(..=span.first.index).next_back();
        if let Some((&index, before)) = before
            && span.first.index <= before.until() + self.gap
            && let Some(mut before) = self.by_index.remove(&index)
        {
            before.join(&span);
            span = before;
        }
        let after = self.by_index.range(span.first.index..).next();
        if let Some((&index, after)) = after
            && after.first.index <= span.until() + self.gap
            && let Some(after) = self.by_index.remove(&index)
        {
            span.join(&after);
        }
        self.by_index.insert(span.first.index, span);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(indices: impl IntoIterator<Item = u64>) -> Vec<Span> {
        let mut spans = Spans::default();
        for index in indices {
            let first = Position {
                index,
                offset: index * 2,
                ..Position::default()
            };
            spans.add(
                first,
                index * 2 + 1,
                if index % 2 == 0 { "even" } else { "odd" },
            );
        }
        spans.take().collect()
    }

    #[test]
    fn neighbours_are_one_range_in_any_order() {
        for indices in [[4, 5, 6, 9], [9, 6, 4, 5], [5, 9, 4, 6]] {
            let found = spans(indices);
            assert_eq!(found.len(), 2);
            assert_eq!(
                (found[0].first.index, found[0].records, found[0].end),
                (4, 3, 13)
            );
            assert_eq!(found[0].failures, BTreeMap::from([("even", 2), ("odd", 1)]));
            assert_eq!((found[1].first.offset, found[1].until()), (18, 10));
        }
    }

    #[test]
    fn the_number_of_ranges_is_bounded_and_no_failure_is_lost() {
        let found = spans((0..100_000).map(|n| n * 3));
        assert!(found.len() <= MAX_SPANS, "{}", found.len());
        assert_eq!(found.iter().map(Span::failed).sum::<u64>(), 100_000);
        assert!(
            found
                .windows(2)
                .all(|pair| pair[0].until() <= pair[1].first.index)
        );
        assert_eq!(found.last().unwrap().until(), 299_998);
    }
}
