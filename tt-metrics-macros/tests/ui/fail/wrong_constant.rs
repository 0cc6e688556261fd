//! A constant is a `MetricName`, and a static cannot name `Self`.

use tt_metrics::{count, count_outcome};

const CALLS: u8 = 1;

struct Store;

impl Store {
    #[count(CALLS)]
    fn calls(&self) {}

    #[count_outcome(success = Self::DONE)]
    fn outcome(&self) -> Result<(), ()> {
        Ok(())
    }
}

fn main() {
    Store.calls();
    let _ = Store.outcome();
}
