//! Events that the stream has acknowledged are counted when the program is stopped in the middle of a file.

use std::sync::atomic::Ordering;

use crate::surroundings::{Surroundings, sum};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_events_are_counted_when_a_signal_stops_the_program() {
    let record = |id: usize| {
        format!(
            "{{\"record_id\":\"r-{id}\",\"customer_id\":\"c-{id}\",\"event_type\":\"review\"}}\n"
        )
    };
    let records: String = (0..1500).map(record).collect();
    // Three requests, of which all but one record each is acknowledged. The program waits for more of the file, and for the
    // answers to the requests with which it sends the refused records again.
    let around = Surroundings {
        stalls: true,
        refuses: true,
        ..Surroundings::new("incoming/a.jsonl", records, 1)
    };
    let function = around.start("error").await;
    while around.state.hanging.load(Ordering::SeqCst) < 3 {
        around.state.changed.notified().await;
    }
    let lines = function.stop("-TERM");
    assert_eq!(around.state.acknowledged.load(Ordering::SeqCst), 1497);
    assert_eq!(sum(&lines, "TTEventPublished"), 1497, "{lines:?}");
    assert_eq!(sum(&lines, "S3RecordsReceived"), 1500, "{lines:?}");
}
