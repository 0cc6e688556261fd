//! Functions in constants, statics, closures and modules within functions.
#![deny(warnings)]
use tt_metrics::{capture, count, count_outcome};
const _: () = {
    impl Nothing {
        #[count("C")]
        #[count_outcome(success = "S", failure = "F")]
        fn in_a_constant(&self) -> Option<u8> {
            Some(1)
        }
    }
};
struct Nothing;
static TABLE: fn() -> Option<u8> = {
    #[count("C")]
    #[count_outcome(success = "S", failure = "F")]
    fn entry() -> Option<u8> {
        None
    }
    entry
};
fn outer() -> Option<u8> {
    mod inner {
        pub(super) mod deep {
            #[tt_metrics::count("C")]
            #[tt_metrics::count_outcome(success = "S", failure = "F")]
            pub(in super::super) fn deeper() -> Option<u8> {
                Some(1)
            }
        }
    }
    let late = || {
        #[count("C")]
        #[count_outcome(success = "S", failure = "F")]
        fn in_closure<T>(t: T) -> Option<T> {
            Some(t)
        }
        in_closure(1)
    };
    late()?;
    inner::deep::deeper()
}

fn main() {
    let metrics = capture();
    assert_eq!(
        (Nothing.in_a_constant(), TABLE(), outer()),
        (Some(1), None, Some(1))
    );
    assert_eq!(
        ["C", "S", "F"].map(|metric| metrics.count(metric)),
        [4, 3, 1]
    );
}
