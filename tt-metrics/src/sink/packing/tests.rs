//! Batches of random data: CloudWatch accepts each of them, and together they contain all data.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::LazyLock,
    time::SystemTime,
};

use cloudwatch_stand_in::{Stored, read_document};
use fastrand::Rng;

use super::{families::join, *};
use crate::{
    metric::{DimensionSets, Resolution, Unit},
    sink::{Invocation, Properties, SharedSendState, drop_invalid, emf},
};

/// The sum for each metric, dimensions and unit.
type Sums = BTreeMap<(String, BTreeMap<String, String>, String), f64>;

const NAMES: usize = 1_500;
const CASES: u64 = 60;
static METRICS: LazyLock<Vec<MetricName>> = LazyLock::new(|| {
    let name = |number: usize| match number % 10 {
        0 => format!("{number}{}", "\\".repeat(250)),
        1 => format!("\"{number}"),
        2 if number < 10 => "stage".to_owned(),
        _ => format!("Metric{number}"),
    };
    let metric = |number| MetricName::new(name(number).leak());
    (0..NAMES).map(metric).collect()
});

/// One of these values seldom, and another one otherwise.
fn seldom<T: Copy>(rng: &mut Rng, values: &[T], otherwise: impl FnOnce(&mut Rng) -> T) -> T {
    match values.get(rng.usize(..20)) {
        Some(value) => *value,
        None => otherwise(rng),
    }
}

fn number(rng: &mut Rng) -> f64 {
    seldom(rng, &[f64::NAN, f64::INFINITY, 1e200], |rng| {
        f64::from(rng.i16(-1_000..1_000)) / 2.0
    })
}

fn value(rng: &mut Rng) -> Value {
    let observations = |rng: &mut Rng, values: usize, times: u64| {
        let observed = (0..values).map(|_| (number(rng), rng.u64(..times)));
        Value::Histogram(observed.collect())
    };
    match rng.u8(..28) {
        0..4 => Value::Gauge(number(rng)),
        4..7 => {
            let values = rng.usize(..160);
            observations(rng, values, 8)
        }
        7 => {
            let values = rng.usize(150..600);
            observations(rng, values, 3)
        }
        _ => Value::Count(rng.u64(..1 << 40)),
    }
}

fn own_dimensions(rng: &mut Rng) -> Dimensions {
    let values = ["post", "rail", "", "\u{e9}"];
    match rng.u8(..26) {
        0..4 => Dimensions::new([("carrier", values[rng.usize(..values.len())])]),
        4 => Dimensions::new([("stage", "own")]),
        5 => {
            let long = "\"".repeat(1_024);
            let name = |number| format!("{number}{}", "d".repeat(240));
            let number = rng.usize(1..32);
            Dimensions::new((0..number).map(|number| (name(number), long.clone())))
        }
        _ => Dimensions::NONE,
    }
}

/// Data as in a snapshot, with each series once.
fn data(rng: &mut Rng) -> Vec<Datum> {
    let size = match rng.u8(..6) {
        0 => rng.usize(1_000..1_400),
        1 => rng.usize(40..400),
        _ => rng.usize(..40),
    };
    let mut data = Vec::new();
    for _ in 0..size {
        let datum = Datum::new(METRICS[rng.usize(..NAMES)], value(rng))
            .with_dimensions(own_dimensions(rng))
            .with_unit(seldom(rng, &[Unit::Milliseconds], |_| Unit::Count))
            .with_resolution(seldom(rng, &[Resolution::High], |_| Resolution::Standard));
        Datum::merge_newer(&mut data, datum);
    }
    data
}

fn sets(rng: &mut Rng) -> DimensionSets {
    let stage = Dimensions::new([("stage", "test")]);
    let both = Dimensions::new([("stage", "test"), ("service", "a \"quoted\" one")]);
    let sets = match rng.u8(..3) {
        0 => vec![stage, both, Dimensions::NONE],
        1 => vec![stage],
        _ => Vec::new(),
    };
    DimensionSets::new(sets).expect("valid")
}

