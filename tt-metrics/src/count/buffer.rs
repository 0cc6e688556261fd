//! The buffer: the shard of cells of every thread, the totals that were flushed, and data that a sink refused.
//!
//! A shard has one writer, the thread that leased it, so a count is a load and a store without a locked instruction.
//! Cells only grow. A drain returns the growth since the previous drain; resetting a cell would race with its writer. The
//! shard of a thread that ended is leased to the next thread with its totals, so no count is lost.

use std::{collections::BTreeMap, sync::LazyLock, time::SystemTime};

// By `super`, so that `buffer_model` can compile this file with the primitives of loom.
use super::sync::{AtomicU64, Mutex, Ordering, fence, lock};
use crate::{
    count::{
        breakdown,
        open_calls::{Counted, OUTCOMES, OpenCalls, StillOpen},
        snapshot::Snapshot,
    },
    declare::{
        kind::Kind,
        level::Level,
        site::{SITES, Site},
    },
    metric::{Datum, Metric, MetricName},
};

/// The buffer of the process.
pub(crate) static BUFFER: LazyLock<Buffer> = LazyLock::new(|| Buffer::new(|| SITES.static_slice()));

/// The number of cells of a site in a shard.
///
/// It is the size of a site in bytes, so that the distance of a site from the first one is the index of its first cell.
const CELLS: usize = size_of::<Site>();

/// Unused cells before and after a shard: two cache lines, because processors prefetch lines in pairs.
const PADDING: usize = 16;

/// The cell of a site with the index of the first cell of its breakdown.
const BREAKDOWN: usize = CELLS - 1;

const _: () = assert!((Kind::Began as usize) < BREAKDOWN);

/// The cells of one site.
pub(crate) type Row = [AtomicU64; CELLS];

/// The cells of one thread, site by site.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shard {
    cells: &'static [AtomicU64],
    /// The same cells, by site.
    rows: &'static [Row],
    /// The cells of breakdowns, in the layout of `breakdown.rs`.
    breakdowns: &'static [AtomicU64],
}

impl Shard {
    /// The shard of a thread that has not counted yet.
    pub(crate) const EMPTY: Self = Self {
        cells: &[],
        rows: &[],
        breakdowns: &[],
    };

    /// All cells of a site, by its distance from the first site in bytes.
    #[inline]
    pub(crate) fn row_at_distance(self, distance: usize) -> Option<&'static Row> {
        self.rows.get(distance / CELLS)
    }

    /// The cell of a kind of count, by the distance of the site from the first site in bytes.
    #[inline]
    pub(crate) fn at_distance(self, distance: usize, kind: Kind) -> Option<Cell> {
        let cell = self.cells.get(distance.wrapping_add(kind as usize))?;
        Some(Cell(cell))
    }

    /// A cell of the breakdown of a site, by the distance of the site from the first site in bytes.
    #[inline]
    pub(crate) fn breakdown_at_distance(self, distance: usize, at: usize) -> Option<Cell> {
        let begins = self.cells.get(distance.wrapping_add(BREAKDOWN))?;
        let begins = usize::try_from(begins.load(Ordering::Relaxed)).ok()?;
        self.breakdowns.get(begins + at).map(Cell)
    }

    /// A cell of the breakdown of a site, by the position of the site.
    pub(crate) fn breakdown(self, index: usize, at: usize) -> Option<Cell> {
        self.breakdown_at_distance(index * CELLS, at)
    }

    /// A cell of a kind of count, by the position of the site.
    pub(crate) fn cell(self, index: usize, kind: Kind) -> Option<Cell> {
        self.at_distance(index * CELLS, kind)
    }

    /// Whether both are the same shard.
    pub(crate) fn is(self, other: Self) -> bool {
        std::ptr::eq(self.cells, other.cells)
    }

    #[cfg(test)]
    pub(crate) fn add(self, index: usize, kind: Kind, n: u64) {
        self.cell(index, kind).unwrap().add(n);
    }
}

/// A cell of the shard of the calling thread.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell(&'static AtomicU64);

