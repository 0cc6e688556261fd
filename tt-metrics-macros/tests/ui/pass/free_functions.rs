//! Free functions, sync and async, keep `?`, early returns and their visibility.

use std::num::ParseIntError;

#[tt_metrics::count_outcome(success = "Parsed", failure = "Refused")]
pub fn parse(text: &str) -> Result<u8, ParseIntError> {
    if text.is_empty() {
        return Ok(0);
    }
    let value: u8 = text.parse()?;
    Ok(value + 1)
}

#[tt_metrics::count_outcome(success = "Parsed", failure = "Refused")]
pub(crate) async fn parse_later(text: &str) -> Result<u8, ParseIntError> {
    if text.is_empty() {
        return Ok(0);
    }
    let value: u8 = std::future::ready(text.parse()).await?;
    Ok(value + 1)
}

fn main() {
    let metrics = ::tt_metrics::capture();
    assert_eq!(parse(""), Ok(0));
    assert_eq!(parse("1"), Ok(2));
    assert!(parse("x").is_err());
    let _ = ::futures_util::FutureExt::now_or_never(parse_later("1"));
    assert_eq!(["Parsed", "Refused"].map(|metric| metrics.count(metric)), [3, 1]);
}
