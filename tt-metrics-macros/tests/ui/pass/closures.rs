//! `outcome!` takes a closure, sync or async, which is used like any other.
#![deny(warnings)]

use std::{future::Future, num::ParseIntError, pin::Pin};

use futures_util::{StreamExt, TryStreamExt, stream};
use tt_metrics::{Outcome, outcome};

struct Point {
    x: String,
    y: String,
}

async fn send(id: u8) -> Result<u8, String> {
    Ok(id)
}

async fn streams(ids: Vec<u8>) -> Result<Vec<u8>, String> {
    let prefix = String::from("a");
    let some: Vec<Option<usize>> = stream::iter(ids.clone())
        .map(outcome!(success = "Done"; |id| {
            let prefix = prefix.clone();
            async move { Some(prefix.len() + usize::from(id)) }
        }))
        .buffer_unordered(2)
        .collect()
        .await;
    assert_eq!(some.len(), ids.len());
    stream::iter(ids)
        .map(outcome!(success = "Done", failure = "Failed"; |id| async move { send(id).await }))
        .buffer_unordered(4)
        .try_collect()
        .await
}

async fn each_of<F: AsyncFn(u8) -> Result<u8, String>>(work: F) -> Result<u8, String> {
    work(1).await?;
    work(2).await
}

fn call(work: impl FnOnce(&str) -> Option<usize>) -> Option<usize> {
    work("text")
}

fn spawn<T>(work: impl FnOnce() -> T + Send + 'static) -> T {
    work()
}

fn classify(value: &u8) -> Outcome {
    if *value > 0 { Outcome::Success } else { Outcome::Failure }
}

macro_rules! counted {
    ($work:expr) => {
        outcome!(success = "Done"; $work)
    };
}

fn main() {
    let metrics = ::tt_metrics::capture();
    let parsed: Result<Vec<u8>, ParseIntError> =
        ["1", "2"].into_iter().map(outcome!(success = "Done"; |text| text.parse::<u8>())).collect();
    assert_eq!(parsed, Ok(vec![1, 2]));

    let mut calls = 0;
    let mut count = outcome!(success = "Done"; || {
        calls += 1;
        if calls > 1 {
            return None;
        }
        Some(calls)
    });
    assert_eq!((count(), count()), (Some(1), None));

    let owned = String::from("b");
    assert_eq!(spawn(outcome!(success = "Done"; move || Some(owned))).as_deref(), Some("b"));
    assert_eq!(call(outcome!(success = "Done"; |text| Some(text.len()))), Some(4));
    assert_eq!(call(counted!(|text| text.find('x'))), Some(2));
    assert_eq!(call(counted!(|_| None)), None);

    let by = outcome!(success = "Done", failure = "Failed", by = classify; |value: u8| -> u8 { value });
    assert_eq!(by(1), 1);
    let status = outcome!(
        success = "Done", failure = "Failed", by = |status: &u16| if *status < 400 { Outcome::Success } else { Outcome::Failure };
        |status: u16| status
    );
    assert_eq!(status(404), 404);

    let take = outcome!(success = "Done"; |Point { x, .. }: Point, (mut a, _): (u8, u8), ref mut b: u8, #[allow(unused)] _c: u8| {
        a += 1;
        *b += a;
        Some((x, *b))
    });
    let point = Point { x: "x".into(), y: "y".into() };
    assert_eq!(point.y, "y");
    assert_eq!(take(point, (1, 2), 3, 4), Some(("x".into(), 5)));

    let either = outcome!(success = "Done"; |id: u8| -> Pin<Box<dyn Future<Output = Option<u8>>>> {
        if id == 0 {
            return Box::pin(async { None });
        }
        Box::pin(async move { Some(id) })
    });
    let _ = ::futures_util::FutureExt::now_or_never(either(1));

    let shared = String::from("c");
    drop(each_of(outcome!(success = "Done"; async |id| {
        assert_eq!(shared.len(), 1);
        let sent = send(id).await?;
        Ok(sent)
    })));
    let _ = ::futures_util::FutureExt::now_or_never(each_of(outcome!(success = "Done"; async move |id: u8| -> Result<u8, String> { send(id).await })));
    let _ = ::futures_util::FutureExt::now_or_never(streams(vec![1, 2]));
    assert_eq!(["Done", "Failed"].map(|metric| metrics.count(metric)), [15, 1]);
}
