//! Puts with an order per key, and with several records in one Kinesis record.

use kinesis_batch::{Entry, Limits, Order, PutError, Stream, deaggregate};
use kinesis_stand_in::{Answer, Kinesis};

use crate::{contents, four_attempts};

#[tokio::test]
async fn records_of_a_key_are_accepted_in_order_whatever_is_rejected() {
    let entries: Vec<_> = (0..9)
        .map(|n| Entry::new(format!("key-{}", n % 3), n.to_string()))
        .collect();
    for refused in 0..64 {
        let of_round = |round: u32| (0..3).filter(move |n| refused >> round & 1 << n != 0);
        let answers = (0..3).map(|round| Answer::Refuse(of_round(round).collect()));
        let (kinesis, client) = Kinesis::start(answers).await;
        let stream = Stream::new(&client, "tt-events").with_limits(Limits {
            order: Order::PerKey,
            ..four_attempts()
        });
        let results = stream.put(&entries, None).await;
        assert!(results.iter().all(Result::is_ok));
        for key in 0..3 {
            let accepted = kinesis.accepted().into_iter();
            let of_key = accepted.filter(|(k, _)| *k == format!("key-{key}"));
            let found: Vec<_> = of_key.map(|(_, data)| data).collect();
            let expected = [0, 3, 6].map(|n| (n + key).to_string().into_bytes());
            assert_eq!(found, expected, "refusals {refused:b}");
        }
    }
}

#[tokio::test]
async fn a_failed_record_does_not_block_its_key() {
    let mut entries = vec![Entry::new("key", "0"), Entry::new("key", "1")];
    entries.insert(1, Entry::new("key", vec![b'x'; 2 << 20]));
    let (kinesis, client) = Kinesis::start(vec![Answer::Refuse(vec![0]); 4]).await;
    let stream = Stream::new(&client, "tt-events").with_limits(Limits {
        order: Order::PerKey,
        ..four_attempts()
    });
    let results = stream.put(&entries, None).await;
    assert!(matches!(results[0], Err(PutError::Refused { .. })));
    assert!(matches!(results[1], Err(PutError::TooLarge { .. })));
    assert!(results[2].is_ok());
    assert_eq!(contents(&kinesis), ["1"]);
}

fn aggregating() -> Limits {
    Limits {
        aggregate: true,
        ..four_attempts()
    }
}

#[tokio::test]
async fn aggregated_records_take_few_kinesis_records_and_keep_their_order() {
    let (kinesis, client) = Kinesis::start([]).await;
    let stream = Stream::new(&client, "tt-events").with_limits(aggregating());
    let entries: Vec<_> = (0..5000)
        .map(|n| Entry::new(format!("key-{}", n % 50), format!("content of record {n}")))
        .collect();
    let results = stream.put(&entries, None).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(kinesis.requests().len(), 1);
    assert!(kinesis.requests()[0] <= 64, "{:?}", kinesis.requests());
    let mut found = Vec::new();
    for (_, data) in kinesis.accepted() {
        for record in deaggregate(&data).unwrap().unwrap() {
            found.push(Entry::new(record.partition_key, record.data));
        }
    }
    for key in 0..50 {
        let of_key = |entries: &[Entry]| -> Vec<Entry> {
            let key = format!("key-{key}");
            let entries = entries.iter().filter(|e| e.partition_key == key);
            entries.cloned().collect()
        };
        assert_eq!(of_key(&found), of_key(&entries));
    }
    assert_eq!(found.len(), 5000);
}

#[tokio::test]
async fn a_rejected_aggregate_fails_only_its_records() {
    let (kinesis, client) = Kinesis::start(vec![Answer::Refuse(vec![0]); 4]).await;
    let stream = Stream::new(&client, "tt-events").with_limits(aggregating());
    let mut entries: Vec<_> = (0..100)
        .map(|n| Entry::new(format!("key-{}", n % 2), n.to_string()))
        .collect();
    entries.push(Entry::new("key-0", vec![b'x'; 2 << 20]));
    let results = stream.put(&entries, None).await;
    assert_eq!(kinesis.requests(), [2, 1, 1, 1]);
    let parity = usize::from(results[0].is_ok());
    for (index, result) in results[..100].iter().enumerate() {
        assert_eq!(result.is_err(), index % 2 == parity, "record {index}");
    }
    assert!(matches!(results[100], Err(PutError::TooLarge { .. })));
}
