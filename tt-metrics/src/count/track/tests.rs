//! Tests of `Track`: the size of the future, and one outcome for every ending.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Waker,
};

use super::*;
use crate::{
    __private::{begun, track},
    declare::{declaration::Declaration, site::SITES},
    metric::{MetricName, Outcome},
    testing::capture,
};

const DONE: &str = "TrackDone";
const FAILED: &str = "TrackFailed";
const INTERRUPTED: &str = "TrackInterrupted";

const DECLARATION: Declaration = Declaration {
    success: Some(MetricName::new(DONE)),
    failure: Some(MetricName::new(FAILED)),
    interrupted: Some(MetricName::new(INTERRUPTED)),
    ..Declaration::new("track", file!(), line!(), "")
};

#[linkme::distributed_slice(SITES)]
#[expect(unsafe_code, reason = "the list of sites is a section of the binary")]
static SITE: Site = Site::new(&DECLARATION, &[]);

type Answer = Result<(), [u8; 16]>;

/// What a body does when it is polled, and when something that it holds is dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Act {
    Nothing,
    Wait,
    Panic,
    /// Runs another counted future to its end.
    Run,
    /// Polls another counted future once and drops it.
    Cut,
    /// Polls a counted future that panics, and one that had its end.
    Break,
    /// Cuts two calls that share a body.
    CutBoth,
}

use Act::{Break, Cut, CutBoth, Nothing, Panic, Run, Wait};

impl Act {
    /// What the calls within it come to: done, failed, interrupted.
    fn moves(self) -> [u64; 3] {
        match self {
            Nothing | Wait | Panic => [0, 0, 0],
            Run => [1, 0, 0],
            Cut => [0, 0, 1],
            CutBoth => [0, 0, 2],
            Break => [0, 1, 0],
        }
    }

    fn act(self) {
        match self {
            Nothing | Wait => {}
            Panic => panic!("as the test wants it"),
            Run => assert!(poll(pin!(body(Nothing, OnDrop(Nothing), Nothing))).is_ready()),
            Cut => assert!(poll(pin!(body(Wait, OnDrop(Nothing), Nothing))).is_pending()),
            CutBoth => assert!(poll(pin!(twice(Wait))).is_pending()),
            Break => {
                let mut future = pin!(body(Panic, OnDrop(Nothing), Nothing));
                for _ in 0..2 {
                    let polled = catch_unwind(AssertUnwindSafe(|| poll(future.as_mut())));
                    assert!(polled.is_err());
                }
            }
        }
    }
}

struct OnDrop(Act);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.act();
    }
}

fn classify(answer: &Answer) -> Outcome {
    crate::metric::Classify::outcome(answer)
}

