//! One sync function, counted in several ways; the body is the same in all of them.

use std::{
    cell::Cell,
    collections::HashMap,
    sync::{
        LazyLock, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// An order that ends well.
pub const GOOD: u64 = 7;

/// The body can fail and can panic, as real ones can, so that a counted call needs its guard against panics.
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

/// Counts nothing.
#[inline(never)]
pub fn not_counted(order: u64) -> Shipped {
    body(order)
}

/// The same code at another address: what the layout of code alone changes.
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

/// The limit: counts in a cell of the thread that nobody else can read, and not when the body panics.
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

/// Counts with the attribute, interrupted calls too.
#[inline(never)]
#[tt_metrics::count_outcome(
    success = "BenchShipped",
    failure = "BenchFailed",
    interrupted = "BenchInterrupted"
)]
pub fn counted_with_interrupted(order: u64) -> Shipped {
    body(order)
}

/// Counts calls with the attribute, whatever becomes of them.
#[inline(never)]
#[tt_metrics::count("BenchCalls")]
pub fn calls_counted(order: u64) -> Shipped {
    body(order)
}

static ATOMIC: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];

/// Counts with a locked instruction in a cell that all threads share.
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

/// What a function returns that hands out a row of numbers.
pub type Row = Result<[u64; 16], Refused>;

/// A body whose result is too large for registers.
#[inline]
fn row(order: u64) -> Row {
    body(order).map(|order| [order; 16])
}

/// Counts nothing of a call with a large result.
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

/// What a function returns that makes text.
pub type Text = Result<String, Refused>;

#[inline]
fn text(order: u64) -> Text {
    body(order).map(|_| String::new())
}

/// Counts nothing of a call that returns text.
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

/// Counts a call that returns text, interrupted calls too.
#[inline(never)]
#[tt_metrics::count_outcome(
    success = "BenchShipped",
    failure = "BenchFailed",
    interrupted = "BenchInterrupted"
)]
pub fn text_counted_with_interrupted(order: u64) -> Text {
    text(order)
}
