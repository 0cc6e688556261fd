//! The buffer: every thread's shard of cells, what was flushed already, and what a sink refused.
//!
//! A shard has one writer, the thread that leased it, so a count is a load and a store without a locked instruction.
//! Cells only grow. A drain hands out the growth since the last drain: no cell is ever reset, which would race with
//! its writer. The shard of a thread that ended goes to the next thread, with its totals, so nothing is folded or lost.

use std::{collections::BTreeMap, time::SystemTime};

use crate::{
    metric::MetricName,
    sink::Datum,
    site::{Kind, SITES, Site},
    snapshot::Snapshot,
    sync::{AtomicU64, Mutex, OnceLock, Ordering, lock},
};

/// The buffer that the attributes of this binary count into.
pub(crate) static BUFFER: Buffer = Buffer::new(|| SITES.static_slice());

/// The cells of one thread, one row for each site.
pub(crate) type Shard = &'static [Row];

const CELLS: usize = 16;

/// The cells of one site in one shard; two cache lines, since processors prefetch lines in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Row {
    cells: [AtomicU64; CELLS],
}

impl Row {
    /// Adds to a cell that only the calling thread writes.
    #[inline]
    pub(crate) fn add(&self, kind: Kind, n: u64) {
        let cell = self.cell(kind);
        cell.store(
            cell.load(Ordering::Relaxed).wrapping_add(n),
            Ordering::Relaxed,
        );
    }

    #[inline]
    #[expect(
        clippy::indexing_slicing,
        reason = "the remainder is smaller than the array"
    )]
    fn cell(&self, kind: Kind) -> &AtomicU64 {
        &self.cells[kind as usize % CELLS]
    }

    fn get(&self, kind: Kind) -> u64 {
        self.cell(kind).load(Ordering::Relaxed)
    }
}

/// All counts of a process, or of a test.
#[derive(Debug)]
pub(crate) struct Buffer {
    sites: fn() -> &'static [Site],
    shared: OnceLock<Shard>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    shards: Vec<Shard>,
    free: Vec<Shard>,
    flushed: BTreeMap<MetricName, u64>,
    refused: Vec<Datum>,
}

impl Buffer {
    /// An empty buffer for these sites.
    pub(crate) const fn new(sites: fn() -> &'static [Site]) -> Self {
        Self {
            sites,
            shared: OnceLock::new(),
            state: Mutex::new(State {
                shards: Vec::new(),
                free: Vec::new(),
                flushed: BTreeMap::new(),
                refused: Vec::new(),
            }),
        }
    }

    /// Gives the calling thread a shard that no other thread writes.
    pub(crate) fn claim(&self) -> Shard {
        let mut state = lock(&self.state);
        if let Some(shard) = state.free.pop() {
            return shard;
        }
        let shard = self.allocate();
        state.shards.push(shard);
        shard
    }

    /// Takes a shard back from a thread that ends; its totals stay.
    pub(crate) fn release(&self, shard: Shard) {
        lock(&self.state).free.push(shard);
    }

    /// Adds to the shard that all threads without their own share.
    pub(crate) fn add_shared(&self, index: usize, kind: Kind, n: u64) {
        let shared = self.shared.get_or_init(|| self.allocate());
        if let Some(row) = shared.get(index) {
            row.cell(kind).fetch_add(n, Ordering::Relaxed);
        }
    }

    /// Takes everything counted since the last drain, and what was put back; every metric is there, at zero if it did not move.
    pub(crate) fn drain(&self, at: SystemTime) -> Snapshot {
        let mut state = lock(&self.state);
        let totals = self.sum(&state);
        let refused = std::mem::take(&mut state.refused);
        let growth = totals.iter().map(|(&metric, &total)| {
            let flushed = state.flushed.get(&metric).copied().unwrap_or(0);
            Datum::count(metric, total.wrapping_sub(flushed))
        });
        let mut snapshot = Snapshot::new(at, growth);
        snapshot.put_back(refused);
        state.flushed = totals;
        snapshot
    }

    /// Takes back what a sink certainly did not accept; it goes with the next drain.
    pub(crate) fn put_back(&self, data: &[Datum]) {
        let mut state = lock(&self.state);
        let kept = data.iter().filter(|datum| !datum.value.is_zero());
        for datum in kept {
            Datum::merge_newer(&mut state.refused, datum.clone());
        }
    }

    /// Everything ever counted, flushed or not, by metric.
    pub(crate) fn totals(&self) -> BTreeMap<MetricName, u64> {
        self.sum(&lock(&self.state))
    }

    fn sum(&self, state: &State) -> BTreeMap<MetricName, u64> {
        let mut totals = BTreeMap::new();
        for (index, site) in (self.sites)().iter().enumerate() {
            for kind in Kind::ALL {
                let Some(metric) = site.declaration.metric(kind) else {
                    continue;
                };
                let shards = state.shards.iter().chain(self.shared.get());
                let rows = shards.filter_map(|shard| shard.get(index));
                let sum = rows.fold(0_u64, |sum, row| sum.wrapping_add(row.get(kind)));
                let total = totals.entry(metric).or_insert(0_u64);
                *total = total.wrapping_add(sum);
            }
        }
        totals
    }

