//! Parked files that are copied to `replay/`: their records are sent again under the same event ids.

use serde_json::json;

use crate::fake::{
    bench::{Bench, ids, lines, notification, record},
    kinesis::Answer,
    s3::Fault,
};

/// Moves everything that is parked to `replay/`.
async fn replay(bench: &Bench) {
    for (path, content) in bench.s3.take("bucket/parked/") {
        let name = path.replace('/', "-");
        bench.upload(&format!("replay/{name}"), content).await;
    }
}

#[tokio::test]
async fn refused_records_are_sent_again_under_the_same_ids() {
    for (key, content) in [
        ("incoming/a.jsonl", lines(5)),
        ("incoming/a.json", format!("[{},{}]", record(0), record(1))),
        (
            "incoming/a.csv",
            "record_id,customer_id,event_type,details\r\nr-0,c-0,review,\"a\n\"\"b\"\"\"\r\nr-1,c-1,review,\r\n".to_owned(),
        ),
    ] {
        let expected = Bench::new([]).await;
        expected.upload(key, content.as_str()).await;
        let events = expected.events();
        drop(expected);

        let bench = Bench::new(vec![Answer::Error(400, "ThrottlingException"); 3]).await;
        bench.upload(key, content).await;
        let number = events.len() as u64;
        assert_eq!(bench.counts(), [number, 0, number]);
        replay(&bench).await;
        assert_eq!(bench.counts(), [2 * number, number, number]);
        assert!(bench.parked().is_empty());
        for (found, event) in bench.events().iter().zip(events) {
            assert_eq!((&found.event_id, &found.source), (&event.event_id, &event.source));
            assert_eq!(found.record_id, event.record_id);
            assert_eq!(found.text("details"), event.text("details"));
        }
    }
}

#[tokio::test]
async fn an_event_that_case_creation_parked_is_sent_again_under_the_same_id() {
    let bench = Bench::new([]).await;
    let file =
        "record_id,customer_id,event_type,subject,branch\nr-0,c-0,review,s,7\nr-1,c-1,review,,\n";
    bench.upload("incoming/a.csv", file).await;
    let events = bench.events();
    let document = |(_, payload): (String, Vec<u8>)| {
        let payload = String::from_utf8(payload).unwrap();
        format!(
            "{{\"event_id\":\"e\",\"sequence_number\":\"495\",\"code\":\"STRING_TOO_LONG\",\"message\":\"m\",\
             \"fields\":[],\"parked_at\":\"2026-01-01T00:00:00Z\",\"payload\":{payload}}}"
        )
    };
    let documents = bench.kinesis.accepted().into_iter().map(document);
    let documents: Vec<_> = documents.collect();
    bench.upload("replay/b.json", documents.join("\n")).await;
    assert_eq!(bench.counts(), [4, 4, 0]);
    for (mut again, event) in bench.events().into_iter().skip(2).zip(events) {
        again.produced_at.clone_from(&event.produced_at);
        assert_eq!(again, event);
    }
    // A failure on this way is parked under the same id, and is sent again from there.
    let bench = Bench::new(vec![Answer::Error(400, "ThrottlingException"); 3]).await;
    bench.s3.hold("bucket/incoming/a.csv", file);
    bench.upload("replay/b.json", documents.join("\n")).await;
    replay(&bench).await;
    assert_eq!(bench.counts(), [4, 2, 2]);
    let found: Vec<_> = bench
        .events()
        .into_iter()
        .map(|event| event.source.key)
        .collect();
    assert_eq!(found, ["incoming/a.csv", "incoming/a.csv"]);
}

#[tokio::test]
async fn a_record_that_fails_again_is_parked_as_it_was() {
    let bench = Bench::new([]).await;
    let file = "record_id,customer_id,event_type\nr-0,c-0,review\nr-1,c-1\n";
    bench.upload("incoming/a.csv", file).await;
    let parked = bench.parked();
    replay(&bench).await;
    assert_eq!(bench.parked(), parked);
    replay(&bench).await;
    assert_eq!(bench.parked(), parked);
    assert_eq!(bench.counts(), [4, 1, 3]);
}

#[tokio::test]
async fn a_record_corrected_by_hand_is_sent() {
    let bench = Bench::new([]).await;
    bench
        .upload(
            "incoming/a.csv",
            "record_id,customer,event_type\nr-0,c-0,review\n",
        )
        .await;
    assert_eq!(bench.counts(), [1, 0, 1]);
    let mut line = bench.parked().remove(0);
    line["header"] = json!("record_id,customer_id,event_type");
    bench.upload("replay/b.ndjson", line.to_string()).await;
    assert_eq!(bench.counts(), [2, 1, 1]);
    assert_eq!(bench.events()[0].source.key, "incoming/a.csv");
}

#[tokio::test]
async fn a_record_of_which_only_the_beginning_is_parked_fails_again_with_a_reason() {
    let bench = Bench::with([], |config| config.record_bytes = 1000).await;
    bench.upload("incoming/a.jsonl", "x".repeat(5000)).await;
    replay(&bench).await;
    assert_eq!(bench.counts(), [2, 0, 2]);
    let line = bench.parked().remove(0);
    assert_eq!(
        (&line["key"], &line["truncated"]),
        (&"incoming/a.jsonl".into(), &true.into())
    );
    let reason = line["reason"].as_str().unwrap();
    assert!(reason.starts_with("only the beginning"), "{reason}");
}

#[tokio::test]
async fn a_record_of_the_largest_size_is_sent_again() {
    let bench = Bench::with([], |config| config.record_bytes = 70_000).await;
    bench
        .kinesis
        .always(Answer::Error(400, "ResourceNotFoundException"));
    let filling = "\"".repeat(34_000);
    let row = format!("r-0,c-0,review,\"{}\"", filling.replace('"', "\"\""));
    let file = format!("record_id,customer_id,event_type,details\n{row}\n");
    bench.upload("incoming/a.csv", file).await;
    bench.kinesis.always(Answer::Accept);
    replay(&bench).await;
    assert_eq!(bench.counts(), [2, 1, 1]);
    assert_eq!(bench.events()[0].text("details").unwrap(), filling);
}

#[tokio::test]
async fn a_line_of_a_replay_that_was_not_parked_is_one_failed_record() {
    let bench = Bench::new([Answer::Error(400, "ResourceNotFoundException")]).await;
    bench.upload("incoming/a.jsonl", lines(2)).await;
    let (_, parked) = bench.s3.take("bucket/parked/").remove(0);
    let mixed = [record(7).into_bytes(), parked].join(&b'\n');
    bench.upload("replay/b.jsonl", mixed).await;
    assert_eq!(bench.counts(), [5, 2, 3]);
    let parked = bench.parked().remove(0);
    assert_eq!(parked["reason"], "line is not a parked record");
    assert_eq!(parked["key"], "replay/b.jsonl");
}

#[tokio::test]
async fn the_rest_of_a_file_is_read_by_its_parked_line() {
    let bench = Bench::new([]).await;
    let payload = notification(&[("incoming/a.jsonl", 9)]);
    bench.s3.hold("bucket/incoming/a.jsonl", lines(50));
    bench
        .s3
        .fail([Fault::Cut(150), Fault::Error(403, "AccessDenied")]);
    bench.handle(&payload).await.unwrap();
    assert_eq!(bench.counts(), [3, 2, 1]);
    replay(&bench).await;
    assert_eq!(bench.ids(), ids(50));
    assert_eq!(bench.counts(), [51, 50, 1]);
}
