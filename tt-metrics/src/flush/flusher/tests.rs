//! Flushes with sinks whose answers a test prescribes.

use std::{
    collections::VecDeque,
    sync::Mutex,
    task::{Context, Poll, Waker},
};

use super::*;
use crate::{
    count::sync::lock,
    declare::{declaration::Declaration, kind::Kind, site::Site},
    flush::OnEmpty,
    metric::{Datum, DimensionSets, MetricName, Resolution, Value},
    sink::{Batch, CaptureSink, Delivery, Packing},
};

#[cfg(feature = "lambda")]
mod log;
mod origin;
#[cfg(feature = "put-metric-data")]
mod refused;

const DONE: MetricName = MetricName::new("Done");
const FAILED: MetricName = MetricName::new("Failed");
const DECLARATION: Declaration = Declaration {
    success: Some(DONE),
    failure: Some(FAILED),
    ..Declaration::new("f", "f.rs", 1, "")
};
static SITE: [Site; 1] = [Site::new(&DECLARATION, &[])];

/// Answers from a list, then accepts into a capture sink; one metric a batch.
#[derive(Debug, Default)]
struct Scripted {
    answers: Mutex<VecDeque<SinkResult>>,
    accepted: CaptureSink,
}

impl Sink for Scripted {
    fn packing(&self) -> Packing {
        Packing::WHOLE.at_most(1)
    }

    async fn emit(&self, batch: Batch<'_>, budget: Duration) -> SinkResult {
        let answer = lock(&self.answers).pop_front();
        match answer {
            Some(Err(error)) => Err(error),
            Some(Ok(())) | None => self.accepted.emit(batch, budget).await,
        }
    }
}

fn flusher(delivery: Delivery, answers: Vec<SinkResult>) -> Flusher<Scripted> {
    let buffer = Box::leak(Box::new(Buffer::new(|| &SITE)));
    let config = Config {
        namespace: "test".to_owned(),
        sink: SinkKind::Emf,
        dimensions: DimensionSets::default(),
        resolution: Resolution::Standard,
        delivery,
        flush_timeout: Duration::from_secs(1),
        flush_interval: Duration::ZERO,
        on_empty: OnEmpty::Ignore,
        cold_start_metric: false,
        disabled: false,
    };
    let sink = Scripted {
        answers: Mutex::new(answers.into()),
        ..Scripted::default()
    };
    Flusher::with_buffer(buffer, config, sink)
}

fn flush(flusher: &Flusher<Scripted>) {
    let future = std::pin::pin!(flusher.flush(None, Duration::from_secs(1)));
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(future.poll(&mut cx), Poll::Ready(()));
}

#[test]
fn every_metric_is_sent_in_every_flush() {
    let flusher = flusher(Delivery::AtMostOnce, Vec::new());
    flusher.buffer.claim().add(0, Kind::Success, 5);
    flush(&flusher);
    flush(&flusher);
    let batches = flusher.sink.accepted.batches();
    let sent: Vec<&Value> = batches.iter().map(|batch| &batch[0].value).collect();
    assert_eq!(sent, [5, 0, 0, 0].map(Value::Count).each_ref());
}

#[test]
fn an_ambiguous_batch_is_not_sent_again_and_is_counted() {
    let flusher = flusher(
        Delivery::AtMostOnce,
        vec![Err(EmitError::Ambiguous("reset".into()))],
    );
    flusher.buffer.claim().add(0, Kind::Success, 5);
    flush(&flusher);
    flush(&flusher);
    let totals = flusher.sink.accepted.totals();
    assert_eq!(totals.get("Done"), Some(&0));
    assert_eq!(totals.get("FlushAmbiguous"), Some(&1));
}

#[test]
fn a_flush_that_is_dropped_puts_unsent_batches_back() {
    #[derive(Debug)]
    struct Hanging;
    impl Sink for Hanging {
        fn packing(&self) -> Packing {
            Packing::WHOLE.at_most(1)
        }
        async fn emit(&self, _: Batch<'_>, _: Duration) -> SinkResult {
            std::future::pending().await
        }
    }
    let template = flusher(Delivery::AtMostOnce, Vec::new());
    let flusher = Flusher::with_buffer(template.buffer, template.config, Hanging);
    flusher.buffer.claim().add(0, Kind::Success, 5);
    flusher.buffer.claim().add(0, Kind::Failure, 2);
    {
        let future = std::pin::pin!(flusher.flush(None, Duration::from_secs(1)));
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(future.poll(&mut cx), Poll::Pending);
    }
    let kept = flusher.buffer.drain(SystemTime::now(), StillOpen::Wait);
    assert_eq!((kept.get(DONE), kept.get(FAILED)), (0, 2));
}

