//! A function may return a closure whose parameters have types.

use tt_metrics::{Outcome, capture, count, count_outcome};

#[count("C")]
#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn length(start: usize) -> impl Fn(&str) -> usize {
    move |text: &str| text.len() + start
}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn pair() -> (impl Fn(&str) -> usize, u8) {
    (|text: &str| text.len(), 1)
}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
async fn later() -> impl Fn(&str) -> usize {
    |text: &str| text.len()
}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn lent() -> Box<dyn Fn(&str) -> &str> {
    Box::new(|text| text.trim())
}

fn main() {
    let metrics = capture();
    assert_eq!(length(1)("ab"), 3);
    assert_eq!(pair().0("ab"), 2);
    assert_eq!(lent()(" a"), "a");
    let made = futures_util::FutureExt::now_or_never(later()).unwrap();
    assert_eq!(made("ab"), 2);
    assert_eq!((metrics.count("C"), metrics.count("S")), (1, 4));
}
