//! Dimensions, error, latency and calls in flight of a call.

use std::{
    future::{pending, ready},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
};

use tt_metrics::{
    Capture, Dimension, MetricName, Outcome, Unit, capture, count, count_outcome, outcome,
    sink::{Datum, Value},
};

use crate::{block_on, poll_once, yield_once};

#[derive(Debug, Clone, Copy, PartialEq, Dimension)]
enum Carrier {
    Post,
    #[dimension("Own van")]
    Van,
}

#[derive(Debug, Dimension)]
enum ShipError {
    NoStock,
    #[expect(dead_code, reason = "a variant may carry anything")]
    Refused {
        code: u16,
    },
}

struct Order {
    carrier: Carrier,
    shop: String,
    paid: bool,
}

fn order(carrier: Carrier, shop: &str) -> Order {
    Order {
        carrier,
        shop: shop.to_owned(),
        paid: true,
    }
}

#[count_outcome(
    success = "DetailShipped", failure = "DetailRefused", interrupted = "DetailCut",
    dimensions(Carrier: Carrier = order.carrier, Paid: bool = order.paid),
    failure_by = ShipError,
)]
#[expect(clippy::panic, reason = "a panic is a failure too")]
fn ship(order: Order, stock: u32) -> Result<String, ShipError> {
    let Order { shop, .. } = order;
    match stock {
        0 => Err(ShipError::NoStock),
        1 => Err(ShipError::Refused { code: 1 }),
        2 => panic!("the shelf fell over"),
        _ => Ok(shop),
    }
}

fn under(metrics: &Capture, metric: &str, dimensions: &[(&str, &str)]) -> u64 {
    metrics.count_under(metric, dimensions)
}

#[test]
fn counts_are_split_by_dimensions_and_kept_as_a_sum() {
    let metrics = capture();
    for carrier in [Carrier::Post, Carrier::Van, Carrier::Van] {
        assert_eq!(ship(order(carrier, "north"), 9).unwrap(), "north");
    }
    assert_eq!(metrics.count("DetailShipped"), 3);
    let van = [("Carrier", "Own van"), ("Paid", "true")];
    assert_eq!(under(&metrics, "DetailShipped", &van), 2);
    let post = [("Carrier", "Post"), ("Paid", "true")];
    assert_eq!(under(&metrics, "DetailShipped", &post), 1);
    let data = metrics.data();
    let moved = data
        .iter()
        .filter(|datum| datum.metric.as_str() == "DetailShipped");
    assert_eq!(moved.count(), 2);
}

#[test]
fn failures_are_split_by_variant_and_a_panic_has_its_own_value() {
    let metrics = capture();
    for stock in [0, 1, 1, 9] {
        let _ = ship(order(Carrier::Post, ""), stock);
    }
    assert!(catch_unwind(AssertUnwindSafe(|| ship(order(Carrier::Van, ""), 2))).is_err());
    assert_eq!(metrics.count("DetailRefused"), 4);
    let by = |error| under(&metrics, "DetailRefused", &[("Error", error)]);
    assert_eq!((by("NoStock"), by("Refused"), by("Panic")), (1, 2, 1));
    let van = [("Carrier", "Own van"), ("Paid", "true")];
    assert_eq!(under(&metrics, "DetailRefused", &van), 1);
}

#[test]
fn a_failure_that_a_classifier_finds_in_no_error_is_another_one() {
    fn strict(answer: &Result<u8, ShipError>) -> Outcome {
        match answer {
            Ok(0) => Outcome::Failure,
            Ok(_) => Outcome::Success,
            Err(_) => Outcome::Neutral,
        }
    }
    #[count_outcome(success = "StrictDone", failure = "StrictFailed", by = strict, failure_by = ShipError)]
    fn answer(answer: Result<u8, ShipError>) -> Result<u8, ShipError> {
        answer
    }
    let metrics = capture();
    let _ = (answer(Ok(0)), answer(Err(ShipError::NoStock)));
    assert_eq!(metrics.count("StrictFailed"), 1);
    assert_eq!(under(&metrics, "StrictFailed", &[("Error", "Other")]), 1);
    assert_eq!(under(&metrics, "StrictFailed", &[("Error", "NoStock")]), 0);
}

