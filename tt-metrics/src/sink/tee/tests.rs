//! Two sinks that answer as the test says.

use std::{
    sync::LazyLock,
    task::{Context, Waker},
    time::SystemTime,
};

use super::*;
use crate::{
    metric::{DimensionSets, MetricName},
    sink::{CaptureSink, Properties},
};

const DONE: MetricName = MetricName::new("Done");

/// Fails in its first flush.
#[derive(Debug)]
struct Failing {
    error: Mutex<Option<EmitError>>,
    accepted: CaptureSink,
}

impl Sink for Failing {
    async fn emit(&self, batch: Batch<'_>, budget: Duration) -> Result<(), EmitError> {
        let error = lock(&self.error).take();
        match error {
            Some(error) => Err(error),
            None => self.accepted.emit(batch, budget).await,
        }
    }
}

fn tee(error: EmitError, delivery: Delivery) -> Tee<Failing, CaptureSink> {
    let failing = Failing {
        error: Mutex::new(Some(error)),
        accepted: CaptureSink::new(),
    };
    Tee::new(failing, CaptureSink::new(), delivery)
}

fn batch<'a>(data: &'a [Datum], departure: &'a Departure) -> Batch<'a> {
    static NONE: LazyLock<DimensionSets> = LazyLock::new(DimensionSets::default);
    Batch {
        namespace: "test",
        dimensions: &NONE,
        timestamp: SystemTime::UNIX_EPOCH,
        data,
        invocation: None,
        properties: Properties::NONE,
        departure,
    }
}

fn flush<A: Sink, B: Sink>(tee: &Tee<A, B>, growth: u64) {
    let (data, here) = ([Datum::count(DONE, growth)], Departure::default());
    let mut emit = pin!(tee.emit(batch(&data, &here), SECOND));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(matches!(emit.as_mut().poll(&mut cx), Poll::Ready(Ok(()))));
}

fn totals(tee: &Tee<Failing, CaptureSink>) -> [Option<u64>; 2] {
    let total = |sink: &CaptureSink| sink.totals().get("Done").copied();
    [total(&tee.first.sink.accepted), total(&tee.second.sink)]
}

#[test]
fn what_one_sink_refuses_is_sent_to_it_again_and_not_to_the_other() {
    let tee = tee(EmitError::NotAccepted("full".into()), Delivery::AtMostOnce);
    flush(&tee, 5);
    assert_eq!((totals(&tee), tee.unsent()), ([None, Some(5)], [1, 0]));
    flush(&tee, 2);
    assert_eq!((totals(&tee), tee.unsent()), ([Some(7), Some(7)], [0, 0]));
}

#[test]
fn what_may_have_arrived_is_given_up_or_sent_again_as_the_delivery_says() {
    for (delivery, total, given_up) in [(Delivery::AtMostOnce, 2, 1), (Delivery::AtLeastOnce, 7, 0)]
    {
        let tee = tee(EmitError::Ambiguous("reset".into()), delivery);
        flush(&tee, 5);
        flush(&tee, 2);
        assert_eq!(totals(&tee), [Some(total), Some(7)]);
        assert_eq!(tee.given_up(), [given_up, 0]);
    }
}

#[test]
fn zeros_are_not_kept_and_counts_beside_them_are() {
    let failed = MetricName::new("Failed");
    let tee = tee(EmitError::NotAccepted("full".into()), Delivery::AtMostOnce);
    flush(&tee, 0);
    assert_eq!((totals(&tee), tee.unsent()), ([None, Some(0)], [0, 0]));
    *lock(&tee.first.sink.error) = Some(EmitError::NotAccepted("full".into()));
    let (data, here) = (
        [Datum::count(DONE, 0), Datum::count(failed, 3)],
        Departure::default(),
    );
    let mut emit = pin!(tee.emit(batch(&data, &here), SECOND));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(emit.as_mut().poll(&mut cx).is_ready());
    assert_eq!(tee.unsent(), [1, 0]);
}

const SECOND: Duration = Duration::from_secs(1);

fn finish<A: Sink, B: Sink>(tee: &Tee<A, B>) {
    let here = Departure::default();
    let mut finish = pin!(tee.finish(batch(&[], &here), SECOND));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(finish.as_mut().poll(&mut cx).is_ready());
}

