//! A value of the wrong kind is pointed at.

use tt_metrics::count_outcome;

#[count_outcome(success = 3, failure = "Failed")]
fn number() -> Result<(), ()> {
    Ok(())
}

#[count_outcome(success = b"Done", by = "classify", crate = "tt_metrics")]
fn three_mistakes() -> Result<(), ()> {
    Ok(())
}

#[count_outcome(success = "Done", by = |_| 1)]
fn closure() -> Result<(), ()> {
    Ok(())
}

#[count_outcome(success = |_| "Done", by = 1, each = 2)]
fn three_more() -> Result<(), ()> {
    Ok(())
}

#[count_outcome(success = async || "Done", by = |_|, each = |)]
fn open_ended() -> Result<(), ()> {
    Ok(())
}

fn main() {
    let _ = (number(), three_mistakes(), closure(), three_more(), open_ended());
}
