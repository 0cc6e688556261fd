//! The hot path: one plain store to a cell that this thread owns.

use std::{cell::Cell, sync::OnceLock};

use crate::{
    count::{
        buffer::{self, BUFFER, Buffer, Row, Shard},
        sync::{Ordering, fence},
    },
    declare::{
        kind::Kind,
        site::{SITES, Site},
    },
};

/// The state of a counting thread: the address of the first site, and its own cells.
///
/// Both are empty until the thread counts for the first time, so one comparison covers a thread that has not leased a
/// shard, a thread that has ended, and a site that is not part of the program.
struct Local {
    sites: Cell<*const Site>,
    shard: Cell<Shard>,
}

thread_local! {
    // Constant and without a destructor, so that access is one address computation.
    static LOCAL: Local = const {
        Local { sites: Cell::new(std::ptr::null()), shard: Cell::new(Shard::EMPTY) }
    };
    // Its destructor returns the shard for the next thread.
    static LEASE: Lease = Lease::new(first_buffer());
}

/// Chooses the buffer of a thread that counts for the first time, where tests capture counts.
static ROUTE: OnceLock<fn() -> &'static Buffer> = OnceLock::new();

/// Lets a function choose the buffer of each thread that has not counted yet; the first function stays.
#[cfg(any(feature = "lambda", feature = "put-metric-data"))]
pub(crate) fn route_new_threads(route: fn() -> &'static Buffer) {
    ROUTE.get_or_init(|| route);
}

fn first_buffer() -> &'static Buffer {
    match ROUTE.get() {
        Some(route) => route(),
        None => &BUFFER,
    }
}

/// The shard of a thread until it ends.
struct Lease {
    buffer: &'static Buffer,
    shard: Shard,
}

impl Lease {
    fn new(buffer: &'static Buffer) -> Self {
        let shard = buffer.claim();
        Self { buffer, shard }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Destructors of other thread-locals may still count. From now on, each of their counts leases a shard.
        LOCAL.with(|local| local.shard.set(Shard::EMPTY));
        self.buffer.release(self.shard);
    }
}

impl Local {
    /// A cell of a site, if the thread has a shard.
    #[inline]
    fn cell(&self, site: &'static Site, kind: Kind) -> Option<buffer::Cell> {
        self.shard.get().at_distance(self.distance(site), kind)
    }

    /// All cells of a site, if the thread has a shard.
    #[inline]
    fn row(&self, site: &'static Site) -> Option<&'static Row> {
        self.shard.get().row_at_distance(self.distance(site))
    }

    /// A cell of the breakdown of a site, if the thread has a shard.
    #[inline]
    fn breakdown(&self, site: &'static Site, at: usize) -> Option<buffer::Cell> {
        self.shard
            .get()
            .breakdown_at_distance(self.distance(site), at)
    }

    #[inline]
    fn distance(&self, site: &'static Site) -> usize {
        let first = self.sites.get().addr();
        std::ptr::from_ref(site).addr().wrapping_sub(first)
    }
}

/// Adds `n` to one cell of a site.
#[inline]
pub(crate) fn add(site: &'static Site, kind: Kind, n: u64) {
    match LOCAL.with(|local| local.cell(site, kind)) {
        Some(cell) => cell.add(n),
        None => add_unregistered(site, kind, n),
    }
}

/// A sync call that began, with the cells in which its end is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StartedCall {
    site: &'static Site,
    /// The cells of the site, if the beginning was counted. A sync call ends on the thread on which it began.
    row: Option<&'static Row>,
}

impl StartedCall {
    /// Counts the beginning, if the site tracks open calls.
    #[inline]
    pub(crate) fn begin(site: &'static Site) -> Self {
        let mut row = None;
        if site.tracks_open_calls() {
            row = LOCAL.with(|local| local.row(site));
            row = row.or_else(|| lease_for(site));
            match row.and_then(|row| buffer::Cell::of(row, Kind::Began)) {
                Some(cell) => cell.add(1),
                None => add_unregistered(site, Kind::Began, 1),
            }
        }
        Self { site, row }
    }

    /// Counts the outcome.
    #[inline]
    pub(crate) fn end(self, kind: Kind) {
        match self.cell(kind) {
            Some(cell) => cell.add(1),
            None => add_unregistered(self.site, kind, 1),
        }
    }

    /// Counts the outcome and returns the value.
    ///
    /// The cold path takes the value as an argument, so that the hot path saves no register across a call.
    #[inline]
    pub(crate) fn end_and_return<R>(self, kind: Kind, value: R) -> R {
        match self.cell(kind) {
            Some(cell) => {
                cell.add(1);
                value
            }
            None => add_unregistered_and_return(self.site, kind, 1, value),
        }
    }

