//! A file that takes longer than an invocation: no record is received twice, and none is skipped.

use std::time::Duration;

use kinesis_batch::Backoff;

use crate::{
    fake::{
        bench::{Bench, ids, lines, notification, record},
        kinesis::Answer,
        s3::Fault,
        sqs::QUEUE,
    },
    formats::gzip,
};

/// Long enough to read a part of a file, also on a busy machine.
const INVOCATION: Duration = Duration::from_secs(1);

async fn with_queue() -> Bench {
    Bench::with([], |config| config.queue = Some(QUEUE.to_owned())).await
}

/// Lets every invocation read a part of the file only; returns how many it took.
async fn in_hops(bench: &Bench, key: &str, content: &[u8]) -> usize {
    bench.s3.hold(&format!("bucket/{key}"), content);
    let mut event = Some(notification(&[(key, content.len())]));
    let mut hops = 0;
    let step = content.len() / 4;
    while let Some(payload) = event {
        hops += 1;
        assert!(hops < 12, "no progress");
        let first = match hops {
            // A packed file is read from its beginning, so the fault must come later each time.
            _ if content.starts_with(&[0x1f, 0x8b]) => step * hops,
            1 => step,
            // Enough for the header; the rest of the file is requested by range.
            _ => 50,
        };
        bench.s3.fail([first, step].map(Fault::Stall));
        bench.handle_within(&payload, INVOCATION).await;
        let [received, published, failed] = bench.counts();
        assert_eq!(received, published + failed);
        event = bench.sqs.receive();
    }
    hops
}

fn csv(number: usize) -> String {
    let rows = (0..number).map(|id| format!("r-{id},c-{id},review,\"two\nlines\"\n"));
    "record_id,customer_id,event_type,details\n".to_owned() + &rows.collect::<String>()
}

fn array(number: usize) -> String {
    let records: Vec<_> = (0..number).map(record).collect();
    format!("[{}]", records.join(",\n"))
}

/// Small members, since nothing comes out of a block before its end.
fn packed(content: &str) -> Vec<u8> {
    let members = content.as_bytes().chunks(300);
    let members = members.map(|member| gzip(str::from_utf8(member).unwrap()));
    members.collect::<Vec<_>>().concat()
}

#[tokio::test]
async fn a_file_is_continued_where_the_previous_invocation_stopped() {
    for (key, content) in [
        ("incoming/a.jsonl", lines(100)),
        ("incoming/a.csv", csv(100)),
        ("incoming/a.json", array(100)),
    ] {
        for content in [content.clone().into_bytes(), packed(&content)] {
            let bench = with_queue().await;
            let hops = in_hops(&bench, key, &content).await;
            assert!(hops > 3, "{key}: {hops}");
            assert_eq!(bench.counts(), [100, 100, 0], "{key}");
            let ranges = bench
                .s3
                .reads()
                .into_iter()
                .filter(|read| read.contains("bytes="));
            let packed = content.starts_with(&[0x1f, 0x8b]);
            assert_eq!(ranges.count(), if packed { 0 } else { hops - 1 }, "{key}");
            assert_eq!(bench.ids(), ids(100), "{key}");
            let indices = bench.events().into_iter().map(|event| event.source.index);
            assert!(indices.eq(0..100), "{key}");
            assert!(bench.parked().is_empty());
        }
    }
}

#[tokio::test]
async fn a_slow_stream_stops_the_reading_between_two_records_that_are_here() {
    let bench = Bench::with([], |config| {
        config.queue = Some(QUEUE.to_owned());
        config.in_flight = 1;
        config.limits.request_records = 10;
        config.limits.retry.max_attempts = Some(60);
        let pause = Duration::from_millis(20);
        config.limits.retry.backoff = Backoff {
            base: pause,
            cap: pause,
        };
    })
    .await;
    // One record of each request is refused: the file would take seconds.
    bench.kinesis.always(Answer::Refuse(vec![0]));
    bench.s3.hold("bucket/incoming/a.jsonl", lines(200));
    let payload = notification(&[("incoming/a.jsonl", 9)]);
    let summary = bench.handle_within(&payload, INVOCATION * 2).await;
    assert_eq!(summary.handed_on, 1, "{summary:?}");
    assert!(summary.received < 200, "{summary:?}");
    bench.kinesis.always(Answer::Accept);
    let rest = bench.sqs.receive().unwrap();
    bench.handle(&rest).await.unwrap();
    let events = bench.events().into_iter().map(|event| event.source.index);
    let parked = bench.parked().into_iter();
    let parked = parked.map(|line| line["index"].as_u64().unwrap());
    let mut indices: Vec<_> = events.chain(parked).collect();
    indices.sort_unstable();
    // A record whose answer comes after the deadline is parked, and may be in the stream as well.
    indices.dedup();
    assert!(
        indices.iter().copied().eq(0..200),
        "{summary:?} {indices:?}"
    );
}