impl Cell {
    /// The cell of a kind of count in the cells of its site.
    #[inline]
    pub(crate) fn of(row: &'static Row, kind: Kind) -> Option<Self> {
        row.get(kind as usize).map(Self)
    }

    /// Adds without a locked instruction, because only this thread writes the cell.
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
    flushed: BTreeMap<Metric, u64>,
    /// The flushed totals of the breakdown of each site.
    flushed_breakdown: Vec<Vec<u64>>,
    refused: Vec<Datum>,
    open: OpenCalls,
}

impl Buffer {
    /// Creates an empty buffer for the given sites.
    pub(crate) fn new(sites: fn() -> &'static [Site]) -> Self {
        Self {
            sites,
            state: Mutex::new(State {
                shards: Vec::new(),
                free: Vec::new(),
                flushed: BTreeMap::new(),
                flushed_breakdown: Vec::new(),
                refused: Vec::new(),
                open: OpenCalls::default(),
            }),
        }
    }

    /// Leases a shard, which no other thread writes, to the calling thread.
    pub(crate) fn claim(&self) -> Shard {
        let mut state = lock(&self.state);
        if let Some(shard) = state.free.pop() {
            return shard;
        }
        let shard = self.allocate();
        state.shards.push(shard);
        shard
    }

    /// Takes back the shard of a thread that ends. Its totals are kept.
    pub(crate) fn release(&self, shard: Shard) {
        lock(&self.state).free.push(shard);
    }

    /// Adds for a thread whose destructors have run, in a shard leased for this count.
    pub(crate) fn add_once(&self, n: u64, cell: impl FnOnce(Shard) -> Option<Cell>) {
        let shard = self.claim();
        if let Some(cell) = cell(shard) {
            cell.add(n);
        }
        self.release(shard);
    }

    /// Returns the growth of every metric since the previous drain, zeros included, and the data that were put back.
    pub(crate) fn drain(&self, at: SystemTime, still_open: StillOpen) -> Snapshot {
        let mut state = lock(&self.state);
        let state = &mut *state;
        let shards = &state.shards;
        let breakdowns = self.breakdowns(shards);
        let totals = self.sum(shards, &breakdowns, |site, counted| {
            state.open.settle(site, counted, still_open)
        });
        let refused = std::mem::take(&mut state.refused);
        let growth = totals.iter().map(|(metric, &total)| {
            let flushed = state.flushed.get(metric).copied().unwrap_or(0);
            Datum::growth(*metric, total.wrapping_sub(flushed))
        });
        let mut snapshot = Snapshot::new(at, growth);
        snapshot.extend(breakdown::levels((self.sites)(), Level::take_most));
        snapshot.extend(self.growth_of_breakdowns(&state.flushed_breakdown, &breakdowns));
        snapshot.put_back(refused);
        state.flushed = totals;
        state.flushed_breakdown = breakdowns;
        snapshot
    }

    /// Takes back data that a sink certainly did not accept, for the next drain.
    pub(crate) fn put_back(&self, data: &[Datum]) {
        let mut state = lock(&self.state);
        let kept = data.iter().filter(|datum| !datum.value.is_zero());
        for datum in kept {
            Datum::merge_newer(&mut state.refused, datum.clone());
        }
    }

    /// The total of each metric since the start, flushed or not.
    pub(crate) fn totals(&self) -> BTreeMap<MetricName, u64> {
        let shards = &lock(&self.state).shards;
        let mut totals = BTreeMap::new();
        for (metric, sum) in self.sum(shards, &self.breakdowns(shards), |_, counted| {
            counted.outcomes
        }) {
            let total = totals.entry(metric.name).or_insert(0_u64);
            *total = total.wrapping_add(sum);
        }
        totals
    }

    /// The totals of the breakdown of each site since the start.
    pub(crate) fn breakdown_totals(&self) -> Vec<Vec<u64>> {
        self.breakdowns(&lock(&self.state).shards)
    }

