//! Requests that were certainly never sent, with each delivery policy.

use cloudwatch_stand_in::{Answer, Stored};

use super::*;
use crate::sink::put_metric_data::tests::Door;

/// The number of attempts of a flush, the counts that arrived, and the health metrics.
async fn flushed(delivery: Delivery, refused: u32) -> (u32, Vec<f64>, Vec<&'static str>) {
    let template = flusher(delivery, Vec::new());
    let stored = Arc::new(Mutex::new(Vec::<Stored>::new()));
    let store = Arc::clone(&stored);
    let (sink, door) = Door::open_after(refused, move |data, _| {
        let data = data.expect("CloudWatch accepts the request");
        lock(&store).extend(data);
        Answer::ACCEPT
    });
    let mut flusher = Flusher::with_buffer(template.buffer, template.config, sink);
    flusher.config.flush_timeout = Duration::from_secs(30);
    flusher.buffer.claim().add(0, Kind::Success, 5);
    flusher.flush(None, Duration::from_secs(30)).await;
    let kept = flusher.buffer.drain(SystemTime::now(), StillOpen::Wait);
    assert_eq!(kept.get(DONE), 0, "is sent, or in the log");
    let stored = lock(&stored);
    let done = stored.iter().filter(|it| it.metric == "Done");
    let sums = done.map(Stored::sum).collect();
    let health = flusher.health.take().map(|datum| datum.metric.as_str());
    (door.attempts(), sums, health.collect())
}

#[tokio::test]
async fn a_refused_connection_makes_no_count_uncertain() {
    for delivery in [Delivery::AtMostOnce, Delivery::AtLeastOnce] {
        assert_eq!(flushed(delivery, 2).await, (3, vec![5.0], vec![]));
        let fell_back = vec!["FlushFellBackToEmf"];
        assert_eq!(flushed(delivery, 3).await, (3, vec![], fell_back));
    }
}
