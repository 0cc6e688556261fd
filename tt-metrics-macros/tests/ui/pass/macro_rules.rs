//! Functions made by `macro_rules!`, with names, types, metrics and the crate from its arguments.
#![deny(warnings)]

use tt_metrics::{MetricName, count, count_outcome};

const FAILED: MetricName = MetricName::new("Failed");

macro_rules! counted {
    ($vis:vis fn $name:ident($arg:ident: $type:ty), $literal:literal, $expr:expr, $path:path) => {
        #[count($expr)]
        #[count_outcome(success = $literal, failure = $path)]
        $vis fn $name($arg: $type, hidden: $type) -> Result<$type, ()> {
            Ok($arg + hidden)
        }
    };
}

counted!(pub fn add(hidden: u8), "Added", "Adds", FAILED);

macro_rules! counted_later {
    ($name:ident, $metric:tt, $body:block) => {
        #[count_outcome(success = $metric, failure = "F")]
        async fn $name(_n: u8, _: u8) -> Result<u8, ()> $body
    };
}

counted_later!(later, "Later", { Ok(1) });

fn main() {
    let metrics = ::tt_metrics::capture();
    assert_eq!(add(1, 2), Ok(3));
    let _ = ::futures_util::FutureExt::now_or_never(later(1, 2));
    assert_eq!(["Added", "Adds", "Later"].map(|metric| metrics.count(metric)), [1, 1, 1]);
}
