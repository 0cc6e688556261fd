//! Sinks that do not answer or panic, and the budget of a flush.

use std::future::{pending, ready};

use super::*;
use crate::{
    flush::Config,
    metric::DimensionSets,
    sink::{Batch, Delivery, EmitError, SinkKind},
};

#[derive(Debug)]
struct Endless;

impl Sink for Endless {
    async fn emit(&self, _: Batch<'_>, _: Duration) -> Result<(), EmitError> {
        pending().await
    }
}

#[tokio::test]
async fn a_sink_that_never_answers_does_not_block_the_function() {
    let flusher = Flusher::new(
        Config {
            namespace: "test".to_owned(),
            sink: SinkKind::Emf,
            dimensions: DimensionSets::default(),
            resolution: crate::metric::Resolution::Standard,
            delivery: Delivery::AtMostOnce,
            flush_timeout: Duration::from_millis(10),
            flush_interval: Duration::ZERO,
            on_empty: crate::flush::OnEmpty::Ignore,
            cold_start_metric: false,
            disabled: false,
        },
        Endless,
    );
    let invocation = flusher.invocation("a".to_owned());
    flush_before(None, &flusher, (&invocation, SentCounts::None)).await;
}

#[test]
fn a_panic_of_the_flush_does_not_change_the_result_of_the_handler() {
    let mut future = Box::pin(FlushAfter {
        inner: ready(Err("of the handler")),
        ended: None,
        armed: None,
        flush: Box::pin(async { panic!("as the test asked") }),
    });
    let polled = future
        .as_mut()
        .poll(&mut Context::from_waker(std::task::Waker::noop()));
    assert_eq!(polled, Poll::Ready(Err("of the handler")));
}

#[test]
fn the_budget_ends_before_the_deadline_and_is_zero_after_it() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
    let left = |milliseconds| budget(Some(now + Duration::from_millis(milliseconds)), now);
    assert_eq!(left(1_000), Duration::from_millis(950));
    assert_eq!(left(20), Duration::ZERO);
    let past = now - Duration::from_secs(1);
    assert_eq!(budget(Some(past), now), Duration::ZERO);
}

#[test]
fn a_deadline_in_the_past_is_ignored() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
    let deadline = valid_deadline(SystemTime::UNIX_EPOCH, now);
    assert_eq!(deadline, None);
    assert_eq!(budget(deadline, now), Duration::MAX);
}
