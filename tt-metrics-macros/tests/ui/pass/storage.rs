//! A unit goes with a number of items, and a resolution with anything.
#![deny(warnings)]

use tt_metrics::{count, count_outcome};

#[count("BytesRead", items = body.len(), unit = "Bytes", resolution = "high")]
fn read(body: &[u8]) -> usize {
    body.len()
}

#[count("Percent", items = |percent| *percent, unit = "Percent", resolution = 1)]
async fn load() -> u8 {
    7
}

#[count("Calls", unit = "Count", resolution = 60)]
fn calls() {}

#[count_outcome(success = "Done", unit = "None", each, resolution = "standard")]
fn all() -> Vec<Option<()>> {
    Vec::new()
}

struct Store(Vec<u8>);

#[count_outcome(success = "Stored", items = self.0.len(), unit = "Megabytes")]
impl Store {
    fn put(&self) -> Option<()> {
        Some(())
    }
}

fn main() {
    let metrics = ::tt_metrics::capture();
    read(&[]);
    let _ = ::futures_util::FutureExt::now_or_never(load());
    calls();
    all();
    Store(Vec::new()).put();
    assert_eq!(["Calls", "Percent"].map(|metric| metrics.count(metric)), [1, 7]);
}
