//! `impl Trait` as argument and anywhere in the return type.

use std::fmt::Display;

use tt_metrics::count_outcome;

#[count_outcome(success = "S", failure = "F")]
fn pair(text: impl Display) -> Result<(impl Display, u8), String> {
    if text.to_string().is_empty() {
        return Err(String::new());
    }
    Ok((text, 1))
}

#[count_outcome(success = "S", failure = "F")]
async fn pair_later(text: impl Display + Send) -> Result<(impl Display, u8), String> {
    Ok((text, 1))
}

#[count_outcome(success = "S", failure = "F")]
fn function(by: u8) -> Result<impl Fn(u8) -> Vec<u8>, impl Display> {
    if by == 0 {
        Err("zero")
    } else {
        Ok(move |n| vec![n, by])
    }
}

fn main() {
    let metrics = ::tt_metrics::capture();
    assert_eq!(pair("a").unwrap().1, 1);
    let _ = ::futures_util::FutureExt::now_or_never(pair_later("a"));
    assert_eq!(function(2).ok().unwrap()(1), [1, 2]);
    assert_eq!(metrics.count("S"), 3);
}
