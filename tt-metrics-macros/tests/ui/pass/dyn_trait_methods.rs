//! A trait with counted methods stays usable as a trait object.

use tt_metrics::count_outcome;

trait Store {
    #[count_outcome(success = "S", failure = "F")]
    fn get(&self) -> Result<u8, ()> {
        Ok(1)
    }
}

impl Store for u8 {}

fn main() {
    let metrics = ::tt_metrics::capture();
    let store: &dyn Store = &1_u8;
    assert_eq!(store.get(), Ok(1));
    assert_eq!(metrics.count("S"), 1);
}
