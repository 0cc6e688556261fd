//! The buffer under a model checker: every interleaving of these threads, and every value that a relaxed load may return.
//!
//! `buffer.rs` is compiled a second time, with the primitives of loom instead of those of `sync.rs`. The model is beside the
//! buffer, not in a crate under `tests`, because that crate would need shards and cells to be public.

#[expect(
    clippy::duplicate_mod,
    dead_code,
    reason = "the second copy uses the primitives below, and its process-wide buffer is unused"
)]
#[path = "buffer.rs"]
mod buffer;

/// The items of `sync.rs`, from loom.
mod sync {
    pub(super) use loom::sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering, fence},
    };

    pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap()
    }
}

use std::time::SystemTime;

use loom::{model::Builder, sync::Arc, thread};

use self::{
    buffer::Buffer,
    sync::{Ordering, fence},
};
use crate::{
    count::{open_calls::StillOpen, snapshot::Snapshot},
    declare::{declaration::Declaration, kind::Kind, site::Site},
    metric::MetricName,
};

const DONE: MetricName = MetricName::new("Done");
const INTERRUPTED: MetricName = MetricName::new("Interrupted");
const DECLARATION: Declaration = Declaration {
    success: Some(DONE),
    interrupted: Some(INTERRUPTED),
    ..Declaration::new("f", "f.rs", 1, "")
};
static ONE: [Site; 1] = [Site::new(&DECLARATION, &[])];

fn drain(buffer: &Buffer) -> u64 {
    taken(&buffer.drain(SystemTime::UNIX_EPOCH, StillOpen::Wait))
}

fn taken(snapshot: &Snapshot) -> u64 {
    snapshot.get(DONE)
}

/// A thread that leases a shard, counts calls as `call` does, and ends.
fn live(buffer: &Buffer, counts: u64) {
    let shard = buffer.claim();
    for _ in 0..counts {
        shard.add(0, Kind::Began, 1);
        fence(Ordering::Release);
        shard.add(0, Kind::Success, 1);
    }
    buffer.release(shard);
}

/// A flush that every sink refuses.
fn refuse(buffer: &Buffer) {
    let refused = buffer.drain(SystemTime::UNIX_EPOCH, StillOpen::Wait);
    buffer.put_back(refused.data());
}

fn explore(preemptions: Option<usize>, model: impl Fn(Arc<Buffer>) + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = preemptions;
    builder.check(move || model(Arc::new(Buffer::new(|| &ONE))));
}

fn spawn<T: 'static>(
    buffer: &Arc<Buffer>,
    work: impl FnOnce(&Buffer) -> T + 'static,
) -> thread::JoinHandle<T> {
    let buffer = Arc::clone(buffer);
    thread::spawn(move || work(&buffer))
}

#[test]
fn counts_made_during_drains_are_drained_once() {
    explore(None, |buffer| {
        let counts = spawn(&buffer, |buffer| live(buffer, 2));
        let drained = drain(&buffer) + drain(&buffer);
        counts.join().unwrap();
        assert_eq!(drained + drain(&buffer), 2);
    });
}

#[test]
fn parallel_drains_share_the_counts() {
    explore(Some(3), |buffer| {
        let counts = spawn(&buffer, |buffer| live(buffer, 2));
        let other = spawn(&buffer, drain);
        let drained = drain(&buffer);
        let drained = drained + other.join().unwrap();
        counts.join().unwrap();
        assert_eq!(drained + drain(&buffer), 2);
    });
}

#[test]
fn a_shard_leased_to_another_thread_keeps_its_counts() {
    explore(Some(3), |buffer| {
        live(&buffer, 1);
        let first = spawn(&buffer, |buffer| live(buffer, 2));
        let second = spawn(&buffer, |buffer| live(buffer, 2));
        let drained = drain(&buffer);
        first.join().unwrap();
        second.join().unwrap();
        assert_eq!(drained + drain(&buffer), 5);
        assert!(buffer.shards() <= 2);
    });
}

#[test]
fn data_put_back_during_counts_and_drains_are_drained_once() {
    explore(Some(3), |buffer| {
        let counts = spawn(&buffer, |buffer| live(buffer, 2));
        let refused = spawn(&buffer, refuse);
        refuse(&buffer);
        let drained = drain(&buffer);
        counts.join().unwrap();
        refused.join().unwrap();
        assert_eq!(drained + drain(&buffer), 2);
    });
}

#[test]
fn counts_of_threads_that_end_are_not_lost() {
    explore(Some(3), |buffer| {
        let ended = spawn(&buffer, |buffer| {
            buffer.add_once(1, |shard| shard.cell(0, Kind::Success))
        });
        let counts = spawn(&buffer, |buffer| live(buffer, 1));
        let drained = drain(&buffer);
        ended.join().unwrap();
        counts.join().unwrap();
        assert_eq!(drained + drain(&buffer), 2);
    });
}

#[test]
fn a_call_that_is_open_at_a_last_moment_and_ends_later_is_counted_once() {
    explore(None, |buffer| {
        let counts = spawn(&buffer, |buffer| live(buffer, 2));
        let last_moment = buffer.drain(SystemTime::UNIX_EPOCH, StillOpen::Interrupt);
        counts.join().unwrap();
        let rest = buffer.drain(SystemTime::UNIX_EPOCH, StillOpen::Wait);
        let all = [last_moment, rest];
        let outcomes = |metric| all.iter().map(|it| it.get(metric)).sum::<u64>();
        assert_eq!(outcomes(DONE) + outcomes(INTERRUPTED), 2);
    });
}
