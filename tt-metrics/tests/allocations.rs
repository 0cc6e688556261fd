//! A counted call allocates nothing, whatever its shape and end; only the first count of a thread does.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    future::{Future, pending},
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
};

use tt_metrics::{Outcome, count, count_outcome, outcome};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The allocator of the system, which counts how often this thread asked it for memory.
struct Counting;

#[expect(unsafe_code, reason = "only an allocator sees each allocation")]
// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the promises of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the promises of `dealloc`.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[count_outcome(
    success = "AllocDone",
    failure = "AllocFailed",
    interrupted = "AllocInterrupted"
)]
fn sync(fail: bool) -> Result<(), u8> {
    if fail { Err(1) } else { Ok(()) }
}

#[count_outcome(
    success = "AllocDone",
    failure = "AllocFailed",
    interrupted = "AllocInterrupted"
)]
async fn future(fail: bool) -> Result<(), u8> {
    std::future::ready(()).await;
    if fail { Err(1) } else { Ok(()) }
}

#[count_outcome(success = "AllocDone", interrupted = "AllocInterrupted")]
async fn hang() -> bool {
    pending().await
}

#[count("AllocCalls")]
fn call() {}

#[count("AllocItems", items = items.len())]
#[count_outcome(success = "AllocDone", failure = "AllocFailed", each)]
fn each(items: [bool; 2]) -> [bool; 2] {
    items
}

#[count_outcome(success = "AllocDone", neutral = "AllocNeutral", by = classify)]
fn classified(number: u8) -> u8 {
    number
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "a classifier takes a reference"
)]
fn classify(number: &u8) -> Outcome {
    if *number == 0 {
        Outcome::Neutral
    } else {
        Outcome::Success
    }
}

fn poll<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// A call of every shape, ending in every way but a panic, which allocates by itself.
fn calls() {
    for fail in [false, true] {
        assert_eq!(sync(fail).is_err(), fail);
        assert!(poll(future(fail)).is_ready());
        let ended = outcome!(success = "AllocDone", failure = "AllocFailed"; fail);
        assert_eq!(ended, fail);
    }
    assert!(poll(hang()).is_pending());
    call();
    assert_eq!(each([true, false]).len(), 2);
    assert_eq!(classified(0) + classified(1), 1);
}

fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.with(Cell::get);
    work();
    ALLOCATIONS.with(Cell::get) - before
}

#[test]
fn a_counted_call_allocates_nothing() {
    assert_eq!(allocations(|| drop(black_box(Box::new(1)))), 1);
    // The first count of a thread finds its cells.
    calls();
    assert_eq!(allocations(|| (0..100).for_each(|_| calls())), 0);
}
