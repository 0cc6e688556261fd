//! Writes to the log that break off.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use cloudwatch_stand_in::read_document;

use super::*;
use crate::{
    flush::settle::LogWrite,
    metric::Dimensions,
    sink::emf::{self, LinePosition},
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

/// The sums that CloudWatch stores of a log. Lines that are not documents add nothing.
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

/// Writes the counts twice, the first time to an output that fails after so many bytes; returns whether that write was
/// complete, and the log.
fn log_after(room: usize, mut position: LinePosition) -> (bool, Vec<u8>) {
    let flusher = flusher(Delivery::AtMostOnce, Vec::new());
    let mut log = Vec::new();
    let mut write = |data: Vec<Datum>, room| {
        let batch = PendingBatch::new(SystemTime::now(), data, None, Instant::now());
        let mut output = Failing {
            room,
            interrupted: false,
            output: &mut log,
        };
        let batch = batch.batch(&flusher.config);
        let written = emf::write_to(batch, &mut position, &mut output);
        flusher.put_back_unwritten(written) == LogWrite::Complete
    };
    let complete = write(data(), room);
    let (snapshot, _) = flusher.drain(None, Urgency::Normal);
    let (_, left) = snapshot.into_parts();
    let left = left
        .into_iter()
        .filter(|datum| !Health::NAMES.contains(&datum.metric));
    assert!(write(left.collect(), usize::MAX));
    (complete, log)
}

#[test]
fn a_write_that_breaks_off_anywhere_loses_and_doubles_nothing() {
    let (_, whole) = log_after(usize::MAX, LinePosition::EXCLUSIVE);
    let expected = sums(&whole);
    assert_eq!(expected.get("Done [\"post\"]"), Some(&4.0));
    assert_eq!(expected.get("Time []"), Some(&175.0));
    for position in [LinePosition::EXCLUSIVE, LinePosition::SHARED] {
        let mut failed = 0;
        for room in 0..whole.len() {
            let (complete, log) = log_after(room, position);
            failed += usize::from(!complete);
            assert_eq!(sums(&log), expected, "{room} bytes, {position:?}");
        }
        // As many as the four documents have bytes, without the last line feed.
        assert!(failed > whole.len() / 2, "{failed} of {}", whole.len());
    }
}

#[test]
fn an_output_whose_position_is_known_has_no_empty_lines() {
    let (_, log) = log_after(usize::MAX, LinePosition::EXCLUSIVE);
    let text = String::from_utf8(log).expect("is text");
    assert!(text.lines().all(|line| !line.is_empty()), "{text}");
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
    let pending = PendingBatch::new(SystemTime::now(), data, None, Instant::now());
    let batch = Batch {
        dimensions: &shared,
        ..pending.batch(&flusher.config)
    };
    let written = emf::write_to(batch, &mut { LinePosition::SHARED }, &mut io::sink());
    assert_eq!(flusher.put_back_unwritten(written), LogWrite::Complete);
    flush(&flusher);
    let totals = flusher.sink.accepted.totals();
    assert_eq!(totals.get("MetricsDropped"), Some(&1));
    assert_eq!(totals.get("FlushFailed"), None);
}

#[test]
fn an_output_that_takes_nothing_more_is_one_that_failed() {
    let flusher = flusher(Delivery::AtMostOnce, Vec::new());
    let pending = PendingBatch::new(SystemTime::now(), data(), None, Instant::now());
    let batch = pending.batch(&flusher.config);
    let mut output: &mut [u8] = &mut [0; 100];
    let written = emf::write_to(batch, &mut { LinePosition::SHARED }, &mut output);
    assert_eq!(flusher.put_back_unwritten(written), LogWrite::PutBack);
    let (snapshot, _) = flusher.drain(None, Urgency::Normal);
    assert_eq!(snapshot.get(DONE), 14);
    assert_eq!(snapshot.get(MetricName::new("FlushFailed")), 1);
}
