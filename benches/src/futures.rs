//! One async function, counted in several ways.
#![expect(
    clippy::unused_async,
    reason = "a future that never waits shows the cost of counting alone"
)]

use std::{
    cell::Cell,
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use crate::functions::{Shipped, body};

/// Does not count.
pub async fn not_counted(order: u64) -> Shipped {
    body(order)
}

thread_local! {
    static SHIPPED: Cell<u64> = const { Cell::new(0) };
    static FAILED: Cell<u64> = const { Cell::new(0) };
}

/// The limit: counts in a cell that only its thread can read, and only calls that end.
pub async fn thread_local(order: u64) -> Shipped {
    let shipped = body(order);
    let cell = if shipped.is_ok() { &SHIPPED } else { &FAILED };
    cell.set(cell.get() + 1);
    shipped
}

/// Counts with the attribute.
#[tt_metrics::count_outcome(success = "BenchShipped", failure = "BenchFailed")]
pub async fn counted(order: u64) -> Shipped {
    body(order)
}

/// Counts with the attribute, including interrupted calls.
#[tt_metrics::count_outcome(
    success = "BenchShipped",
    failure = "BenchFailed",
    interrupted = "BenchInterrupted"
)]
pub async fn counted_with_interrupted(order: u64) -> Shipped {
    body(order)
}

/// Runs a future that never waits.
pub fn run(future: impl Future<Output = ()>) {
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(()) = pin!(future).poll(&mut cx) else {
        return;
    };
}
