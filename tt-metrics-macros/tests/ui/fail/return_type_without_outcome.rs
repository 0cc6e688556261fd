//! A return type without an outcome is underlined.

use tt_metrics::count_outcome;

struct Receipt;

#[count_outcome(success = "Done")]
fn sync() -> Receipt {
    Receipt
}

#[count_outcome(success = "Done")]
async fn later() -> Receipt {
    Receipt
}

fn main() {
    let _ = sync();
    drop(later());
}