    // Leaked on purpose: a cell must outlive its thread, and the number of shards is that of the threads alive at once.
    fn allocate(&self) -> Shard {
        Box::leak((self.sites)().iter().map(|_| Row::default()).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::{declaration::Declaration, sink::Value};

    const DONE: MetricName = MetricName::new("Done");
    const FAILED: MetricName = MetricName::new("Failed");
    const PLAIN: Declaration = Declaration {
        success: Some(DONE),
        failure: Some(FAILED),
        ..Declaration::new("f", "f.rs", 1, "")
    };
    // Two sites that share their metric names.
    static TWO: [Site; 2] = [Site::new(&PLAIN, &[]), Site::new(&PLAIN, &[])];

    fn buffer() -> Buffer {
        Buffer::new(|| &TWO)
    }

    fn drain(buffer: &Buffer) -> Snapshot {
        buffer.drain(SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn a_drain_takes_what_was_counted_since_the_last_one() {
        let buffer = buffer();
        let shard = buffer.claim();
        shard[0].add(Kind::Success, 2);
        shard[1].add(Kind::Success, 3);
        assert_eq!(drain(&buffer).get(DONE), 5);
        shard[0].add(Kind::Success, 1);
        assert_eq!(drain(&buffer).get(DONE), 1);
        assert_eq!(drain(&buffer).get(DONE), 0);
    }

    #[test]
    fn metrics_that_did_not_move_are_in_the_snapshot_at_zero() {
        let snapshot = drain(&buffer());
        let counts: Vec<_> = snapshot
            .data()
            .iter()
            .map(|datum| (datum.metric, datum.value.clone()))
            .collect();
        assert_eq!(counts, [(DONE, Value::Count(0)), (FAILED, Value::Count(0))]);
    }

    #[test]
    fn what_is_put_back_goes_with_the_next_drain_once() {
        let buffer = buffer();
        let shard = buffer.claim();
        shard[0].add(Kind::Failure, 4);
        buffer.put_back(drain(&buffer).data());
        shard[0].add(Kind::Failure, 1);
        assert_eq!(drain(&buffer).get(FAILED), 5);
        assert_eq!(drain(&buffer).get(FAILED), 0);
    }

    #[test]
    fn the_shard_of_an_ended_thread_keeps_its_counts_and_is_used_again() {
        let buffer = buffer();
        let first = buffer.claim();
        first[0].add(Kind::Success, 1);
        buffer.release(first);
        let second = buffer.claim();
        assert!(std::ptr::eq(first, second));
        second[0].add(Kind::Success, 1);
        assert_eq!(drain(&buffer).get(DONE), 2);
    }

    #[test]
    fn counts_after_the_end_of_a_thread_go_to_the_shared_shard() {
        let buffer = buffer();
        buffer.add_shared(1, Kind::Failure, 7);
        assert_eq!(drain(&buffer).get(FAILED), 7);
    }

    #[test]
    fn a_binary_without_sites_drains_nothing() {
        let buffer = Buffer::new(|| &[]);
        assert!(buffer.claim().is_empty());
        assert_eq!(drain(&buffer).data().len(), 0);
    }

    #[test]
    fn threads_that_come_and_go_while_others_drain_lose_and_double_nothing() {
        const THREADS: u64 = 4;
        const LIVES: u64 = 25;
        const EACH: u64 = 400;
        let buffer = buffer();
        let counting = AtomicBool::new(true);
        let drained = std::thread::scope(|scope| {
            let drainers: Vec<_> = (0..2)
                .map(|refuse_every| {
                    let (buffer, counting) = (&buffer, &counting);
                    scope.spawn(move || {
                        let mut sum = 0;
                        let mut turn = 0_u64;
                        while counting.load(Ordering::Relaxed) {
                            let snapshot = drain(buffer);
                            turn += 1;
                            if turn % 3 == refuse_every {
                                buffer.put_back(snapshot.data());
                            } else {
                                sum += snapshot.get(DONE);
                            }
                        }
                        sum
                    })
                })
                .collect();
            let counters: Vec<_> = (0..THREADS)
                .map(|_| {
                    scope.spawn(|| {
                        for _ in 0..LIVES {
                            let shard = buffer.claim();
                            for _ in 0..EACH {
                                shard[1].add(Kind::Success, 1);
                            }
                            buffer.release(shard);
                        }
                    })
                })
                .collect();
            for counter in counters {
                counter.join().expect("counts");
            }
            counting.store(false, Ordering::Relaxed);
            drainers
                .into_iter()
                .map(|drainer| drainer.join().expect("drains"))
                .sum::<u64>()
        });
        assert_eq!(drained + drain(&buffer).get(DONE), THREADS * LIVES * EACH);
    }
}