#[test]
fn free_text_is_capped_and_a_list_has_a_rest() {
    #[count("TextCalls", dimensions(Shop = shop, max = 2, Tier: ["free", "paid"] = tier))]
    fn visit(shop: &str, tier: &str) {}

    let metrics = capture();
    for shop in ["a", "b", "c", "a", "d"] {
        visit(shop, "free");
    }
    visit("a", "gold");
    let by = |shop, tier| under(&metrics, "TextCalls", &[("Shop", shop), ("Tier", tier)]);
    assert_eq!((by("a", "free"), by("b", "free")), (2, 1));
    assert_eq!((by("Other", "free"), by("a", "Other")), (2, 1));
    assert_eq!(metrics.count("TextCalls"), 6);
}

#[test]
fn a_parameter_is_a_dimension_by_its_name() {
    #[count_outcome(success = "NamedDone", dimensions(carrier, "Is paid": bool = *paid))]
    async fn named(carrier: &Carrier, paid: &bool) -> Option<()> {
        yield_once().await;
        Some(())
    }
    let metrics = capture();
    block_on(named(&Carrier::Van, &false));
    let dimensions = [("carrier", "Own van"), ("Is paid", "false")];
    assert_eq!(under(&metrics, "NamedDone", &dimensions), 1);
}

#[test]
fn patterns_blocks_and_returned_futures_have_dimensions_too() {
    #[count_outcome(success = "PatternDone", dimensions(Carrier: Carrier = carrier))]
    fn pattern(_: u8, Order { carrier, .. }: Order) -> Option<Carrier> {
        Some(carrier)
    }
    #[count_outcome(success = "PatternAsync", dimensions(Carrier: Carrier = carrier))]
    async fn pattern_async(
        Order {
            carrier, ref shop, ..
        }: Order,
    ) -> Option<usize> {
        Some(shop.len() + usize::from(carrier == Carrier::Van))
    }
    #[count_outcome(success = "PatternFuture", dimensions(Paid: bool = order.paid))]
    fn future(order: Order) -> impl Future<Output = Option<()>> {
        async move {
            drop(order);
            Some(())
        }
    }
    let metrics = capture();
    assert_eq!(pattern(1, order(Carrier::Van, "")), Some(Carrier::Van));
    assert_eq!(
        block_on(pattern_async(order(Carrier::Post, "abc"))),
        Some(3)
    );
    assert_eq!(block_on(future(order(Carrier::Post, ""))), Some(()));
    let carrier = Carrier::Van;
    let block =
        outcome!(success = "PatternBlock", dimensions(Carrier: Carrier = carrier); Some(carrier));
    assert_eq!(block, Some(Carrier::Van));
    let van = [("Carrier", "Own van")];
    assert_eq!(under(&metrics, "PatternDone", &van), 1);
    assert_eq!(under(&metrics, "PatternAsync", &[("Carrier", "Post")]), 1);
    assert_eq!(under(&metrics, "PatternFuture", &[("Paid", "true")]), 1);
    assert_eq!(under(&metrics, "PatternBlock", &van), 1);
}

/// The observations of a latency metric.
fn durations(metrics: &Capture, metric: &str) -> Vec<(f64, u64)> {
    let data = metrics.data();
    let found = data.iter().find(|datum| datum.metric.as_str() == metric);
    match found {
        Some(Datum {
            value: Value::Histogram(seen),
            unit: Unit::Milliseconds,
            ..
        }) => seen.clone(),
        _ => Vec::new(),
    }
}

fn spin(milliseconds: u64) {
    let begin = std::time::Instant::now();
    while begin.elapsed() < std::time::Duration::from_millis(milliseconds) {
        std::hint::spin_loop();
    }
}

#[test]
fn latency_holds_the_time_of_each_call_whatever_became_of_it() {
    const TIME: MetricName = MetricName::new("WorkTime");

    #[count_outcome(success = "WorkDone", failure = "WorkFailed", latency = TIME)]
    fn work(milliseconds: u64) -> Result<(), ()> {
        spin(milliseconds);
        match milliseconds {
            20 => Err(()),
            30 => panic!("too much work"),
            _ => Ok(()),
        }
    }
    let metrics = capture();
    let _ = (work(5), work(20));
    assert!(catch_unwind(|| work(30)).is_err());
    let seen = durations(&metrics, "WorkTime");
    assert_eq!(
        seen.iter().map(|(_, times)| times).sum::<u64>(),
        3,
        "{seen:?}"
    );
    for (milliseconds, (value, _)) in [5.0, 20.0, 30.0].into_iter().zip(&seen) {
        assert!(*value > milliseconds * 0.94, "{seen:?}");
    }
    assert_eq!(
        (metrics.count("WorkDone"), metrics.count("WorkFailed")),
        (1, 2)
    );
}

