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

/// What a thread needs to count: where the sites begin and its own cells.
///
/// Both are empty until the first count of the thread, so "not registered yet", "thread has ended" and "not a site of
/// this binary" are one comparison.
struct Local {
    sites: Cell<*const Site>,
    shard: Cell<Shard>,
}

thread_local! {
    // Constant and without a destructor: access is one address computation.
    static LOCAL: Local = const {
        Local { sites: Cell::new(std::ptr::null()), shard: Cell::new(Shard::EMPTY) }
    };
    // Its destructor hands the shard to the next thread.
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

/// A shard for as long as a thread lives.
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
        // Destructors of other thread locals may still count: from here on they lease a shard for each count.
        LOCAL.with(|local| local.shard.set(Shard::EMPTY));
        self.buffer.release(self.shard);
    }
}

impl Local {
    /// A cell of a site, unless the thread has not counted yet.
    #[inline]
    fn cell(&self, site: &'static Site, kind: Kind) -> Option<buffer::Cell> {
        self.shard.get().at_distance(self.distance(site), kind)
    }

    /// All cells of a site, unless the thread has not counted yet.
    #[inline]
    fn row(&self, site: &'static Site) -> Option<&'static Row> {
        self.shard.get().row_at_distance(self.distance(site))
    }

    /// A cell of the detail of a site, unless the thread has not counted yet.
    #[inline]
    fn detail(&self, site: &'static Site, at: usize) -> Option<buffer::Cell> {
        self.shard.get().detail_at_distance(self.distance(site), at)
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

/// A sync call that began: where its end is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun {
    site: &'static Site,
    /// The cells of the site, found at the beginning where that is counted, too: the thread stays the same to the end.
    row: Option<&'static Row>,
}

impl Begun {
    /// Counts the beginning, where calls that never end are to be told.
    #[inline]
    pub(crate) fn begin(site: &'static Site) -> Self {
        let mut row = None;
        if site.knows_open_calls() {
            row = LOCAL.with(|local| local.row(site));
            row = row.or_else(|| lease_for(site));
            match row.and_then(|row| buffer::Cell::of(row, Kind::Began)) {
                Some(cell) => cell.add(1),
                None => add_unregistered(site, Kind::Began, 1),
            }
        }
        Self { site, row }
    }

    /// Counts how the call ended.
    #[inline]
    pub(crate) fn end(self, kind: Kind) {
        match self.cell(kind) {
            Some(cell) => cell.add(1),
            None => add_unregistered(self.site, kind, 1),
        }
    }

    /// Counts how the call ended and gives the value back.
    ///
    /// The rare way takes the value along, so that nothing of the usual way has to be saved across a call.
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
        if self.site.knows_open_calls() {
            // Who sees the end of a call sees its beginning too. No instruction on x86.
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

/// Adds `n` to one cell of the detail of a site.
#[inline]
pub(crate) fn add_detail(site: &'static Site, at: usize, n: u64) {
    match LOCAL.with(|local| local.detail(site, at)) {
        Some(cell) => cell.add(n),
        None => add_detail_unregistered(site, at, n),
    }
}

/// The first count of a thread, and every count after the thread's destructors ran.
#[cold]
#[inline(never)]
fn add_unregistered(site: &'static Site, kind: Kind, n: u64) {
    if let Some(index) = index_of(site) {
        register(n, |shard| shard.cell(index, kind));
    }
}

/// All cells of a site for a thread that has not counted yet, unless it has ended.
#[cold]
#[inline(never)]
fn lease_for(site: &'static Site) -> Option<&'static Row> {
    lease()?.row_at_distance(index_of(site)? * size_of::<Site>())
}

#[cold]
#[inline(never)]
fn add_detail_unregistered(site: &'static Site, at: usize, n: u64) {
    if let Some(index) = index_of(site) {
        register(n, |shard| shard.detail(index, at));
    }
}

/// Leases a shard for as long as the thread lives, unless that has ended.
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

/// Counts in the shard that the thread leases.
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

/// Makes this thread count into another shard; gives back the one it counted into before.
pub(crate) fn redirect(shard: Shard) -> Shard {
    LOCAL.with(|local| {
        local.sites.set(SITES.as_ptr());
        local.shard.replace(shard)
    })
}

/// The position of a site in the list, if it is part of it.
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

    /// Counts when its thread ends, and tells whether the thread still had a shard before and after that.
    struct Last(OnceCell<mpsc::Sender<[bool; 2]>>);

    impl Drop for Last {
        fn drop(&mut self) {
            let has_shard = || LOCAL.with(|local| !local.shard.get().is(Shard::EMPTY));
            let before = has_shard();
            add(&SITE, Kind::Calls, 1);
            if let Some(told) = self.0.get() {
                told.send([before, has_shard()]).unwrap();
            }
        }
    }

    #[test]
    fn a_destructor_that_counts_after_the_shard_was_handed_on_does_not_write_it() {
        thread_local! {
            static LAST: Last = const { Last(OnceCell::new()) };
        }
        let (told, tells) = mpsc::channel();
        let counts = move || {
            // Made before the thread first counts, so dropped after it has handed its shard on, to a thread that may
            // write it at the same time.
            LAST.with(|last| last.0.set(told).unwrap());
            add(&SITE, Kind::Calls, 1);
        };
        thread::spawn(counts).join().unwrap();
        assert_eq!(tells.recv(), Ok([false, false]));
    }
}
