//! The return value is still converted to the declared type, in every return.

use std::error::Error;

use tt_metrics::count_outcome;

type Task = Box<dyn FnOnce() -> u8 + Send + Sync>;

#[count_outcome(success = "S", failure = "F")]
fn task(early: bool) -> Result<Task, Box<dyn Error>> {
    if early {
        return Ok(Box::new(|| 1));
    }
    "x".parse::<u8>()?;
    Ok(Box::new(|| 2))
}

#[count_outcome(success = "S", failure = "F")]
async fn task_later(early: bool) -> Result<Task, Box<dyn Error>> {
    if early {
        return Ok(Box::new(|| 1));
    }
    "x".parse::<u8>()?;
    Ok(Box::new(|| 2))
}

#[count_outcome(success = "S", failure = "F")]
fn inferred() -> Result<Vec<u8>, ()> {
    let list = Vec::new();
    Ok(list)
}

fn main() {
    let metrics = ::tt_metrics::capture();
    assert_eq!(task(true).unwrap()(), 1);
    assert!(task(false).is_err());
    let _ = ::futures_util::FutureExt::now_or_never(task_later(true));
    assert_eq!(inferred(), Ok(vec![]));
    assert_eq!(["F", "S"].map(|metric| metrics.count(metric)), [1, 3]);
}