#[test]
fn what_is_kept_is_sent_when_the_process_ends_to_that_sink_alone() {
    let inner = tee(EmitError::NotAccepted("full".into()), Delivery::AtMostOnce);
    // A tee in a tee hands the end on.
    let outer = Tee::new(inner, CaptureSink::new(), Delivery::AtMostOnce);
    flush(&outer, 5);
    finish(&outer);
    assert_eq!(totals(&outer.first.sink), [Some(5), Some(5)]);
    assert_eq!(outer.first.sink.unsent(), [0, 0]);
    finish(&outer);
    assert_eq!(totals(&outer.first.sink), [Some(5), Some(5)]);
    assert_eq!(outer.second.sink.batches().len(), 1);
}

#[test]
fn what_a_sink_accepted_in_part_is_kept_given_up_or_dropped_datum_by_datum() {
    let failed = MetricName::new("Failed");
    for (delivery, total, given_up) in [
        (Delivery::AtMostOnce, None, 1),
        (Delivery::AtLeastOnce, Some(3), 0),
    ] {
        let mut partial = Partial::new("as the test asked");
        partial.not_accepted = vec![Datum::count(DONE, 4)];
        partial.ambiguous = vec![Datum::count(failed, 3)];
        partial.dropped = 2;
        let tee = tee(EmitError::Partial(Box::new(partial)), delivery);
        let (data, here) = ([Datum::count(DONE, 9)], Departure::default());
        let emitted = {
            let mut emit = pin!(tee.emit(batch(&data, &here), SECOND));
            emit.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        };
        let Poll::Ready(Err(EmitError::Partial(told))) = emitted else {
            panic!("{emitted:?}");
        };
        assert_eq!(
            (told.dropped, told.not_accepted.len(), told.ambiguous.len()),
            (2, 0, 0)
        );
        finish(&tee);
        assert_eq!(totals(&tee), [Some(4), Some(9)]);
        let accepted = tee.first.sink.accepted.totals();
        assert_eq!(accepted.get("Failed").copied(), total);
        assert_eq!(tee.given_up(), [given_up, 0]);
    }
}

/// Never answers; says whether it has sent.
#[derive(Debug)]
struct Hanging {
    announces: bool,
    leaves: bool,
}

impl Sink for Hanging {
    fn packing(&self) -> Packing {
        Packing::WHOLE.at_most(1)
    }

    fn announces_departure(&self) -> bool {
        self.announces
    }

    async fn emit(&self, batch: Batch<'_>, _: Duration) -> Result<(), EmitError> {
        if self.leaves {
            batch.departure.leave();
        }
        std::future::pending().await
    }
}

#[test]
fn a_flush_that_is_dropped_keeps_what_has_not_left() {
    for (announces, leaves, delivery, kept, given_up) in [
        (true, false, Delivery::AtMostOnce, 2, 0),
        (true, true, Delivery::AtMostOnce, 1, 1),
        (true, true, Delivery::AtLeastOnce, 2, 0),
        (false, false, Delivery::AtMostOnce, 1, 1),
    ] {
        let tee = Tee::new(Hanging { announces, leaves }, CaptureSink::new(), delivery);
        let data = [
            Datum::count(DONE, 1),
            Datum::count(MetricName::new("Failed"), 1),
        ];
        let here = Departure::default();
        {
            let mut emit = pin!(tee.emit(batch(&data, &here), SECOND));
            let polled = emit.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
        }
        assert_eq!((tee.unsent()[0], tee.given_up()[0]), (kept, given_up));
    }
}

#[derive(Debug)]
struct Documents;

impl Sink for Documents {
    fn packing(&self) -> Packing {
        Packing::DOCUMENTS
    }

    async fn emit(&self, _: Batch<'_>, _: Duration) -> Result<(), EmitError> {
        Ok(())
    }
}

#[test]
fn what_a_sink_cannot_carry_is_counted_once_for_each() {
    let many = (0..200_000).map(|value| (f64::from(value), 1));
    let data = [Datum::histogram(DONE, many), Datum::count(DONE, 1)];
    let here = Departure::default();
    let tee = Tee::new(Documents, Documents, Delivery::AtMostOnce);
    let mut emit = pin!(tee.emit(batch(&data, &here), SECOND));
    let polled = emit.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Err(EmitError::Partial(partial))) = polled else {
        panic!("{polled:?}");
    };
    assert_eq!(partial.dropped, 2);
}
