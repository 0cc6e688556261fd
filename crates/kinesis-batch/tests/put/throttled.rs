//! Puts on a stream of one shard, with the write limits of AWS.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use kinesis_batch::{Entry, Limits, Order, RetryPolicy, Stream};
use kinesis_stand_in::LimitedKinesis;

const TARGET: &str = env!("CARGO_TARGET_TMPDIR");

fn entries(number: usize, keys: usize) -> Vec<Entry> {
    (0..number)
        .map(|n| Entry::new(format!("key-{}", n % keys), n.to_string()))
        .collect()
}

fn sorted(contents: &[Vec<u8>]) -> Vec<usize> {
    let numbers = contents
        .iter()
        .map(|data| str::from_utf8(data).unwrap().parse().unwrap());
    let mut numbers: Vec<usize> = numbers.collect();
    numbers.sort_unstable();
    numbers
}

#[tokio::test]
async fn a_shard_that_throttles_gets_every_record_once() {
    let kinesis = LimitedKinesis::start("tt-events", TARGET).await;
    // Six attempts suffice because the stream limits its request rate.
    let stream = Stream::new(&kinesis.client, "tt-events").with_limits(Limits {
        retry: RetryPolicy {
            max_attempts: Some(6),
            ..Limits::default().retry
        },
        ..Limits::default()
    });
    let entries = entries(4000, 4000);
    let puts = entries.chunks(1000).map(|part| stream.put(part, None));
    let results: Vec<_> = join_all(puts).await.concat();
    assert!(results.iter().all(Result::is_ok));
    let receipts = results
        .iter()
        .flatten()
        .map(kinesis_batch::Receipt::sequence_number);
    assert_eq!(receipts.collect::<BTreeSet<_>>().len(), 4000);
    assert!(
        sorted(&kinesis.contents("tt-events").await)
            .into_iter()
            .eq(0..4000)
    );
}

#[tokio::test]
async fn a_shard_that_throttles_gets_the_records_of_a_key_in_order() {
    let kinesis = LimitedKinesis::start("tt-events", TARGET).await;
    let stream = Stream::new(&kinesis.client, "tt-events").with_limits(Limits {
        order: Order::PerKey,
        ..Limits::default()
    });
    let results = stream.put(&entries(2000, 400), None).await;
    assert!(results.iter().all(Result::is_ok));
    let contents = kinesis.contents("tt-events").await;
    for key in 0..400 {
        let numbers = contents.iter().map(|data| str::from_utf8(data).unwrap());
        let of_key = numbers
            .map(|number| number.parse::<usize>().unwrap())
            .filter(|number| number % 400 == key);
        assert!(of_key.eq((key..2000).step_by(400)), "key {key}");
    }
}