/// Runs a check with many data.
fn for_many(check: impl Fn(Vec<Datum>, &DimensionSets)) {
    for seed in 0..CASES {
        let mut rng = Rng::with_seed(seed);
        let sets = sets(&mut rng);
        let mut data = data(&mut rng);
        drop_invalid(&mut data, &sets);
        let checked = catch_unwind(AssertUnwindSafe(|| check(data, &sets)));
        assert!(checked.is_ok(), "with seed {seed}");
    }
}

static STATE: LazyLock<SharedSendState> = LazyLock::new(SharedSendState::default);

fn frame<'a>(sets: &'a DimensionSets, properties: &'a Properties) -> Batch<'a> {
    Batch {
        namespace: "shop/Orders",
        dimensions: sets,
        timestamp: SystemTime::now(),
        data: &[],
        invocation: None,
        properties,
        state: &STATE,
    }
}

fn expected(data: &[Datum], sets: &DimensionSets) -> Sums {
    let mut sums = Sums::new();
    for datum in data {
        for set in sets.with(&datum.dimensions) {
            let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
            let set = set.into_iter().map(owned).collect();
            let series = (
                datum.metric.to_string(),
                set,
                datum.unit.as_str().to_owned(),
            );
            *sums.entry(series).or_default() += datum.value.sum();
        }
    }
    sums
}

fn arrived(stored: &[Stored]) -> Sums {
    let mut sums = Sums::new();
    for stored in stored {
        let unit = stored.unit.clone();
        let series = (stored.metric.clone(), stored.dimensions.clone(), unit);
        *sums.entry(series).or_default() += stored.sum();
    }
    sums
}

/// What CloudWatch stores of the documents of these data, each of which it must accept.
fn documents(data: &[Datum], frame: Batch<'_>, dropped: u64) -> Vec<Stored> {
    let packed = Packing::DOCUMENTS.pack(data.to_vec(), frame);
    assert_eq!(packed.dropped, dropped);
    let mut stored = Vec::new();
    for data in &packed.batches {
        let mut line = Vec::new();
        emf::render(
            Batch { data, ..frame },
            emf::DocumentKind::Metrics,
            &mut line,
        );
        let line = String::from_utf8(line).expect("is UTF-8");
        assert_eq!(line.matches('\n').count(), 1);
        let read = read_document(&line, SystemTime::now());
        stored.extend(read.expect("CloudWatch takes the document"));
    }
    stored
}

/// The first series that differs: all of them would fill the screen.
fn difference(arrived: &Sums, expected: &Sums) -> Option<String> {
    let missing = expected
        .iter()
        .find(|(series, sum)| arrived.get(*series) != Some(*sum));
    let more = arrived
        .iter()
        .find(|(series, _)| !expected.contains_key(*series));
    missing.or(more).map(|(series, _)| {
        let (arrived, expected) = (arrived.get(series), expected.get(series));
        format!("{series:.40?}: {arrived:?} arrived of {expected:?}")
    })
}

#[test]
fn each_document_of_random_data_is_valid_and_the_sums_are_equal() {
    for_many(|data, sets| {
        let stored = documents(&data, frame(sets, Properties::NONE), 0);
        assert_eq!(difference(&arrived(&stored), &expected(&data, sets)), None);
    });
}

fn counts(number: usize) -> Vec<Datum> {
    let plain = METRICS
        .iter()
        .filter(|metric| metric.as_str().starts_with("Metric"));
    plain
        .take(number)
        .map(|metric| Datum::count(*metric, 1))
        .collect()
}

fn sizes(packed: &Packed) -> Vec<usize> {
    packed.batches.iter().map(Vec::len).collect()
}

