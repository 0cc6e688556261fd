//! Expressions of several attributes over the same parts of arguments, by value where they can be copied.
#![deny(warnings)]
use std::{future::Future, pin::Pin};
use tt_metrics::*;
#[count_outcome(success = "S", failure = "F", items = a.len())]
#[count_outcome(success = "S2", failure = "F2", items = a.len() + b.len() + usize::from(n))]
#[count_outcome(success = "S3", failure = "F3", dimensions(Big: bool = a.len() > 1 && n > 0 && b.is_empty(), flag))]
fn sync((a, _): (Vec<u8>, u8), n: u8, b: Vec<u8>, flag: bool) -> Option<usize> {
    if flag {
        return None;
    }
    Some(a.len() + n as usize + b.len())
}
#[count_outcome(success = "S", failure = "F", items = a.len())]
#[count_outcome(success = "S2", failure = "F2", items = a.len() + b.len() + usize::from(n))]
#[count_outcome(success = "S3", failure = "F3", dimensions(Big: bool = a.len() > 1 && n > 0 && b.is_empty(), flag))]
async fn later((a, _): (Vec<u8>, u8), mut n: u8, b: Vec<u8>, flag: bool) -> Option<usize> {
    n += 0;
    if flag {
        return None;
    }
    Some(a.len() + n as usize + b.len())
}
#[count_outcome(success = "S", failure = "F", items = a.len())]
#[count_outcome(success = "S2", failure = "F2", items = a.len() + b.len() + usize::from(n))]
#[count_outcome(success = "S3", failure = "F3", dimensions(Big: bool = a.len() > 1 && n > 0 && b.is_empty(), flag))]
fn returned(
    (a, _): (Vec<u8>, u8),
    n: u8,
    b: Vec<u8>,
    flag: bool,
) -> Pin<Box<dyn Future<Output = Option<usize>>>> {
    if flag {
        return Box::pin(async { None });
    }
    Box::pin(async move { Some(a.len() + n as usize + b.len()) })
}
#[count_outcome(success = "S", by = |v| if v.is_some() && n > 1 { Outcome::Success } else { Outcome::Neutral })]
fn by((n, _): (u8, String)) -> Option<u8> {
    Some(n)
}
#[count_outcome(success = "S", by = |v| if v.is_some() && n > 1 { Outcome::Success } else { Outcome::Neutral })]
#[count("C", items = |v| usize::from(n) + v.iter().count())]
async fn by_later((n, _): (u8, String)) -> Option<u8> {
    Some(n)
}
#[inline(never)]
#[count_outcome(success = "S4")]
fn named_like_an_attribute((never, _): (u8, String)) -> Option<u8> {
    Some(never)
}
#[count_outcome(success = "S5", by = |_| if format!("{type}").len() > 1 { Outcome::Success } else { Outcome::Neutral })]
fn named_in_a_text(r#type: u8) -> Option<u8> {
    Some(1)
}
fn now<F: Future>(future: F) -> F::Output {
    futures_util::FutureExt::now_or_never(future).unwrap()
}
fn main() {
    let metrics = capture();
    let counted = |under: [(&str, &str); 2], success: bool| {
        let names = if success {
            ["S", "S2", "S3"]
        } else {
            ["F", "F2", "F3"]
        };
        let [one, two, three] = names;
        (
            metrics.count(one),
            metrics.count(two),
            metrics.count_under(three, &under),
        )
    };
    let (good, bad) = (
        [("Big", "true"), ("flag", "false")],
        [("Big", "true"), ("flag", "true")],
    );
    sync((vec![1, 2], 1), 3, vec![], false);
    assert_eq!(counted(good, true), (2, 5, 1));
    now(later((vec![1, 2], 1), 3, vec![], false));
    assert_eq!(counted(good, true), (4, 10, 2));
    now(returned((vec![1, 2], 1), 3, vec![], false));
    assert_eq!(counted(good, true), (6, 15, 3));
    now(returned((vec![1, 2], 1), 3, vec![], true));
    assert_eq!(counted(bad, false), (2, 5, 1));
    by((2, String::new()));
    now(by_later((2, String::new())));
    assert_eq!((metrics.count("S"), metrics.count("C")), (8, 3));
    named_like_an_attribute((2, String::new()));
    named_in_a_text(12);
    assert_eq!((metrics.count("S4"), metrics.count("S5")), (1, 1));
}
