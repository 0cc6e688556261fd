//! What is pinned, or an `async` block in a part of the body, is not a future of the function.
#![deny(warnings)]
use std::{future::Future, pin::Pin};

use futures_util::stream::{self, BoxStream, Stream};
use tt_metrics::{Outcome, capture, count, count_outcome};

type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

fn any<T: ?Sized>(_: &T) -> Outcome {
    Outcome::Success
}

struct Connection(u8);

impl Connection {
    #[count("C")]
    #[count_outcome(success = "S", by = any)]
    fn open(port: u8) -> Pin<Box<Self>> {
        Box::pin(Self(port))
    }
}

struct Job {
    later: Boxed<u8>,
}

impl Job {
    #[count("C")]
    #[count_outcome(success = "S", by = any)]
    fn put(&mut self, n: u8) {
        self.later = Box::pin(async move { n })
    }

    #[count("C")]
    #[count_outcome(success = "S", by = any)]
    fn put_made(&mut self, later: impl Future<Output = u8> + 'static) {
        self.later = Box::pin(later)
    }
}

#[count("C")]
#[count_outcome(success = "S", by = any)]
fn rows(count: u8) -> Pin<Box<dyn Stream<Item = u8> + Send>> {
    Box::pin(stream::iter(0..count))
}

#[count("C")]
#[count_outcome(success = "S", by = any)]
fn rows_by_name(count: u8) -> BoxStream<'static, u8> {
    if count > 9 {
        return Box::pin(stream::empty());
    }
    Box::pin(stream::iter(0..count))
}

#[count("C")]
#[count_outcome(success = "S", by = any)]
fn pinned<F: Future>(future: F) -> Pin<Box<F>> {
    Box::pin(future)
}

#[count("C")]
#[count_outcome(success = "S", by = any)]
fn handler(base: u8) -> impl Fn(u8) -> Boxed<u8> {
    move |n| -> Boxed<u8> { Box::pin(async move { base + n }) }
}

#[count("C")]
#[count_outcome(success = "S", by = any)]
fn boxed_handler(base: u8) -> Box<dyn Fn(u8) -> Boxed<u8>> {
    Box::new(move |n| Box::pin(async move { base + n }))
}

#[count("C")]
#[count_outcome(success = "S", by = any)]
fn later_handler(base: u8) -> impl AsyncFn(u8) -> u8 {
    move |n: u8| async move { base + n }
}

struct Runtime;

impl Runtime {
    fn track<F: Future>(&self, future: F) -> Option<F::Output> {
        futures_util::FutureExt::now_or_never(future)
    }
}

fn pin<F: Future>(future: F) -> Option<F::Output> {
    Runtime.track(future)
}

#[count("C")]
#[count_outcome(success = "S", failure = "F")]
fn of_another_track(runtime: &Runtime) -> Option<String> {
    runtime.track(async move { String::new() })
}

#[count("C")]
#[count_outcome(success = "S", failure = "F")]
fn of_another_pin() -> Option<String> {
    self::pin(async { String::new() })
}

fn main() {
    let metrics = capture();
    assert_eq!(Connection::open(1).0, 1);
    let mut job = Job { later: rows_of(1) };
    job.put(2);
    job.put_made(async { 3 });
    assert_eq!(pin(job.later), Some(3));
    drop((rows(1), rows_by_name(2), pinned(async {})));
    assert_eq!(pin(handler(1)(2)), Some(3));
    assert_eq!(pin(boxed_handler(1)(2)), Some(3));
    let handle = later_handler(1);
    assert_eq!((pin(handle(2)), pin(handle(3))), (Some(3), Some(4)));
    assert!(of_another_track(&Runtime).is_some());
    assert!(of_another_pin().is_some());
    let counted = ["C", "S", "F"].map(|metric| metrics.count(metric));
    assert_eq!(counted, [11, 11, 0]);
}

fn rows_of(n: u8) -> Boxed<u8> {
    Box::pin(async move { n })
}
