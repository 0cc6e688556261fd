//! A metric may be the path of a `MetricName` constant.

use tt_metrics::{MetricName, count, count_outcome};

mod names {
    use super::MetricName;

    pub const CALLS: MetricName = MetricName::new("Calls");
    pub const DONE: MetricName = MetricName::new("Done");
}

struct Store;

impl Store {
    const FAILED: MetricName = MetricName::new("Failed");

    #[count(names::CALLS)]
    #[count_outcome(success = crate::names::DONE, failure = Store::FAILED)]
    fn get(&self) -> Result<u8, ()> {
        Ok(1)
    }
}

fn main() {
    let metrics = ::tt_metrics::capture();
    assert_eq!(Store.get(), Ok(1));
    assert_eq!(["Calls", "Done"].map(|metric| metrics.count(metric)), [1, 1]);
}
