//! The library under another name: each form takes its path.
#![deny(warnings)]

use counters::{Classify, Dimension, capture, count, count_outcome, outcome};

#[derive(Classify)]
#[outcome(crate = counters)]
enum Answer {
    #[outcome(success)]
    Given,
    #[outcome(transparent)]
    Other(Option<u8>),
}

#[derive(Dimension)]
#[dimension(crate = counters)]
enum Refusal {
    Empty,
}

#[count("Calls", crate = counters)]
#[count("Rows", items = rows.len(), crate = ::counters)]
#[count_outcome(success = "Answered", failure = "Failed", crate = counters)]
fn answer(rows: &[u8]) -> Answer {
    if rows.is_empty() { Answer::Other(None) } else { Answer::Given }
}

#[count_outcome(success = "Sent", failure = "NotSent", items = rows.len(), each, rest = failure, crate = counters)]
#[count("Read", items = |sent| sent.len(), crate = counters)]
fn send(rows: &[u8]) -> Vec<bool> {
    rows.iter().map(|row| *row > 0).take(2).collect()
}

#[count_outcome(
    success = "Accepted", failure = "Refused",
    dimensions(Express: bool = express), failure_by = Refusal, latency = "Time", in_flight = "Open",
    crate = counters,
)]
fn accept(rows: &[u8], express: bool) -> Result<(), Refusal> {
    if rows.is_empty() { Err(Refusal::Empty) } else { Ok(()) }
}

struct Store;

#[count_outcome(success = "Read", crate = counters)]
impl Store {
    fn get(&self) -> Option<u8> {
        outcome!(success = "Added", crate = counters; |id: u8| id.checked_add(1))(1)
    }

    async fn get_later(&self) -> Option<u8> {
        outcome!(success = "Added", crate = counters; Some(1))
    }
}

fn main() {
    let metrics = capture();
    drop((answer(&[1, 2]), answer(&[])));
    assert_eq!((metrics.count("Calls"), metrics.count("Rows")), (2, 2));
    assert_eq!((metrics.count("Answered"), metrics.count("Failed")), (1, 1));
    assert_eq!(send(&[1, 0, 1]), [true, false]);
    assert_eq!((metrics.count("Sent"), metrics.count("NotSent")), (1, 2));
    assert!(accept(&[1], true).is_ok() && accept(&[], true).is_err());
    assert_eq!(metrics.count_under("Refused", &[("Error", "Empty")]), 1);
    assert_eq!(Store.get(), Some(2));
    drop(Store.get_later());
    assert_eq!((metrics.count("Read"), metrics.count("Added")), (3, 1));
}
