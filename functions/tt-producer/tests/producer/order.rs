//! Events of a customer in order, and many events in one Kinesis record.

use kinesis_batch::{Order, deaggregate};
use tt_event::TtEvent;

use crate::fake::{bench::Bench, kinesis::Answer};

/// JSON Lines of records of seven customers.
fn of_seven(number: usize) -> String {
    let record = |id: usize| {
        let customer = id % 7;
        format!(
            "{{\"record_id\":\"{id}\",\"customer_id\":\"c-{customer}\",\"event_type\":\"review\"}}\n"
        )
    };
    (0..number).map(record).collect()
}

/// The record ids of each customer, in the order of the stream.
fn by_customer(events: &[TtEvent]) -> Vec<Vec<usize>> {
    let of = |customer: usize| {
        let name = format!("c-{customer}");
        let events = events.iter().filter(|event| event.customer_id == name);
        events
            .map(|event| event.record_id.parse().unwrap())
            .collect()
    };
    (0..7).map(of).collect()
}

fn in_order(number: usize) -> Vec<Vec<usize>> {
    (0..7)
        .map(|customer| (customer..number).step_by(7).collect())
        .collect()
}

#[tokio::test]
async fn events_of_a_customer_keep_the_order_of_the_file_whatever_is_refused() {
    let refusals = (0..60).map(|n| Answer::Refuse(vec![n % 3]));
    let bench = Bench::with(refusals, |config| {
        config.limits.order = Order::PerKey;
        config.limits.request_records = 10;
        config.limits.retry.max_attempts = Some(60);
    })
    .await;
    bench.upload("incoming/a.jsonl", of_seven(200)).await;
    assert_eq!(bench.counts(), [200, 200, 0]);
    assert_eq!(by_customer(&bench.events()), in_order(200));
}

#[tokio::test]
async fn aggregated_events_are_counted_one_by_one() {
    let bench = Bench::with([], |config| config.limits.aggregate = true).await;
    let summary = bench
        .upload("incoming/a.jsonl", of_seven(3000) + "oops\n")
        .await;
    assert_eq!(bench.counts(), [3001, 3000, 1]);
    assert_eq!((summary.published, summary.parked), (3000, 1));
    let mut events = Vec::new();
    for (_, content) in bench.kinesis.accepted() {
        let records = deaggregate(&content).unwrap().unwrap();
        events.extend(
            records
                .iter()
                .map(|record| TtEvent::decode(record.data).unwrap()),
        );
    }
    assert!(bench.kinesis.accepted().len() < 100);
    assert_eq!(by_customer(&events), in_order(3000));
}
