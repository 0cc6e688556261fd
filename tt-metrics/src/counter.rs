//! The hot path: one plain store to a cell that this thread owns.

use std::cell::Cell;

use crate::{
    buffer::{self, BUFFER, Buffer, Shard},
    capture,
    site::{Kind, SITES, Site},
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
    static LEASE: Lease = Lease::new(capture::home());
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

/// Adds `n` to one cell of a site and gives the value back.
///
/// The rare way takes the value along, so that nothing of the usual way has to be saved across a call.
#[inline]
pub(crate) fn add_and_return<R>(site: &'static Site, kind: Kind, n: u64, value: R) -> R {
    // A larger value is already where the caller wants it, and would be copied there again.
    if const { size_of::<R>() > 2 * size_of::<usize>() } {
        add(site, kind, n);
        return value;
    }
    match LOCAL.with(|local| local.cell(site, kind)) {
        Some(cell) => {
            cell.add(n);
            value
        }
        None => add_unregistered_and_return(site, kind, n, value),
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

#[cold]
#[inline(never)]
fn add_detail_unregistered(site: &'static Site, at: usize, n: u64) {
    if let Some(index) = index_of(site) {
        register(n, |shard| shard.detail(index, at));
    }
}

/// Leases a shard, for as long as the thread lives where that is possible, and counts in it.
fn register(n: u64, cell: impl FnOnce(Shard) -> Option<buffer::Cell>) {
    let registered = LEASE.try_with(|lease| {
        LOCAL.with(|local| {
            local.sites.set(SITES.as_ptr());
            local.shard.set(lease.shard);
        });
        lease.shard
    });
    match registered {
        Ok(shard) => {
            if let Some(cell) = cell(shard) {
                cell.add(n);
            }
        }
        Err(_ended) => BUFFER.add_once(n, cell),
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