#[test]
fn a_panic_of_the_sink_is_settled_by_the_send_state() {
    #[derive(Debug)]
    struct Panicking(bool);
    impl Sink for Panicking {
        fn marks_sent(&self) -> bool {
            true
        }
        async fn emit(&self, batch: Batch<'_>, _: Duration) -> SinkResult {
            if self.0 {
                assert!(batch.mark_sent());
            }
            panic!("as the test asked")
        }
    }
    for left in [false, true] {
        let template = flusher(Delivery::AtMostOnce, Vec::new());
        let flusher = Flusher::with_buffer(template.buffer, template.config, Panicking(left));
        flusher.buffer.claim().add(0, Kind::Success, 5);
        let future = std::pin::pin!(flusher.flush(None, Duration::from_secs(1)));
        let polled = future.poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(polled, Poll::Ready(()));
        // What may have arrived is uncertain; what has not left was written to the log.
        let health: Vec<_> = flusher
            .health
            .take()
            .map(|datum| datum.metric.as_str())
            .collect();
        let expected = if left {
            "FlushAmbiguous"
        } else {
            "FlushFellBackToEmf"
        };
        assert_eq!(health, [expected]);
    }
}

#[test]
fn an_empty_invocation_and_a_cold_start_are_counted_where_they_are_enabled() {
    for (on_empty, counted) in [(OnEmpty::Fail, Some(&1)), (OnEmpty::Warn, None)] {
        let mut flusher = flusher(Delivery::AtMostOnce, Vec::new());
        flusher.config.on_empty = on_empty;
        flusher.config.cold_start_metric = counted.is_some();
        for growth in [3, 0] {
            let invocation = flusher.invocation(format!("request with {growth}"));
            flusher.buffer.claim().add(0, Kind::Success, growth);
            let budget = Duration::from_secs(1);
            let future = std::pin::pin!(flusher.flush(Some(&invocation), budget));
            let mut cx = Context::from_waker(Waker::noop());
            assert_eq!(future.poll(&mut cx), Poll::Ready(()));
        }
        let totals = flusher.sink.accepted.totals();
        assert_eq!(totals.get("Done"), Some(&3));
        assert_eq!(totals.get("EmptyInvocations"), counted);
        assert_eq!(totals.get("ColdStart"), counted);
    }
}

#[test]
fn an_invocation_whose_counts_were_sent_while_it_ran_is_not_empty() {
    let mut flusher = flusher(Delivery::AtMostOnce, Vec::new());
    flusher.config.on_empty = OnEmpty::Fail;
    for (id, growth, empty) in [("counts", 3, None), ("counts nothing", 0, Some(&1))] {
        let invocation = flusher.invocation(id.to_owned());
        flusher.contributors.enter(id);
        flusher.buffer.claim().add(0, Kind::Success, growth);
        // As the watchdog does before a deadline.
        flusher.flush_to_emf(Some(&invocation));
        let sent = flusher.contributors.leave(id);
        let flush = flusher.flush_after(Some(&invocation), sent, Duration::from_secs(1));
        let polled = std::pin::pin!(flush).poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(polled, Poll::Ready(()));
        let totals = flusher.sink.accepted.totals();
        assert_eq!(totals.get("EmptyInvocations"), empty, "{id}");
    }
}

#[test]
fn a_resolution_of_the_process_is_that_of_every_metric_and_a_series_stays_one_datum() {
    let mut flusher = flusher(Delivery::AtMostOnce, Vec::new());
    flusher.config.resolution = Resolution::High;
    flusher.buffer.claim().add(0, Kind::Success, 5);
    flusher.health.dropped.add(1);
    let (snapshot, _) = flusher.drain(None, Urgency::Normal);
    flusher.buffer.put_back(snapshot.data());
    flusher.buffer.claim().add(0, Kind::Success, 2);
    flush(&flusher);
    let batches = flusher.sink.accepted.batches();
    let resolutions: Vec<_> = batches.iter().flatten().map(|it| it.resolution).collect();
    assert_eq!(resolutions, [Resolution::High; 3]);
    assert_eq!(flusher.sink.accepted.totals().get("Done"), Some(&7));
}