#[tokio::test]
async fn a_slow_stream_parks_no_record() {
    let bench = Bench::with([], |config| {
        config.queue = Some(QUEUE.to_owned());
        config.in_flight = 1;
        config.limits.request_records = 10;
    })
    .await;
    // Longer than what is kept for publishing in any case.
    bench
        .kinesis
        .always(Answer::Late(Duration::from_millis(400)));
    bench.s3.hold("bucket/incoming/a.jsonl", lines(400));
    let payload = notification(&[("incoming/a.jsonl", 9)]);
    let summary = bench.handle_within(&payload, INVOCATION * 6).await;
    assert_eq!((summary.handed_on, summary.failed), (1, 0), "{summary:?}");
    bench.kinesis.always(Answer::Accept);
    let rest = bench.sqs.receive().unwrap();
    bench.handle(&rest).await.unwrap();
    assert_eq!(bench.counts(), [400, 400, 0]);
    assert_eq!(bench.ids(), ids(400));
}

#[tokio::test]
async fn without_a_queue_a_slow_stream_does_not_end_the_reading_earlier() {
    let bench = Bench::with([], |config| {
        config.in_flight = 1;
        config.limits.request_records = 10;
    })
    .await;
    // Five go out when reading ends at half of its time, and seven else.
    bench
        .kinesis
        .always(Answer::Late(Duration::from_millis(650)));
    bench.s3.hold("bucket/incoming/a.jsonl", lines(400));
    let payload = notification(&[("incoming/a.jsonl", 9)]);
    let summary = bench.handle_within(&payload, INVOCATION * 6).await;
    assert!(summary.published >= 60, "{summary:?}");
    assert!(summary.published > 2 * summary.failed, "{summary:?}");
    assert_eq!(summary.failed, summary.parked, "{summary:?}");
}

#[tokio::test]
async fn failed_records_of_every_invocation_keep_their_number() {
    let bench = with_queue().await;
    let good = lines(60);
    let file: Vec<_> = good.lines().flat_map(|line| [line, "oops"]).collect();
    let hops = in_hops(&bench, "incoming/a.jsonl", file.join("\n").as_bytes()).await;
    assert!(hops > 3, "{hops}");
    assert_eq!(bench.counts(), [120, 60, 60]);
    let parked = bench.parked();
    let indices = parked.iter().map(|line| line["index"].as_u64().unwrap());
    assert!(indices.eq((1..120).step_by(2)));
    // And none overwrote what another had parked.
    assert_eq!(parked.len(), 60);
}

#[tokio::test]
async fn a_giant_line_is_one_failed_record_over_all_invocations() {
    let bench = Bench::with([], |config| {
        config.queue = Some(QUEUE.to_owned());
        config.record_bytes = 1000;
    })
    .await;
    let file = format!("{}\n{}\n{}\n", record(0), "x".repeat(20_000), record(1));
    let hops = in_hops(&bench, "incoming/a.jsonl", file.as_bytes()).await;
    assert!(hops > 3, "{hops}");
    assert_eq!(bench.counts(), [3, 2, 1]);
}

#[tokio::test]
async fn an_object_without_time_left_is_handed_on_whole() {
    let bench = with_queue().await;
    for key in ["a", "b"] {
        bench
            .s3
            .hold(&format!("bucket/incoming/{key}.jsonl"), lines(3));
    }
    bench.s3.fail([Fault::Stall(70)]);
    let both = notification(&[("incoming/a.jsonl", 9), ("incoming/b.jsonl", 9)]);
    let summary = bench.handle_within(&both, INVOCATION).await;
    assert_eq!(
        (summary.objects, summary.handed_on, summary.received),
        (1, 2, 1)
    );
    while let Some(payload) = bench.sqs.receive() {
        bench.handle(&payload).await.unwrap();
    }
    assert_eq!(bench.counts(), [6, 6, 0]);
    assert_eq!(bench.ids().len(), 6);
}

#[tokio::test]
async fn a_rest_that_no_queue_accepts_is_parked_and_continued_by_a_replay() {
    let bench = with_queue().await;
    bench.sqs.close();
    bench.s3.hold("bucket/incoming/a.csv", csv(50));
    bench.s3.fail([Fault::Stall(1000)]);
    let summary = bench
        .handle_within(&notification(&[("incoming/a.csv", 9)]), INVOCATION)
        .await;
    assert_eq!(
        (summary.failed, summary.parked, summary.handed_on),
        (1, 1, 0)
    );
    let [received, published, _] = bench.counts();
    assert_eq!(received, published + 1);
    let parked = bench.s3.under("bucket/parked/").remove(0).1;
    let replay = bench.upload("replay/again.ndjson", parked).await;
    assert_eq!((replay.failed, replay.objects), (0, 2));
    assert_eq!(bench.ids(), ids(50));
    let indices = bench.events().into_iter().map(|event| event.source.index);
    assert!(indices.eq(0..50));
}

#[tokio::test]
async fn an_upload_without_progress_is_given_up() {
    let bench = with_queue().await;
    bench.s3.hold("bucket/incoming/a.jsonl", lines(5));
    let mut event = Some(notification(&[("incoming/a.jsonl", 9)]));
    let mut hops = 0;
    while let Some(payload) = event {
        hops += 1;
        bench.s3.fail([Fault::Stall(10)]);
        bench.handle_within(&payload, INVOCATION).await;
        event = bench.sqs.receive();
    }
    assert_eq!(hops, 4);
    assert_eq!(bench.counts(), [1, 0, 1]);
    assert_eq!(bench.parked()[0]["reason"], "rest of the file: out of time");
}
