//! The buffer: every thread's shard of cells, what was flushed already, and what a sink refused.
//!
//! A shard has one writer, the thread that leased it, so a count is a load and a store without a locked instruction.
//! Cells only grow. A drain hands out the growth since the last drain: no cell is ever reset, which would race with
//! its writer. The shard of a thread that ended goes to the next thread, with its totals, so nothing is folded or lost.

use std::{collections::BTreeMap, sync::LazyLock, time::SystemTime};

// Not of the crate, so that the model of this file brings its own.
use super::sync::{AtomicU64, Mutex, Ordering, fence, lock};
use crate::{
    metric::MetricName,
    open_calls::{Counted, OUTCOMES, OpenCalls, StillOpen},
    sink::Datum,
    site::{Kind, SITES, Site},
    snapshot::Snapshot,
};

/// The buffer that the attributes of this binary count into.
pub(crate) static BUFFER: LazyLock<Buffer> = LazyLock::new(|| Buffer::new(|| SITES.static_slice()));

/// How many cells a site has in a shard.
///
/// As many as it has bytes, so that the distance of a site from the first one is the index of its first cell.
const CELLS: usize = size_of::<Site>();

/// Cells that nobody uses before and behind a shard: two cache lines, since processors prefetch lines in pairs.
const PADDING: usize = 16;

const _: () = assert!((Kind::Began as usize) < CELLS);

/// The cells of one thread: those of the first site, then those of the next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shard(&'static [AtomicU64]);

impl Shard {
    /// What a thread has that has not counted yet.
    pub(crate) const EMPTY: Self = Self(&[]);

    /// The cell of a kind of count, by how far the site is from the first one, in bytes.
    #[inline]
    pub(crate) fn at_distance(self, distance: usize, kind: Kind) -> Option<Cell> {
        let cell = self.0.get(distance.wrapping_add(kind as usize))?;
        Some(Cell(cell))
    }

    /// The same by the position of the site.
    pub(crate) fn cell(self, index: usize, kind: Kind) -> Option<Cell> {
        self.at_distance(index * CELLS, kind)
    }

    /// Counts, as the attribute of a site does.
    #[cfg(test)]
    pub(crate) fn add(self, index: usize, kind: Kind, n: u64) {
        self.cell(index, kind).unwrap().add(n);
    }
}

/// A cell of the shard of the calling thread.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell(&'static AtomicU64);

impl Cell {
    /// Adds without a locked instruction: only this thread writes the cell.
    #[inline]
    pub(crate) fn add(self, n: u64) {
        self.0.store(self.get().wrapping_add(n), Ordering::Relaxed);
    }

    #[inline]
    fn get(self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// All counts of a process, or of a test.
#[derive(Debug)]
pub(crate) struct Buffer {
    sites: fn() -> &'static [Site],
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    shards: Vec<Shard>,
    free: Vec<Shard>,
    flushed: BTreeMap<MetricName, u64>,
    refused: Vec<Datum>,
    open: OpenCalls,
}

impl Buffer {
    /// An empty buffer for these sites.
    pub(crate) fn new(sites: fn() -> &'static [Site]) -> Self {
        Self {
            sites,
            state: Mutex::new(State {
                shards: Vec::new(),
                free: Vec::new(),
                flushed: BTreeMap::new(),
                refused: Vec::new(),
                open: OpenCalls::default(),
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

    /// Adds for a thread that has no shard any more, in a shard that it leases for this one count.
    pub(crate) fn add_once(&self, index: usize, kind: Kind, n: u64) {
        let shard = self.claim();
        if let Some(cell) = shard.cell(index, kind) {
            cell.add(n);
        }
        self.release(shard);
    }

    /// Takes everything counted since the last drain, and what was put back; every metric is there, at zero if it did not move.
    pub(crate) fn drain(&self, at: SystemTime, still_open: StillOpen) -> Snapshot {
        let mut state = lock(&self.state);
        let state = &mut *state;
        let shards = &state.shards;
        let totals = self.sum(shards, |site, counted| {
            state.open.settle(site, counted, still_open)
        });
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
        self.sum(&lock(&self.state).shards, |_, counted| counted.outcomes)
    }

    /// How many shards there are, leased or not.
    #[cfg(test)]
    pub(crate) fn shards(&self) -> usize {
        lock(&self.state).shards.len()
    }

    /// What each metric came to; `outcomes` says what there is to send of a site whose open calls are known.
    fn sum(
        &self,
        shards: &[Shard],
        mut outcomes: impl FnMut(usize, Counted) -> [u64; OUTCOMES],
    ) -> BTreeMap<MetricName, u64> {
        let mut totals = BTreeMap::new();
        for (index, site) in (self.sites)().iter().enumerate() {
            let sum = |kind| {
                let cells = shards.iter().filter_map(|it| it.cell(index, kind));
                cells.fold(0_u64, |sum, cell| sum.wrapping_add(cell.get()))
            };
            let [calls, mut ended @ ..] = Kind::ALL.map(sum);
            if site.knows_open_calls() {
                // Pairs with the fence at the end of a call: who sees an end sees the beginning too.
                fence(Ordering::Acquire);
                let counted = Counted {
                    outcomes: ended,
                    began: sum(Kind::Began),
                };
                ended = outcomes(index, counted);
            }
            for (kind, sum) in Kind::ALL.into_iter().zip([calls].into_iter().chain(ended)) {
                if let Some(metric) = site.declaration.metric(kind) {
                    let total = totals.entry(metric).or_insert(0_u64);
                    *total = total.wrapping_add(sum);
                }
            }
        }
        totals
    }

    // Leaked on purpose: a cell must outlive its thread, and the number of shards is that of the threads alive at once.
    fn allocate(&self) -> Shard {
        let cells = (self.sites)().len() * CELLS;
        let padded = (0..cells + 2 * PADDING).map(|_| AtomicU64::new(0));
        let padded: &'static [AtomicU64] = Box::leak(padded.collect());
        Shard(padded.get(PADDING..PADDING + cells).unwrap_or_default())
    }
}
