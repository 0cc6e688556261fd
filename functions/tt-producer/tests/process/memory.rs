//! The program uses at most 128 MiB of memory for a file of any size.
//!
//! `TT_FILE_MIB=2048 cargo test --release -p tt-producer --test process memory -- --nocapture` shows the figures of a file of 2 GiB.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;

use crate::surroundings::Surroundings;

const MIB: usize = 1024 * 1024;
/// The promised limit, in KiB.
const MAX_RESIDENT: u64 = 128 * 1024;

/// Has the program read a file; returns its response and its peak resident memory in KiB.
async fn run(block: Vec<u8>, blocks: usize) -> (Value, u64) {
    let around = Surroundings::new("incoming/large.jsonl", block, blocks);
    let mut function = around.start("error").await;
    let response = (&mut function.response).await.unwrap();
    (response, function.peak_resident())
}

/// About a MiB of records, and their number.
fn records() -> (String, usize) {
    let record = |id: usize| {
        let details = "x".repeat(id % 300);
        format!(
            "{{\"record_id\":\"r-{id}\",\"customer_id\":\"c-{id}\",\"event_type\":\"review\",\"details\":\"{details}\"}}\n"
        )
    };
    let block: Vec<_> = (0..5000).map(record).collect();
    (block.concat(), block.len())
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn mib() -> usize {
    std::env::var("TT_FILE_MIB").map_or(16, |mib| mib.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_does_not_grow_with_the_file() {
    let mib = mib();
    let (block, number) = records();
    let blocks = (mib * MIB).div_ceil(block.len());
    let member = gzip(block.as_bytes());
    for (form, block) in [("plain", block.into_bytes()), ("gzip", member)] {
        let (response, resident) = run(block, blocks).await;
        println!("{form}, {mib} MiB unpacked: {resident} KiB resident at most, {response}");
        assert_eq!(response["published"], number * blocks, "{response}");
        assert_eq!(response["received"], response["published"]);
        assert!(resident < MAX_RESIDENT, "{form}: {resident} KiB");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_does_not_grow_with_the_failures_of_a_file() {
    let mib = mib() / 8;
    for (form, block) in [
        ("short lines", "x\n".repeat(MIB / 2)),
        ("an endless line", "x".repeat(MIB)),
        ("an endless object", "{\"a\":".repeat(MIB / 5)),
        ("nested lines", "{\"a\":[\n".repeat(MIB / 7)),
    ] {
        let (response, resident) = run(gzip(block.as_bytes()), mib).await;
        println!("{form}, {mib} MiB unpacked: {resident} KiB resident at most, {response}");
        assert_eq!(response["published"], 0, "{response}");
        assert!(resident < MAX_RESIDENT, "{form}: {resident} KiB");
    }
}
