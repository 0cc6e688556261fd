//! Writes to the log that break off.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use super::*;
use crate::{
    metric::{Dimensions, limits::read_document},
    sink::emf,
};

/// An output that takes so many bytes, a few at a time, and then fails.
struct Failing<'a> {
    room: usize,
    /// Whether a signal comes before the next bytes.
    interrupted: bool,
    output: &'a mut Vec<u8>,
}

impl Write for Failing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        if self.room == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let taken = bytes.len().min(self.room).min(37);
        self.output.extend_from_slice(&bytes[..taken]);
        self.room -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What CloudWatch stores of a log; lines that are no documents tell it nothing.
fn sums(log: &[u8]) -> BTreeMap<String, f64> {
    let mut sums = BTreeMap::new();
    for line in std::str::from_utf8(log).expect("is text").lines() {
        for stored in read_document(line, SystemTime::now()).unwrap_or_default() {
            let dimensions: Vec<_> = stored.dimensions.values().collect();
            let series = format!("{} {dimensions:?}", stored.metric);
            *sums.entry(series).or_default() += stored.sum();
        }
    }
    sums
}

/// Counts that are several documents.
fn data() -> Vec<Datum> {
    let under = |carrier: &'static str| Dimensions::new([("carrier", carrier)]);
    vec![
        Datum::count(DONE, 7),
        Datum::count(FAILED, 1),
        Datum::count(DONE, 4).with_dimensions(under("post")),
        Datum::count(DONE, 3).with_dimensions(under("rail")),
        Datum::histogram(MetricName::new("Time"), [(1.5, 90), (2.0, 20)]),
    ]
}

/// Writes the counts twice, the first time to an output that fails after so many bytes; whether that failed.
fn log_after(room: usize, line: emf::Line) -> (bool, Vec<u8>) {
    let flusher = flusher(Delivery::AtMostOnce, Vec::new());
    let torn = AtomicBool::new(false);
    let mut log = Vec::new();
    let mut write = |data: Vec<Datum>, room| {
        let flight = Flight::new(SystemTime::now(), data, None, Instant::now());
        let mut output = Failing {
            room,
            interrupted: false,
            output: &mut log,
        };
        let written = emf::write_to(flusher.batch(&flight), line, &torn, &mut output);
        flusher.wrote(written)
    };
    let complete = write(data(), room);
    let (snapshot, _) = flusher.drain(None, Moment::Early);
    let (_, left) = snapshot.into_parts();
    let left = left
        .into_iter()
        .filter(|datum| !Health::NAMES.contains(&datum.metric));
    assert!(write(left.collect(), usize::MAX));
    (complete, log)
}

#[test]
fn a_write_that_breaks_off_anywhere_loses_and_doubles_nothing() {
    let (_, whole) = log_after(usize::MAX, emf::Line::Next);
    let expected = sums(&whole);
    assert_eq!(expected.get("Done [\"post\"]"), Some(&4.0));
    assert_eq!(expected.get("Time []"), Some(&175.0));
    for line in [emf::Line::Next, emf::Line::New] {
        let mut failed = 0;
        for room in 0..whole.len() {
            let (complete, log) = log_after(room, line);
            failed += usize::from(!complete);
            assert_eq!(sums(&log), expected, "{room} bytes, {line:?}");
        }
        // As many as the four documents have bytes, without the last line feed.
        assert!(failed > whole.len() / 2, "{failed} of {}", whole.len());
    }
}

#[test]
fn data_that_fit_into_no_document_are_counted_and_not_put_back() {
    let flusher = flusher(Delivery::AtMostOnce, Vec::new());
    let long = |number: usize| format!("{number}{}", "\"".repeat(240));
    let own = Dimensions::new((0..28).map(|number| (long(number), "\"".repeat(1_024))));
    let shared = (0..2).map(|number| (long(100 + number), "\"".repeat(1_024)));
    let shared = DimensionSets::new([Dimensions::new(shared)]).expect("valid");
    let mut data = vec![Datum::count(FAILED, 1)];
    let huge = (0..9_000).map(|value| (f64::from(value), 1_000));
    data.push(Datum::count(DONE, 1).with_dimensions(own));
    data.push(Datum::histogram(MetricName::new("Time"), huge));
    let flight = Flight::new(SystemTime::now(), data, None, Instant::now());
    let batch = Batch {
        dimensions: &shared,
        ..flusher.batch(&flight)
    };
    let torn = AtomicBool::new(false);
    let written = emf::write_to(batch, emf::Line::New, &torn, &mut io::sink());
    assert!(flusher.wrote(written));
    flush(&flusher);
    let totals = flusher.sink.accepted.totals();
    assert_eq!(totals.get("MetricsDropped"), Some(&1));
    assert_eq!(totals.get("FlushFailed"), None);
}

#[test]
fn an_output_that_takes_nothing_more_is_one_that_failed() {
    let flusher = flusher(Delivery::AtMostOnce, Vec::new());
    let flight = Flight::new(SystemTime::now(), data(), None, Instant::now());
    let torn = AtomicBool::new(false);
    let mut output: &mut [u8] = &mut [0; 100];
    let written = emf::write_to(flusher.batch(&flight), emf::Line::New, &torn, &mut output);
    assert!(!flusher.wrote(written));
    let (snapshot, _) = flusher.drain(None, Moment::Early);
    assert_eq!(snapshot.get(DONE), 14);
    assert_eq!(snapshot.get(MetricName::new("FlushFailed")), 1);
}
