//! What is named by a path is no call, no macro and no method.

use tt_metrics::{MetricName, Outcome, count, count_outcome};

fn classify(_: &u8) -> Outcome {
    Outcome::Success
}

struct Store;

impl Store {
    #[count_outcome(success = MetricName::new("Done"), failure = concat!("Fai", "led"), by = self.classify)]
    fn outcome(&self) -> u8 {
        let _ = classify(&1);
        1
    }

    #[count_outcome(success = "Done", by = classify(), each = self.0)]
    fn call(&self) -> u8 {
        1
    }
}

#[count(concat!("a", "b"))]
fn calls() {}

fn main() {
    let _ = (Store.outcome(), Store.call());
    calls();
}
