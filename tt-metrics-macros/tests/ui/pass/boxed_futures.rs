//! Futures in boxes of every kind, and behind names like those of `futures` that mean another type.
#![deny(warnings)]
use std::{
    future::{Future, ready},
    pin::Pin,
};

use tt_metrics::{capture, count, count_outcome};

/// Yields a `Result`, which none of its arguments is.
type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, u8>> + Send + 'a>>;

#[count("C")]
#[count_outcome(success = "S", failure = "F")]
fn later<'a>(text: &'a str) -> BoxFuture<'a, &'a str> {
    Box::pin(async move { Ok(text) })
}

#[count("C")]
#[count_outcome(success = "S", failure = "F", latency = "L")]
fn later_elsewhere(text: &str) -> BoxFuture<'_, usize> {
    if text.is_empty() {
        return Box::pin(ready(Err(0)));
    }
    Box::pin(async { Ok(text.len()) })
}

mod two_arguments {
    use super::*;

    /// The last argument is not what it yields.
    type LocalBoxFuture<T, E> = Pin<Box<dyn Future<Output = Result<T, E>>>>;

    #[count("C")]
    #[count_outcome(success = "S", failure = "F")]
    pub fn later(n: usize) -> LocalBoxFuture<usize, String> {
        Box::pin(ready(Ok(n)))
    }
}

#[count("C")]
#[count_outcome(success = "S", failure = "F")]
fn opaque(n: u8) -> Box<impl Future<Output = Option<u8>>> {
    Box::new(async move { Some(n) })
}

#[count("C")]
#[count_outcome(success = "S", failure = "F")]
fn opaque_unpinned(n: u8) -> Box<impl Future<Output = Option<u8>> + Unpin> {
    Box::new(ready(Some(n)))
}

#[count("C")]
#[count_outcome(success = "S", failure = "F", items = 2)]
fn erased(n: u8) -> Box<dyn Future<Output = Option<u8>> + Send> {
    Box::new(async move { Some(n) })
}

#[count("C")]
#[count_outcome(success = "S", failure = "F", interrupted = "I")]
fn opaque_pinned(n: u8) -> Pin<Box<impl Future<Output = Option<u8>>>> {
    if n == 0 {
        return Box::pin(ready(None));
    }
    Box::pin(ready(Some(n)))
}

fn now<F: Future>(future: F) -> F::Output {
    futures_util::FutureExt::now_or_never(future).unwrap()
}

fn main() {
    let metrics = capture();
    assert_eq!(now(later("a")), Ok("a"));
    assert_eq!(now(later_elsewhere("")), Err(0));
    assert_eq!(now(later_elsewhere("a")), Ok(1));
    assert_eq!(now(two_arguments::later(1)), Ok(1));
    assert_eq!(now(Box::into_pin(opaque(1))), Some(1));
    assert_eq!(now(opaque_unpinned(1)), Some(1));
    assert_eq!(now(Box::into_pin(erased(1))), Some(1));
    assert_eq!(now(opaque_pinned(0)), None);
    let counted = ["C", "S", "F"].map(|metric| metrics.count(metric));
    assert_eq!(counted, [8, 7, 2]);
}
