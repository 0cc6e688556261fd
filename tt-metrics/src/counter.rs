//! The hot path: one plain store to a cell that this thread owns.

use std::cell::Cell;

use crate::{
    buffer::{BUFFER, Row, Shard},
    site::{Kind, SITES, Site},
};

/// What a thread needs to count: where the sites begin and its own row for each.
///
/// Both are empty until the first count of the thread, so "not registered yet", "thread has ended" and "not a site of
/// this binary" are one comparison.
struct Local {
    sites: Cell<*const Site>,
    rows: Cell<&'static [Row]>,
}

thread_local! {
    // Constant and without a destructor: access is one address computation.
    static LOCAL: Local = const {
        Local { sites: Cell::new(std::ptr::null()), rows: Cell::new(&[]) }
    };
    // Its destructor hands the shard to the next thread.
    static LEASE: Lease = Lease(BUFFER.claim());
}

/// A shard for as long as a thread lives.
struct Lease(Shard);

impl Drop for Lease {
    fn drop(&mut self) {
        // Destructors of other thread locals may still count: from here on they lease a shard for each count.
        LOCAL.with(|local| local.rows.set(&[]));
        BUFFER.release(self.0);
    }
}

/// Adds `n` to one cell of a site.
#[inline]
pub(crate) fn add(site: &'static Site, kind: Kind, n: u64) {
    LOCAL.with(|local| {
        let offset = std::ptr::from_ref(site)
            .addr()
            .wrapping_sub(local.sites.get().addr());
        match local.rows.get().get(offset / size_of::<Site>()) {
            Some(row) => row.add(kind, n),
            None => add_unregistered(site, kind, n),
        }
    });
}

/// The first count of a thread, and every count after the thread's destructors ran.
#[cold]
#[inline(never)]
fn add_unregistered(site: &'static Site, kind: Kind, n: u64) {
    let Some(index) = index_of(site) else {
        return;
    };
    let registered = LEASE.try_with(|lease| {
        LOCAL.with(|local| {
            local.sites.set(SITES.as_ptr());
            local.rows.set(lease.0);
        });
        lease.0
    });
    match registered {
        Ok(shard) => {
            if let Some(row) = shard.get(index) {
                row.add(kind, n);
            }
        }
        Err(_ended) => BUFFER.add_once(index, kind, n),
    }
}

/// The position of a site in the list, if it is part of it.
fn index_of(site: &'static Site) -> Option<usize> {
    SITES.iter().position(|other| std::ptr::eq(other, site))
}
