//! `by = path` takes functions, associated functions and generic functions, for any return type.

use tt_metrics::{Outcome, count_outcome};

fn found<T>(value: &Option<T>) -> Outcome {
    if value.is_some() {
        Outcome::Success
    } else {
        Outcome::Neutral
    }
}

fn full(list: &[u8]) -> Outcome {
    if list.is_empty() {
        Outcome::Failure
    } else {
        Outcome::Success
    }
}

fn done(_: &()) -> Outcome {
    Outcome::Success
}

struct Store;

impl Store {
    fn status(status: &u16) -> Outcome {
        if *status == 200 {
            Outcome::Success
        } else {
            Outcome::Failure
        }
    }

    #[count_outcome(success = "S", failure = "F", by = Self::status)]
    fn put(&self) -> u16 {
        200
    }

    #[count_outcome(success = "S", neutral = "N", by = found::<u8>)]
    async fn get(&self) -> Option<u8> {
        None
    }
}

#[count_outcome(success = "S", neutral = "N", by = found)]
fn borrowed(text: &str) -> Option<&str> {
    text.get(1..)
}

#[count_outcome(success = "S", failure = "F", by = full)]
fn dereferenced() -> Vec<u8> {
    vec![1]
}

#[count_outcome(success = "S", by = done)]
async fn nothing() {}

fn main() {
    let metrics = ::tt_metrics::capture();
    assert_eq!(Store.put(), 200);
    let _ = ::futures_util::FutureExt::now_or_never(Store.get());
    assert_eq!(borrowed("ab"), Some("b"));
    assert_eq!(dereferenced(), [1]);
    let _ = ::futures_util::FutureExt::now_or_never(nothing());
    assert_eq!(["N", "S"].map(|metric| metrics.count(metric)), [1, 4]);
}
