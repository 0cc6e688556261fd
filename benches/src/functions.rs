//! One sync function with the same body, counted in several ways.

use std::{
    cell::Cell,
    collections::HashMap,
    sync::{
        LazyLock, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// An order for which the body succeeds.
pub const GOOD: u64 = 7;

/// A body that can fail and panic, so that the compiler keeps the guard of a counted call.
#[inline]
pub fn body(order: u64) -> Result<u64, Refused> {
    assert!(order != 0, "an order has a number");
    if order > 1_000_000 {
        return Err(Refused);
    }
    Ok(order ^ 0x5a)
}

/// Why an order was not shipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused;

/// What the body returns.
pub type Shipped = Result<u64, Refused>;

/// Does not count.
#[inline(never)]
pub fn not_counted(order: u64) -> Shipped {
    body(order)
}

/// The same code at another address, which shows the influence of the code layout.
#[inline(never)]
pub fn not_counted_again(order: u64) -> Shipped {
    let shipped = body(order);
    std::hint::black_box(());
    shipped
}

thread_local! {
    static SHIPPED: Cell<u64> = const { Cell::new(0) };
    static FAILED: Cell<u64> = const { Cell::new(0) };
}

/// The limit: counts in a cell that only its thread can read, and does not count a panic.
#[inline(never)]
pub fn thread_local(order: u64) -> Shipped {
    let shipped = body(order);
    let cell = if shipped.is_ok() { &SHIPPED } else { &FAILED };
    cell.set(cell.get() + 1);
    shipped
}

/// Counts with the attribute.
#[inline(never)]
#[tt_metrics::count_outcome(success = "BenchShipped", failure = "BenchFailed")]
pub fn counted(order: u64) -> Shipped {
    body(order)
}

/// Counts with the attribute, including interrupted calls.
#[inline(never)]
#[tt_metrics::count_outcome(
    success = "BenchShipped",
    failure = "BenchFailed",
    interrupted = "BenchInterrupted"
)]
pub fn counted_with_interrupted(order: u64) -> Shipped {
    body(order)
}

/// Counts calls with the attribute, regardless of their outcome.
#[inline(never)]
#[tt_metrics::count("BenchCalls")]
pub fn calls_counted(order: u64) -> Shipped {
    body(order)
}

static ATOMIC: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];

/// Counts with an atomic operation in a cell that all threads share.
#[inline(never)]
pub fn shared_atomic(order: u64) -> Shipped {
    let shipped = body(order);
    let [success, failure] = &ATOMIC;
    let cell = if shipped.is_ok() { success } else { failure };
    cell.fetch_add(1, Ordering::Relaxed);
    shipped
}

static MAP: LazyLock<Mutex<HashMap<&'static str, u64>>> = LazyLock::new(Mutex::default);

/// Counts in a map of names behind a lock.
#[inline(never)]
pub fn locked_map(order: u64) -> Shipped {
    let shipped = body(order);
    let name = if shipped.is_ok() {
        "BenchShipped"
    } else {
        "BenchFailed"
    };
    let mut map = MAP.lock().unwrap_or_else(PoisonError::into_inner);
    *map.entry(name).or_default() += 1;
    shipped
}

/// A result with many numbers.
pub type Row = Result<[u64; 16], Refused>;

/// A body whose result is too large for registers.
#[inline]
fn row(order: u64) -> Row {
    body(order).map(|order| [order; 16])
}

/// Does not count a call with a large result.
#[inline(never)]
pub fn large_not_counted(order: u64) -> Row {
    row(order)
}

/// Counts a call with a large result.
#[inline(never)]
#[tt_metrics::count_outcome(success = "BenchShipped", failure = "BenchFailed")]
pub fn large_counted(order: u64) -> Row {
    row(order)
}

/// A result with text.
pub type Text = Result<String, Refused>;

#[inline]
fn text(order: u64) -> Text {
    body(order).map(|_| String::new())
}

/// Does not count a call that returns text.
#[inline(never)]
pub fn text_not_counted(order: u64) -> Text {
    text(order)
}

/// Counts a call that returns text.
#[inline(never)]
#[tt_metrics::count_outcome(success = "BenchShipped", failure = "BenchFailed")]
pub fn text_counted(order: u64) -> Text {
    text(order)
}

/// Counts a call that returns text, including interrupted calls.
#[inline(never)]
#[tt_metrics::count_outcome(
    success = "BenchShipped",
    failure = "BenchFailed",
    interrupted = "BenchInterrupted"
)]
pub fn text_counted_with_interrupted(order: u64) -> Text {
    text(order)
}
