//! A metric of `count_outcome` has an outcome that it counts.

use tt_metrics::count_outcome;

#[count_outcome("Done", failure = "Failed")]
fn positional() -> Result<(), ()> {
    Ok(())
}

fn main() {
    let _ = positional();
}
