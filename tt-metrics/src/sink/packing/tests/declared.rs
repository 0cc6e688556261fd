//! Unit, resolution and dimensions of an attribute arrive in documents and requests.
#![expect(
    unsafe_code,
    reason = "the list of sites is a section of the binary, and only other crates do not see how"
)]

use super::*;
use crate::{
    count::{buffer::Buffer, counter, open_calls::StillOpen},
    declare::site::SITES,
};

#[crate::count(
    "WireBytesRead",
    items = body.len(),
    unit = "Bytes",
    resolution = "high",
    latency = "WireReadTime",
    in_flight = "WireReadsOpen",
    dimensions(Whole: bool = whole),
    crate = crate
)]
fn read(body: &[u8], whole: bool) {
    let _ = (body, whole);
}

/// The same name by the minute and in another unit is another series.
#[crate::count("WireBytesRead", items = 3_u8, unit = "Kilobytes", resolution = 60, crate = crate)]
fn read_more() {}

#[crate::count_outcome(
    success = "WireRowsRead",
    failure = "WireRowsFailed",
    failure_by = bool,
    resolution = 1,
    crate = crate
)]
fn rows(rows: u8) -> Result<u8, bool> {
    if rows > 0 { Ok(rows) } else { Err(true) }
}

fn counted() -> Vec<Datum> {
    let buffer: &'static Buffer = Box::leak(Box::new(Buffer::new(|| SITES.static_slice())));
    let before = counter::redirect(buffer.claim());
    read(b"four", true);
    read(b"and six", false);
    read_more();
    let _ = (rows(1), rows(0));
    counter::redirect(before);
    let snapshot = buffer.drain(SystemTime::now(), StillOpen::Wait);
    let data = snapshot.into_parts().1.into_iter();
    data.filter(|datum| datum.metric.as_str().starts_with("Wire"))
        .collect()
}

/// Metric, dimensions, sum unless it is a time, unit, seconds.
fn lines(stored: &[Stored]) -> Vec<String> {
    let line = |stored: &Stored| {
        let time = stored.unit == "Milliseconds";
        let sum = if time { stored.samples() } else { stored.sum() };
        let Stored {
            metric, dimensions, ..
        } = stored;
        let (unit, seconds) = (stored.unit.as_str(), stored.resolution);
        format!("{metric} {dimensions:?} {sum} {unit} {seconds}")
    };
    let mut lines: Vec<String> = stored.iter().map(line).collect();
    lines.sort();
    lines
}

const EXPECTED: [&str; 8] = [
    "WireBytesRead {\"Whole\": \"false\"} 7 Bytes 1",
    "WireBytesRead {\"Whole\": \"true\"} 4 Bytes 1",
    "WireBytesRead {} 11 Bytes 1",
    "WireBytesRead {} 3 Kilobytes 60",
    "WireReadTime {} 2 Milliseconds 1",
    "WireReadsOpen {} 1 Count 1",
    "WireRowsFailed {\"Error\": \"true\"} 1 Count 1",
    "WireRowsFailed {} 1 Count 1",
];

#[test]
fn documents_contain_unit_and_resolution() {
    let sets = DimensionSets::default();
    let frame = frame(&sets, Properties::NONE);
    let mut out = Vec::new();
    for data in &Packing::DOCUMENTS.pack(counted(), frame).batches {
        emf::render(
            Batch { data, ..frame },
            emf::DocumentKind::Metrics,
            &mut out,
        );
    }
    let text = String::from_utf8(out).unwrap();
    let stored = text
        .lines()
        .flat_map(|line| read_document(line, SystemTime::now()).unwrap());
    let stored: Vec<Stored> = stored.collect();
    let (rows, others): (Vec<_>, Vec<_>) = lines(&stored)
        .into_iter()
        .partition(|line| line.starts_with("WireRowsRead"));
    assert_eq!(rows, ["WireRowsRead {} 1 Count 1"]);
    assert_eq!(others, EXPECTED);
    assert!(text.contains(r#"{"Name":"WireBytesRead","Unit":"Bytes","StorageResolution":1}"#));
    assert!(text.contains(r#"{"Name":"WireBytesRead","Unit":"Kilobytes"}"#));
}

#[cfg(feature = "put-metric-data")]
#[test]
fn requests_contain_unit_and_resolution() {
    use crate::sink::Sink;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("starts");
    let (sink, requests) = requests::sink();
    let sets = DimensionSets::default();
    let frame = frame(&sets, Properties::NONE);
    let data = counted();
    let batch = Batch {
        data: &data,
        ..frame
    };
    let sent = runtime.block_on(sink.emit(batch, std::time::Duration::from_secs(30)));
    sent.expect("is accepted");
    let (stored, _) = requests.recv().expect("arrives");
    let lines = lines(&stored);
    let (last, others) = lines.split_last().expect("is not empty");
    assert_eq!(last, "WireRowsRead {} 1 Count 1");
    assert_eq!(others, EXPECTED);
}