/// A body that runs an action, with a local value and an argument.
fn body(act: Act, argument: OnDrop, local: Act) -> impl Future<Output = Answer> {
    track(|| &SITE, classify, async move {
        let _begun = begun(&SITE);
        let _ = &argument;
        let _local = OnDrop(local);
        if act == Wait {
            std::future::pending::<()>().await;
        }
        act.act();
        Ok(())
    })
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// What `work` moved: done, failed, interrupted.
fn moved(work: impl FnOnce()) -> [u64; 3] {
    let metrics = capture();
    work();
    [DONE, FAILED, INTERRUPTED].map(|metric| metrics.count(metric))
}

fn sum(all: &[[u64; 3]]) -> [u64; 3] {
    let one = |at: usize| all.iter().map(|moves| moves[at]).sum();
    [one(0), one(1), one(2)]
}

#[test]
fn whatever_a_body_and_the_destructors_of_what_it_holds_do_each_call_is_one_outcome() {
    let acts = [Nothing, Run, Cut, CutBoth, Break];
    for (argument, local) in acts.iter().flat_map(|one| acts.map(|other| (*one, other))) {
        let dropped = [argument.moves(), local.moves()];
        for act in [Nothing, Run, Cut, CutBoth, Break, Wait, Panic] {
            let own = match act {
                Wait => [0, 0, 1],
                Panic => [0, 1, 0],
                _ => [1, 0, 0],
            };
            let expected = sum(&[own, act.moves(), dropped[0], dropped[1]]);
            let run = || {
                let mut future = pin!(body(act, OnDrop(argument), local));
                let polled = catch_unwind(AssertUnwindSafe(|| poll(future.as_mut())));
                assert_eq!(polled.is_err(), act == Panic);
            };
            assert_eq!(moved(run), expected, "{act:?}, {argument:?}, {local:?}");
        }
        let unpolled = || drop(body(Wait, OnDrop(argument), local));
        assert_eq!(moved(unpolled), argument.moves(), "{argument:?}");
    }
}

#[test]
fn a_future_within_the_arguments_of_another_is_a_call_of_its_own_at_any_depth() {
    type Boxed = Pin<Box<dyn Future<Output = Answer>>>;
    /// Polls the future that it holds by reference, so that its argument drops after its locals.
    fn around(mut inner: Boxed) -> Boxed {
        Box::pin(track(|| &SITE, classify, async move {
            let _begun = begun(&SITE);
            inner.as_mut().await
        }))
    }

    let waiting = || Box::pin(body(Wait, OnDrop(Nothing), Nothing)) as Boxed;
    for depth in [1, 2, 100] {
        let cut = || {
            let mut future = (1..depth).fold(waiting(), |inner, _| around(inner));
            assert!(poll(future.as_mut()).is_pending());
        };
        assert_eq!(moved(cut), [0, 0, depth]);
        // Only the ones inside were polled.
        let unpolled = || {
            let mut inner = waiting();
            assert!(poll(inner.as_mut()).is_pending());
            drop((0..depth).fold(inner, |inner, _| around(inner)));
        };
        assert_eq!(moved(unpolled), [0, 0, 1]);
    }
}

/// Two calls that are counted by one body, as two attributes on a function make them.
fn twice(act: Act) -> impl Future<Output = Answer> {
    let body = async move {
        let _second = begun(&SITE);
        let _first = begun(&SITE);
        if act == Wait {
            std::future::pending::<()>().await;
        }
        act.act();
        Ok(())
    };
    track(|| &SITE, classify, track(|| &SITE, classify, body))
}

#[test]
fn two_calls_that_share_a_body_are_two_outcomes() {
    let around = |act: Act| {
        let work = move || {
            let mut future = pin!(twice(act));
            let polled = catch_unwind(AssertUnwindSafe(|| poll(future.as_mut())));
            assert_eq!(polled.is_err(), act == Panic);
        };
        moved(work)
    };
    assert_eq!(around(Nothing), [2, 0, 0]);
    assert_eq!(around(Panic), [0, 2, 0]);
    assert_eq!(around(Wait), [0, 0, 2]);
}

#[test]
fn a_classifier_that_panics_is_one_failure_and_a_poll_after_the_end_none() {
    let refuse = |_: &Answer| -> Outcome { panic!("the classifier panics") };
    let count = moved(|| {
        let mut future = pin!(track(|| &SITE, refuse, async {
            let _begun = begun(&SITE);
            Ok(())
        }));
        for _ in 0..2 {
            let polled = catch_unwind(AssertUnwindSafe(|| poll(future.as_mut())));
            assert!(polled.is_err());
        }
    });
    assert_eq!(count, [0, 1, 0]);
    let count = moved(|| {
        let mut future = pin!(body(Nothing, OnDrop(Nothing), Nothing));
        assert!(poll(future.as_mut()).is_ready());
        let polled = catch_unwind(AssertUnwindSafe(|| poll(future.as_mut())));
        assert!(polled.is_err());
    });
    assert_eq!(count, [1, 0, 0]);
}

#[test]
fn a_future_may_begin_on_one_thread_and_be_dropped_on_another() {
    let metrics = capture();
    let mut future = Box::pin(body(Wait, OnDrop(Nothing), Nothing));
    assert!(poll(future.as_mut()).is_pending());
    std::thread::scope(|scope| {
        let dropped = scope.spawn(|| {
            let _here = metrics.enter();
            drop(future);
        });
        assert!(dropped.join().is_ok());
    });
    assert_eq!(metrics.count(INTERRUPTED), 1);
    assert!(poll(pin!(body(Nothing, OnDrop(Nothing), Nothing))).is_ready());
    assert_eq!(metrics.count(DONE), 1);
}

#[test]
fn an_argument_whose_destructor_panics_takes_no_outcome_away() {
    let cut = || {
        let mut future = Box::pin(body(Wait, OnDrop(Panic), Nothing));
        assert!(poll(future.as_mut()).is_pending());
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(future)));
        assert!(dropped.is_err());
    };
    assert_eq!(moved(cut), [0, 0, 1]);
    let ends = || {
        let mut future = pin!(body(Nothing, OnDrop(Panic), Nothing));
        let polled = catch_unwind(AssertUnwindSafe(|| poll(future.as_mut())));
        assert!(polled.is_err());
    };
    assert_eq!(moved(ends), [0, 1, 0]);
    // Nothing of it is left behind for the next call.
    assert_eq!(moved(|| Cut.act()), [0, 0, 1]);
}

#[test]
fn a_counted_future_is_as_large_as_its_body() {
    fn sizes<F: Future>(make: impl Fn() -> F, classify: impl FnMut(&F::Output) -> Outcome) {
        let plain = size_of_val(&make());
        assert_eq!(size_of_val(&track(|| &SITE, classify, make())), plain);
    }
    let byte = Cell::new(1_u8);
    sizes(|| async { Ok(()) }, classify);
    sizes(|| async { byte.set(2) }, |()| Outcome::Neutral);
    sizes(|| std::future::ready([0_u8; 3]), |_| Outcome::Neutral);
}
