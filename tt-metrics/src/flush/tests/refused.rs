//! Requests that certainly never left, whatever the delivery is.

use super::*;
use crate::{metric::limits::read_request, sink::put_metric_data::stand_in::behind_a_door};

/// How often a flush was tried, what arrived of its count, and what it says of itself.
async fn flushed(delivery: Delivery, refused: u32) -> (u32, Vec<f64>, Vec<&'static str>) {
    let template = flusher(delivery, Vec::new());
    let (sink, door) = behind_a_door(refused);
    let mut flusher = Flusher::over(template.buffer, template.config, sink);
    flusher.config.flush_timeout = Duration::from_secs(30);
    flusher.buffer.claim().add(0, Kind::Success, 5);
    flusher.flush(None, Duration::from_secs(30)).await;
    let kept = flusher.buffer.drain(SystemTime::now(), StillOpen::Wait);
    assert_eq!(kept.get(DONE), 0, "is sent, or in the log");
    let bodies = lock(&door.bodies);
    let stored = bodies.iter().flat_map(|body| {
        let stored = read_request(body, SystemTime::now());
        stored.expect("CloudWatch takes the request")
    });
    let done = stored.filter(|it| it.metric == "Done");
    let sums = done.map(|it| it.sum()).collect();
    let health = flusher.health.take().map(|datum| datum.metric.as_str());
    (
        door.attempts.load(Ordering::Relaxed),
        sums,
        health.collect(),
    )
}

#[tokio::test]
async fn a_refused_connection_makes_no_count_uncertain() {
    for delivery in [Delivery::AtMostOnce, Delivery::AtLeastOnce] {
        assert_eq!(flushed(delivery, 2).await, (3, vec![5.0], vec![]));
        let fell_back = vec!["FlushFellBackToEmf"];
        assert_eq!(flushed(delivery, 3).await, (3, vec![], fell_back));
    }
}
