//! Tests of captures on parallel threads and tasks.

use std::{
    panic::catch_unwind,
    sync::{Arc, Barrier},
    task::{Context, Poll},
    thread,
};

use super::*;
use crate::{
    assert_metrics,
    count::counter,
    declare::{
        declaration::Declaration,
        kind::Kind,
        level::Level,
        site::{SITES, Site, State},
    },
};

const METRIC: MetricName = MetricName::new("CaptureCounted");
const DECLARATION: Declaration = Declaration {
    calls: Some(METRIC),
    ..Declaration::new("capture", file!(), line!(), "")
};

#[linkme::distributed_slice(SITES)]
#[expect(unsafe_code, reason = "the list of sites is a section of the binary")]
static SITE: Site = Site::new(&DECLARATION, &[]);

fn count(n: u64) {
    counter::add(&SITE, Kind::Calls, n);
}

#[test]
fn parallel_captures_do_not_affect_each_other() {
    let all = Arc::new(Barrier::new(8));
    let threads: Vec<_> = (1..=8)
        .map(|n| {
            let all = Arc::clone(&all);
            thread::spawn(move || {
                let metrics = capture();
                all.wait();
                count(n);
                all.wait();
                assert_eq!(metrics.count("CaptureCounted"), n);
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn a_capture_within_another_counts_from_its_own_beginning() {
    let outer = capture();
    count(1);
    let inner = capture();
    count(2);
    assert_eq!(
        (outer.count("CaptureCounted"), inner.count("CaptureCounted")),
        (3, 2)
    );
    assert_metrics! { METRIC = 2 }
    drop(inner);
    count(4);
    assert_metrics! { "CaptureCounted" = 7 }
}

#[test]
fn entered_threads_and_followed_futures_are_captured() {
    let metrics = capture();
    thread::scope(|scope| {
        scope.spawn(|| {
            count(1);
            let entered = metrics.enter();
            count(2);
            drop(entered);
            count(4);
        });
        scope.spawn(|| {
            let mut future = std::pin::pin!(metrics.follow(async { count(8) }));
            let mut cx = Context::from_waker(std::task::Waker::noop());
            assert_eq!(future.as_mut().poll(&mut cx), Poll::Ready(()));
            count(16);
        });
    });
    assert_metrics! { in metrics; "CaptureCounted" = 10 }
}

#[test]
fn guards_dropped_out_of_order_leave_the_newer_one_in_effect() {
    let first = capture();
    let second = capture();
    drop(first);
    count(1);
    assert_eq!(second.count("CaptureCounted"), 1);
}

#[test]
fn an_assertion_without_a_capture_or_with_another_number_fails() {
    let none = catch_unwind(|| assert_metrics! { "CaptureCounted" = 0 });
    assert!(none.is_err());
    let _metrics = capture();
    assert!(catch_unwind(|| assert_metrics! { "CaptureCounted" = 1 }).is_err());
    assert!(catch_unwind(|| assert_metrics! { "NotDeclared" = 0 }).is_err());
}

#[cfg(any(feature = "lambda", feature = "put-metric-data"))]
mod runtimes {
    //! Tasks on every thread of a runtime.

    use super::*;

    fn on_a_runtime(n: u64) {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).build().unwrap();
        runtime.block_on(async move {
            let metrics = capture();
            let tasks: Vec<_> = (0..50)
                .map(|_| tokio::spawn(async move { count(n) }))
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            tokio::task::spawn_blocking(move || count(n)).await.unwrap();
            count(n);
            assert_metrics! { "CaptureCounted" = 52 * n }
            drop(metrics);
        });
    }

    #[test]
    fn tasks_of_parallel_tests_are_captured_separately() {
        let threads: Vec<_> = (1..=4)
            .map(|n| thread::spawn(move || on_a_runtime(n)))
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    }
}

const LEVEL: MetricName = MetricName::new("CaptureInFlight");
const WITH_LEVEL: Declaration = Declaration {
    in_flight: Some(LEVEL),
    ..Declaration::new("level", file!(), line!(), "")
};
static STATE: State = State {
    texts: &[],
    level: Level::new(),
};

#[linkme::distributed_slice(SITES)]
#[expect(unsafe_code, reason = "the list of sites is a section of the binary")]
static LEVELLED: Site = Site::new(&WITH_LEVEL, &[]).with(&STATE);

#[test]
fn open_calls_are_part_of_every_capture() {
    let metrics = capture();
    let (_, level) = LEVELLED.level().expect("has one");
    let elsewhere = thread::spawn(|| {
        let _other = capture();
        level.enter();
    });
    elsewhere.join().expect("begins a call");
    let data = metrics.data();
    let seen = data.iter().find(|datum| datum.metric == LEVEL);
    assert_eq!(
        seen.map(|datum| datum.value.clone()),
        Some(Value::Gauge(1.0))
    );
    level.leave();
}