#[test]
fn a_document_has_100_metrics_and_a_request_1000_with_one_for_each_set_of_dimensions() {
    let one = DimensionSets::default();
    let two = DimensionSets::new([Dimensions::NONE, Dimensions::new([("stage", "test")])]);
    let two = two.expect("valid");
    let packed = |packing: Packing, number, sets| {
        sizes(&packing.pack(counts(number), frame(sets, Properties::NONE)))
    };
    assert_eq!(packed(Packing::DOCUMENTS, 100, &one), [100]);
    assert_eq!(packed(Packing::DOCUMENTS, 101, &two), [100, 1]);
    assert_eq!(packed(Packing::REQUESTS, 1_000, &one), [1_000]);
    assert_eq!(packed(Packing::REQUESTS, 1_001, &one), [1_000, 1]);
    assert_eq!(packed(Packing::REQUESTS, 501, &two), [500, 1]);
    assert_eq!(packed(Packing::WHOLE, 1_001, &one), [1_001]);
    assert_eq!(
        packed(Packing::WHOLE.at_most(500), 1_001, &one),
        [500, 500, 1]
    );
    assert!(packed(Packing::DOCUMENTS, 0, &one).is_empty());
}

#[test]
fn metrics_of_one_function_stay_in_one_batch() {
    let names: Vec<&'static str> = counts(6)
        .iter()
        .map(|datum| datum.metric.as_str())
        .collect();
    let functions = [
        vec![names[0], names[5]],
        vec![names[1], names[4]],
        vec![names[4], names[2]],
    ];
    let families = || join(functions.iter().cloned());
    let room = Cost {
        metrics: 4,
        bytes: usize::MAX,
    };
    let one = |_: &Datum| Cost {
        metrics: 1,
        bytes: 1,
    };
    let batches = split(counts(6), room, one, families);
    let names_of = |data: &Vec<Datum>| data.iter().map(|datum| datum.metric.as_str()).collect();
    let batches: Vec<BTreeSet<&str>> = batches.iter().map(names_of).collect();
    let first = BTreeSet::from([names[3], names[0], names[5]]);
    let second = BTreeSet::from([names[1], names[2], names[4]]);
    assert_eq!(batches, [first, second]);
}

#[test]
fn documents_stay_below_their_limit_with_the_longest_dimensions_and_properties() {
    let long = |prefix: &str, length| format!("{prefix}{}", "\"".repeat(length));
    let shared = (0..8).map(|number| (long(&number.to_string(), 249), long("", 1_024)));
    let sets = DimensionSets::new([Dimensions::new(shared)]).expect("valid");
    let mut properties = Properties::default();
    for number in 0.. {
        if !properties.set(long(&number.to_string(), 400).into(), "".into()) {
            break;
        }
    }
    let invocation = Invocation {
        request_id: long("", 100),
        cold_start: false,
    };
    let own = (0..20).map(|number| (format!("own{number}"), long("", 1_024)));
    let own = Dimensions::new(own);
    let datum = |metric: &MetricName| {
        let observed = (0..100).map(|number| (f64::from(number) / 3.0e8, 1));
        Datum::histogram(*metric, observed).with_dimensions(own.clone())
    };
    let data: Vec<_> = METRICS
        .iter()
        .filter(|metric| metric.as_str() != "stage")
        .map(datum)
        .collect();
    let frame = Batch {
        invocation: Some(&invocation),
        ..frame(&sets, &properties)
    };
    let stored = documents(&data, frame, 0);
    assert_eq!(stored.len(), data.len());
}

#[test]
fn a_datum_that_fits_into_no_document_does_not_affect_the_others() {
    let long = |prefix: usize| format!("{prefix}{}", "\"".repeat(245));
    let value = || "\"".repeat(1_024);
    let shared = |set: usize| [2 * set, 2 * set + 1].map(|name| (long(name), value()));
    let sets = DimensionSets::new((0..10).map(|set| Dimensions::new(shared(set))));
    let sets = sets.expect("valid");
    let own = (0..28).map(|number| (long(100 + number), value()));
    let mut data = counts(2);
    data[0] = data[0].clone().with_dimensions(Dimensions::new(own));
    let packed = Packing::DOCUMENTS.pack(data, frame(&sets, Properties::NONE));
    assert_eq!((sizes(&packed), packed.dropped), (vec![1], 1));
}

mod declared;
mod histograms;
#[cfg(feature = "put-metric-data")]
mod requests;
mod room;
