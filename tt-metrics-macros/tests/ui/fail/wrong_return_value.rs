//! A wrong return value is reported at the user's own expression.

use tt_metrics::count_outcome;

struct Receipt;
struct Refusal;
type Answer = Result<Receipt, Refusal>;

#[count_outcome(success = "Done")]
fn sync() -> Answer {
    Refusal
}

#[count_outcome(success = "Done")]
async fn later() -> Answer {
    Refusal
}

fn main() {
    let _ = sync();
    drop(later());
}
