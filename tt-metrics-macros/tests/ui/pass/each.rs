//! `each` takes any collection whose reference can be iterated.
#![deny(warnings)]

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
};
use tt_metrics::{Outcome, count_outcome};

#[count_outcome(success = "Done", failure = "Failed", each)]
fn generic<T, E, const N: usize>(list: [Result<T, E>; N]) -> [Result<T, E>; N] {
    list
}

#[count_outcome(success = "Done", each)]
async fn options<'a>(name: &'a str) -> VecDeque<Option<&'a str>> {
    VecDeque::from([Some(name)])
}

#[count_outcome(success = "Done", each)]
fn returned_future() -> impl Future<Output = Vec<bool>> + Send {
    async { vec![true] }
}

#[count_outcome(success = "Done", each)]
fn boxed() -> Box<[Outcome]> {
    Box::new([Outcome::Success])
}

struct Reply(Vec<u16>);

impl<'a> IntoIterator for &'a Reply {
    type Item = &'a u16;
    type IntoIter = std::slice::Iter<'a, u16>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

fn status(status: &u16) -> Outcome {
    if *status < 400 { Outcome::Success } else { Outcome::Failure }
}

fn named(&(_, code): &(&str, u16)) -> Outcome {
    status(&code)
}

fn entry<K>((_, code): (K, &u16)) -> Outcome {
    status(code)
}

#[count_outcome(success = "Done", each, by = status)]
fn own() -> Reply {
    Reply(vec![200])
}

#[count_outcome(success = "Done", by = named, each, crate = tt_metrics)]
async fn pairs(name: &str) -> Vec<(&str, u16)> {
    vec![(name, 200)]
}

#[count_outcome(success = "Done", by = entry, each)]
fn map() -> HashMap<String, u16> {
    HashMap::new()
}

fn main() {
    let metrics = ::tt_metrics::capture();
    assert_eq!(generic([Ok(1), Err("x")]).len(), 2);
    let _ = ::futures_util::FutureExt::now_or_never(options("name"));
    let _ = ::futures_util::FutureExt::now_or_never(returned_future());
    boxed();
    own();
    let _ = ::futures_util::FutureExt::now_or_never(pairs("name"));
    map();
    assert_eq!(["Done", "Failed"].map(|metric| metrics.count(metric)), [6, 1]);
}