    /// The growth of the breakdowns since the given totals, and the open calls, which a flush still sends.
    pub(crate) fn breakdowns_since(&self, before: &[Vec<u64>]) -> Vec<Datum> {
        let levels = breakdown::levels((self.sites)(), Level::most);
        let mut data = self.growth_of_breakdowns(before, &self.breakdown_totals());
        data.extend(levels);
        data
    }

    /// Resets the maximum of the open calls.
    pub(crate) fn reset_levels(&self) {
        drop(breakdown::levels((self.sites)(), Level::take_most));
    }

    /// The number of shards, leased or not.
    #[cfg(test)]
    pub(crate) fn shards(&self) -> usize {
        lock(&self.state).shards.len()
    }

    /// The total of each metric. `outcomes` returns the outcomes to send for a site that tracks open calls.
    fn sum(
        &self,
        shards: &[Shard],
        breakdowns: &[Vec<u64>],
        mut outcomes: impl FnMut(usize, Counted) -> [u64; OUTCOMES],
    ) -> BTreeMap<Metric, u64> {
        let mut totals = BTreeMap::new();
        for ((index, site), breakdown) in (self.sites)().iter().enumerate().zip(breakdowns) {
            let sum = |kind| {
                let cells = shards.iter().filter_map(|it| it.cell(index, kind));
                cells.fold(0_u64, |sum, cell| sum.wrapping_add(cell.get()))
            };
            let of_breakdown = |kind| breakdown::sum(site.declaration, breakdown, kind);
            let [calls, mut ended @ ..] =
                Kind::ALL.map(|kind| sum(kind).wrapping_add(of_breakdown(kind)));
            if site.tracks_open_calls() {
                // Pairs with the release fence in `record.rs`: after an end was read, its beginning is visible.
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

    /// The totals of the breakdown of each site since the start.
    fn breakdowns(&self, shards: &[Shard]) -> Vec<Vec<u64>> {
        let sites = (self.sites)().iter().enumerate();
        let breakdown = |(index, site): (usize, &Site)| -> Vec<u64> {
            let sum = |at| {
                let cells = shards.iter().filter_map(|it| it.breakdown(index, at));
                cells.fold(0_u64, |sum, cell| sum.wrapping_add(cell.get()))
            };
            (0..breakdown::cells(site.declaration)).map(sum).collect()
        };
        sites.map(breakdown).collect()
    }

    /// The growth of all breakdowns, sorted by dimensions.
    fn growth_of_breakdowns(&self, flushed: &[Vec<u64>], breakdowns: &[Vec<u64>]) -> Vec<Datum> {
        let mut data = Vec::new();
        for ((index, site), breakdown) in (self.sites)().iter().enumerate().zip(breakdowns) {
            let before = flushed.get(index).map(Vec::as_slice).unwrap_or_default();
            let before = before.iter().copied().chain(std::iter::repeat(0));
            let growth: Vec<u64> = breakdown
                .iter()
                .zip(before)
                .map(|(now, before)| now.wrapping_sub(before))
                .collect();
            data.extend(breakdown::data(site, &growth));
        }
        data.sort_by(|one, other| one.dimensions.cmp(&other.dimensions));
        data
    }

    // Leaked on purpose: a cell outlives its thread, and there are only as many shards as threads that were alive at once.
    fn allocate(&self) -> Shard {
        let sites = (self.sites)();
        let cells = padded(sites.len() * CELLS);
        let mut begins = 0_usize;
        for (index, site) in sites.iter().enumerate() {
            if let Some(cell) = cells.get(index * CELLS + BREAKDOWN) {
                cell.store(begins as u64, Ordering::Relaxed);
            }
            begins += breakdown::cells(site.declaration);
        }
        Shard {
            cells,
            rows: cells.as_chunks().0,
            breakdowns: padded(begins),
        }
    }
}

fn padded(cells: usize) -> &'static [AtomicU64] {
    if cells == 0 {
        return &[];
    }
    let padded = (0..cells + 2 * PADDING).map(|_| AtomicU64::new(0));
    let padded: &'static [AtomicU64] = Box::leak(padded.collect());
    padded.get(PADDING..PADDING + cells).unwrap_or_default()
}