#[test]
fn latency_of_a_future_is_from_its_first_poll_to_its_end() {
    #[count_outcome(success = "AsyncDone", interrupted = "AsyncCut", latency = "AsyncTime")]
    async fn work(wait: bool) -> Option<()> {
        if wait {
            pending::<()>().await;
        }
        ready(()).await;
        Some(())
    }
    let metrics = capture();
    let idle = work(false);
    spin(20);
    block_on(idle);
    let quick = durations(&metrics, "AsyncTime");
    assert_eq!(quick.len(), 1);
    assert!(quick[0].0 < 20.0, "{quick:?}");
    drop(work(false));
    {
        let mut cut = pin!(work(true));
        assert!(poll_once(cut.as_mut()).is_pending());
        spin(5);
    }
    let seen = durations(&metrics, "AsyncTime");
    assert_eq!(
        seen.iter().map(|(_, times)| times).sum::<u64>(),
        2,
        "{seen:?}"
    );
    assert_eq!(metrics.count("AsyncCut"), 1);
}

#[test]
fn count_takes_latency_and_calls_in_flight() {
    #[count("BatchCalls", items = batch.len(), latency = "BatchTime", in_flight = "BatchOpen")]
    async fn batch(batch: &[u8]) -> usize {
        yield_once().await;
        batch.len()
    }
    let metrics = capture();
    let open = || {
        metrics
            .data()
            .into_iter()
            .find(|datum| datum.metric.as_str() == "BatchOpen")
    };
    {
        let (mut one, mut other) = (pin!(batch(&[1, 2])), pin!(batch(&[3])));
        assert!(poll_once(one.as_mut()).is_pending());
        assert!(poll_once(other.as_mut()).is_pending());
        assert!(poll_once(one).is_ready());
        assert_eq!(open().unwrap().value, Value::Gauge(2.0));
    }
    assert_eq!(metrics.count("BatchCalls"), 3);
    let seen = durations(&metrics, "BatchTime");
    assert_eq!(seen.iter().map(|(_, times)| times).sum::<u64>(), 2);
}

#[test]
fn recursion_is_in_flight_at_every_depth_and_a_panic_leaves() {
    #[count_outcome(success = "DepthDone", in_flight = "DepthOpen")]
    fn depth(levels: u32) -> Option<()> {
        assert!(levels < 9, "too deep");
        if levels == 0 {
            Some(())
        } else {
            depth(levels - 1)
        }
    }
    let level = |metrics: &Capture| {
        let data = metrics.data();
        let found = data
            .iter()
            .find(|datum| datum.metric.as_str() == "DepthOpen");
        found.unwrap().value.clone()
    };
    let metrics = capture();
    depth(3);
    assert_eq!(level(&metrics), Value::Gauge(4.0));
    assert!(catch_unwind(|| depth(9)).is_err());
    drop(metrics);
    assert_eq!(level(&capture()), Value::Gauge(0.0));
}

#[test]
fn the_catalogue_knows_the_details() {
    let one = |metric: &str| {
        tt_metrics::catalogue()
            .find(|one| one.metric == metric)
            .unwrap()
    };
    let refused = one("DetailRefused");
    let sets: Vec<Vec<&str>> = refused
        .dimensions
        .iter()
        .map(|set| set.iter().map(|dimension| dimension.name).collect())
        .collect();
    assert_eq!(sets, [vec![], vec!["Carrier", "Paid"], vec!["Error"]]);
    assert_eq!(refused.dimensions[1][0].values, ["Post", "Own van"]);
    assert_eq!(
        refused.dimensions[2][0].values,
        ["NoStock", "Refused", "Panic", "Other"]
    );
    let time = one("WorkTime");
    assert_eq!(
        (time.unit, time.kind.as_str(), time.meaning.as_str()),
        ("Milliseconds", "histogram", "latency")
    );
    assert_eq!(one("BatchOpen").kind.as_str(), "gauge");
    assert_eq!(one("TextCalls").dimensions[1][0].max, 2);
}
