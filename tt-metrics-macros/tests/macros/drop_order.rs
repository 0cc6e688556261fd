//! Arguments and locals drop in the order of the plain function.

use std::{panic::catch_unwind, pin::pin};

use tt_metrics::{capture, count, count_outcome};

use crate::{
    block_on,
    loud::{DROPPED, Loud, dropped, pair},
    poll_once, yield_once,
};

macro_rules! functions {
    ($module:ident, $(#[$attribute:meta])?) => {
        mod $module {
            use super::{Loud, yield_once};

            $(#[$attribute])?
            pub(super) fn sync(
                first: Loud,
                _unused: Loud,
                _: Loud,
                (left, _): (Loud, Loud),
                last: Loud,
                how: &str,
            ) -> Result<(), Loud> {
                let _local = Loud("local");
                assert_ne!(how, "panic");
                if how == "early" {
                    return Ok(());
                }
                drop(left);
                if how == "error" {
                    return Err(first);
                }
                let _ = &last;
                Ok(())
            }

            $(#[$attribute])?
            pub(super) async fn later(
                first: Loud,
                _unused: Loud,
                _: Loud,
                (left, _): (Loud, Loud),
                last: Loud,
                how: &str,
            ) -> Result<(), Loud> {
                let _local = Loud("local");
                yield_once().await;
                if how == "early" {
                    return Ok(());
                }
                drop(left);
                if how == "error" {
                    return Err(first);
                }
                yield_once().await;
                let _ = &last;
                Ok(())
            }
        }
    };
}

functions!(uncounted,);
functions!(counted, #[tt_metrics::count_outcome(success = "DropDone", failure = "DropFailed")]);

macro_rules! arguments {
    ($function:expr, $how:expr) => {
        $function(
            Loud("first"),
            Loud("unused"),
            Loud("wildcard"),
            pair("left", "right"),
            Loud("last"),
            $how,
        )
    };
}

#[test]
fn sync_arguments_drop_as_in_the_plain_function() {
    let _metrics = capture();
    for how in ["end", "early", "error"] {
        let plain = dropped(|| drop(arguments!(uncounted::sync, how)));
        let same = dropped(|| drop(arguments!(counted::sync, how)));
        assert_eq!(plain.len(), 7);
        assert_eq!(same, plain, "{how}");
    }
}

#[test]
fn sync_arguments_drop_as_in_the_plain_function_when_it_panics() {
    let _metrics = capture();
    let plain = dropped(|| drop(catch_unwind(|| arguments!(uncounted::sync, "panic"))));
    let same = dropped(|| drop(catch_unwind(|| arguments!(counted::sync, "panic"))));
    assert_eq!(plain.len(), 7);
    assert_eq!(same, plain);
}

#[test]
fn async_arguments_drop_as_in_the_plain_function() {
    let _metrics = capture();
    for how in ["end", "early", "error"] {
        let plain = dropped(|| drop(block_on(arguments!(uncounted::later, how))));
        let same = dropped(|| drop(block_on(arguments!(counted::later, how))));
        assert_eq!(plain.len(), 7);
        assert_eq!(same, plain, "{how}");
    }
}

#[test]
fn async_arguments_drop_as_in_the_plain_function_when_it_is_cancelled() {
    let _metrics = capture();
    for polls in [1, 2] {
        let plain = dropped(|| {
            let mut future = pin!(arguments!(uncounted::later, "end"));
            (0..polls).for_each(|_| drop(poll_once(future.as_mut())));
        });
        let same = dropped(|| {
            let mut future = pin!(arguments!(counted::later, "end"));
            (0..polls).for_each(|_| drop(poll_once(future.as_mut())));
        });
        assert_eq!(plain.len(), 7);
        assert_eq!(same, plain, "{polls}");
    }
}

#[test]
fn async_arguments_stay_until_the_first_poll() {
    let _metrics = capture();
    let future = arguments!(counted::later, "end");
    assert_eq!(DROPPED.take(), Vec::<&str>::new());
    drop(future);
    assert_eq!(DROPPED.take().len(), 6);
}

#[test]
fn arguments_that_are_counted_drop_as_in_the_plain_function() {
    async fn plain(first: Loud, _last: Loud) -> Result<(), ()> {
        let _ = &first;
        yield_once().await;
        Ok(())
    }

    #[count_outcome(success = "DropDone")]
    #[count("DropItems", items = first.0.len())]
    async fn above(first: Loud, _last: Loud) -> Result<(), ()> {
        let _ = &first;
        yield_once().await;
        Ok(())
    }

    #[count("DropItems", items = first.0.len())]
    #[count_outcome(success = "DropDone")]
    async fn below(first: Loud, _last: Loud) -> Result<(), ()> {
        let _ = &first;
        yield_once().await;
        Ok(())
    }

    let _metrics = capture();
    let plain = dropped(|| block_on(plain(Loud("first"), Loud("last"))).unwrap());
    let same = dropped(|| block_on(above(Loud("first"), Loud("last"))).unwrap());
    assert_eq!(same, plain);
    let same = dropped(|| block_on(below(Loud("first"), Loud("last"))).unwrap());
    assert_eq!(same, plain);
}

#[test]
fn an_outcome_is_recorded_after_the_arguments_dropped() {
    struct Watch<'a>(&'a tt_metrics::Capture);

    impl Drop for Watch<'_> {
        fn drop(&mut self) {
            assert_eq!(self.0.count("DropLast"), 0);
        }
    }

    #[count_outcome(success = "DropLast")]
    fn watched(_watch: Watch<'_>) -> Result<(), ()> {
        Ok(())
    }

    let metrics = capture();
    assert_eq!(watched(Watch(&metrics)), Ok(()));
    assert_eq!(metrics.count("DropLast"), 1);
}
