//! Functions in edition 2018, without a lint that proposes another edition. Coverage tools see each line marked so.
#![deny(
    warnings,
    rust_2018_idioms,
    rust_2021_compatibility,
    rust_2024_compatibility
)]

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
};

use tt_metrics::{count, count_outcome, outcome, Dimension, Outcome};

struct Order {
    text: String,
    lines: Vec<u8>,
}

#[derive(Dimension)]
enum Refused {
    Empty,
}

#[count("Calls")]
#[count_outcome(success = "S", failure = "F")]
fn sync(order: Order) -> Result<usize, String> {
    if order.text.is_empty() {
        return Err("empty".to_owned()); // covered
    }
    Ok(order.text.len()) // covered
}

#[count_outcome(success = "S", failure = "F")]
async fn later(order: &Order) -> Result<usize, String> {
    if order.text.is_empty() {
        return Err("empty".to_owned()); // covered
    }
    Ok(order.text.len()) // covered
}

#[count("Calls", items = order.lines.len())]
#[count_outcome(
    success = "S",
    failure = "F",
    dimensions(Large: bool = order.lines.len() > 3),
    failure_by = Refused,
    latency = "L"
)]
fn detailed(order: Order) -> Result<usize, Refused> {
    if order.lines.is_empty() {
        return Err(Refused::Empty); // covered
    }
    Ok(order.lines.len()) // covered
}

#[count_outcome(success = "S", failure = "F")]
fn boxed(order: &Order) -> Pin<Box<dyn Future<Output = Option<usize>> + Send + '_>> {
    if order.text.is_empty() {
        return Box::pin(std::future::ready(None)); // covered
    }
    Box::pin(async move {
        let length = order.text.len(); // covered
        Some(length)
    })
}

#[count("Calls")]
fn begun(order: &Order) -> usize {
    if order.text.is_empty() {
        return 0; // covered
    }
    order.text.len() // covered
}

struct Store(u8);

#[count_outcome(success = "S", failure = "F", by = |left| if *left > 0 { Outcome::Success } else { Outcome::Failure })]
impl Store {
    fn take(&mut self) -> u8 {
        if self.0 == 0 {
            return 0; // covered
        }
        self.0 -= 1; // covered
        self.0
    }
}

struct NoWake;

impl Wake for NoWake {
    fn wake(self: Arc<Self>) {}
}

fn now<F: Future>(future: F) -> Option<F::Output> {
    let waker = Waker::from(Arc::new(NoWake));
    match Box::pin(future)
        .as_mut()
        .poll(&mut Context::from_waker(&waker))
    {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

fn order(text: &str) -> Order {
    Order {
        text: text.to_owned(),
        lines: text.bytes().collect(),
    }
}

fn main() {
    let metrics = tt_metrics::capture();
    assert_eq!(sync(order("ab")), Ok(2));
    assert!(sync(order("")).is_err());
    assert_eq!(now(later(&order("ab"))), Some(Ok(2)));
    assert!(detailed(order("ab")).is_ok());
    assert!(detailed(order("")).is_err());
    assert_eq!(now(boxed(&order("ab"))), Some(Some(2)));
    assert_eq!(begun(&order("ab")), 2);
    assert_eq!(Store(1).take(), 0);
    let block = outcome!(success = "S", failure = "F"; Some(1).filter(|one| *one > 1));
    assert_eq!(block, None);
    let counted = ["Calls", "S", "F"].map(|metric| metrics.count(metric));
    assert_eq!(counted, [5, 4, 4]);
}
