//! What patterns take of arguments, and what they leave, drops in the order of the plain function.
#![expect(clippy::toplevel_ref_arg, reason = "patterns of every kind")]

use std::pin::pin;

use tt_metrics::capture;

use crate::{
    block_on,
    loud::{DROPPED, Loud, dropped, pair},
    poll_once, yield_once,
};

/// A pattern of this name takes nothing of its argument.
struct Unit;

impl Drop for Unit {
    fn drop(&mut self) {
        DROPPED.with_borrow_mut(|dropped| dropped.push("unit"));
    }
}

macro_rules! functions {
    ($first:pat, $pair:pat, $unit:pat, $last:pat, $(#[$attribute:meta])?) => {
        $(#[$attribute])?
        fn sync($first: Loud, $pair: (Loud, Loud), $unit: Unit, $last: (Loud, Loud)) -> bool {
            let _local = Loud("local");
            true
        }

        $(#[$attribute])?
        async fn later($first: Loud, $pair: (Loud, Loud), $unit: Unit, $last: (Loud, Loud)) -> bool {
            let _local = Loud("local");
            yield_once().await;
            true
        }
    };
}

macro_rules! arguments {
    ($function:path) => {
        $function(
            Loud("first"),
            pair("left", "right"),
            Unit,
            pair("top", "bottom"),
        )
    };
}

/// Sync, async to its end, and async cut off.
macro_rules! calls {
    () => {
        [
            dropped(|| assert!(arguments!(sync))),
            dropped(|| assert!(block_on(arguments!(later)))),
            dropped(|| assert!(poll_once(pin!(arguments!(later))).is_pending())),
        ]
    };
}

macro_rules! cases {
    ($($name:ident => $first:pat, $pair:pat, $unit:pat, $last:pat,)*) => { $(
        #[test]
        fn $name() {
            mod plain {
                use super::*;
                functions!($first, $pair, $unit, $last,);
                pub(super) fn calls() -> [Vec<&'static str>; 3] {
                    calls!()
                }
            }
            mod counted {
                use super::*;
                functions!($first, $pair, $unit, $last, #[tt_metrics::count_outcome(success = "PatternDone")]);
                pub(super) fn calls() -> [Vec<&'static str>; 3] {
                    calls!()
                }
            }
            let metrics = capture();
            let plain = plain::calls();
            assert_eq!(plain.each_ref().map(Vec::len), [7; 3]);
            assert_eq!(counted::calls(), plain);
            assert_eq!(metrics.count("PatternDone"), 2);
        }
    )* };
}

cases! {
    names => _first, _pair, _unit, _last,
    wildcards => _, _, _, _,
    a_part_before_a_wildcard => _, (_left, _), _, _,
    a_part_before_a_part => _first, (_left, _), _, (_, _bottom),
    a_part_before_references => _, (_left, _), ref _unit, ref _last,
    a_part_before_its_like => _first, (_, _right), Unit, (ref _top, _),
    a_reference_before_names => ref _first, _pair, _unit, _last,
    a_reference_before_a_wildcard => ref _first, (ref _left, _), _unit, _,
    both_parts => _, (_left, _right), _, (_top, _bottom),
    a_unit_struct => _first, _pair, Unit, _last,
    a_unit_struct_alone => _, _, Unit, _,
    a_binding_of_the_whole => _first, _pair @ (_, _), Unit, _last @ (_, _),
}
