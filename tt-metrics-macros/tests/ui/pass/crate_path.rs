//! `crate = path` finds the library behind a re-export.

mod prelude {
    pub mod metrics {
        #[doc(hidden)]
        pub use tt_metrics::__private;
        pub use tt_metrics::*;
    }
}

use prelude::metrics::{count, count_outcome};

#[count("C", crate = crate::prelude::metrics)]
#[count_outcome(success = "S", failure = "F", crate = prelude::metrics)]
fn sync() -> Result<u8, ()> {
    Ok(1)
}

fn main() {
    let metrics = ::tt_metrics::capture();
    assert_eq!(sync(), Ok(1));
    assert_eq!(["C", "S"].map(|metric| metrics.count(metric)), [1, 1]);
}
