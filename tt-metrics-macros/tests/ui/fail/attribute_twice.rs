//! The same attribute a second time would count everything twice.

use tt_metrics::{count, count_outcome};

#[count("Calls")]
#[inline]
#[tt_metrics::count("Calls")]
fn calls() {}

#[count_outcome(success = "Done", failure = "Failed")]
#[count_outcome(success = "Done", failure = "Failed")]
async fn outcomes() -> bool {
    true
}

struct Store;

#[count("Calls")]
#[count("Calls")]
impl Store {
    fn read(&self) {}
}

#[count("Calls", items = 2)]
#[count("Calls", items = 3)]
#[count_outcome(success = "Done")]
#[count_outcome(failure = "Done")]
fn different() -> bool {
    true
}

fn main() {
    calls();
    drop(outcomes());
    Store.read();
    different();
}