    #[inline]
    fn cell(self, kind: Kind) -> Option<buffer::Cell> {
        if self.site.tracks_open_calls() {
            // The fence makes the beginning visible to any thread that observes the end. On x86 it is no instruction.
            fence(Ordering::Release);
            buffer::Cell::of(self.row?, kind)
        } else {
            LOCAL.with(|local| local.cell(self.site, kind))
        }
    }
}

#[cold]
#[inline(never)]
fn add_unregistered_and_return<R>(site: &'static Site, kind: Kind, n: u64, value: R) -> R {
    add_unregistered(site, kind, n);
    value
}

/// Adds `n` to one cell of the breakdown of a site.
#[inline]
pub(crate) fn add_breakdown(site: &'static Site, at: usize, n: u64) {
    match LOCAL.with(|local| local.breakdown(site, at)) {
        Some(cell) => cell.add(n),
        None => add_breakdown_unregistered(site, at, n),
    }
}

/// The first count of a thread, and every count after its destructors have run.
#[cold]
#[inline(never)]
fn add_unregistered(site: &'static Site, kind: Kind, n: u64) {
    if let Some(index) = index_of(site) {
        register(n, |shard| shard.cell(index, kind));
    }
}

/// All cells of a site for a thread that counts for the first time; `None` if its destructors have run.
#[cold]
#[inline(never)]
fn lease_for(site: &'static Site) -> Option<&'static Row> {
    lease()?.row_at_distance(index_of(site)? * size_of::<Site>())
}

#[cold]
#[inline(never)]
fn add_breakdown_unregistered(site: &'static Site, at: usize, n: u64) {
    if let Some(index) = index_of(site) {
        register(n, |shard| shard.breakdown(index, at));
    }
}

/// Leases a shard until the thread ends; `None` if its destructors have run.
fn lease() -> Option<Shard> {
    let registered = LEASE.try_with(|lease| {
        LOCAL.with(|local| {
            local.sites.set(SITES.as_ptr());
            local.shard.set(lease.shard);
        });
        lease.shard
    });
    registered.ok()
}

/// Counts in the shard of the thread, or in one leased for this count if the thread has ended.
fn register(n: u64, cell: impl FnOnce(Shard) -> Option<buffer::Cell>) {
    match lease() {
        Some(shard) => {
            if let Some(cell) = cell(shard) {
                cell.add(n);
            }
        }
        None => BUFFER.add_once(n, cell),
    }
}

/// Makes this thread count into another shard, and returns the previous one.
pub(crate) fn redirect(shard: Shard) -> Shard {
    LOCAL.with(|local| {
        local.sites.set(SITES.as_ptr());
        local.shard.replace(shard)
    })
}

/// The position of a site in the list of sites.
fn index_of(site: &'static Site) -> Option<usize> {
    SITES.iter().position(|other| std::ptr::eq(other, site))
}

#[cfg(test)]
mod tests {
    use std::{cell::OnceCell, sync::mpsc, thread};

    use super::*;
    use crate::{declare::declaration::Declaration, metric::MetricName};

    const DECLARATION: Declaration = Declaration {
        calls: Some(MetricName::new("CounterCalls")),
        ..Declaration::new("counter", file!(), line!(), "")
    };

    #[linkme::distributed_slice(SITES)]
    #[expect(unsafe_code, reason = "the list of sites is a section of the binary")]
    static SITE: Site = Site::new(&DECLARATION, &[]);

    /// Counts when its thread ends, and reports whether the thread had a shard before and after.
    struct CountOnDrop(OnceCell<mpsc::Sender<[bool; 2]>>);

    impl Drop for CountOnDrop {
        fn drop(&mut self) {
            let has_shard = || LOCAL.with(|local| !local.shard.get().is(Shard::EMPTY));
            let before = has_shard();
            add(&SITE, Kind::Calls, 1);
            if let Some(report) = self.0.get() {
                report.send([before, has_shard()]).unwrap();
            }
        }
    }

    #[test]
    fn a_destructor_that_counts_after_the_shard_was_returned_does_not_write_it() {
        thread_local! {
            static LAST: CountOnDrop = const { CountOnDrop(OnceCell::new()) };
        }
        let (report, reports) = mpsc::channel();
        let counts = move || {
            // Created before the thread first counts, so dropped after the shard was returned, when another thread
            // may already write it.
            LAST.with(|last| last.0.set(report).unwrap());
            add(&SITE, Kind::Calls, 1);
        };
        thread::spawn(counts).join().unwrap();
        assert_eq!(reports.recv(), Ok([false, false]));
    }
}
