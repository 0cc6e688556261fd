//! Uploaded content is data: nothing in it is a command, and work, memory and output are bounded by its size.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use crate::fake::{
    bench::{Bench, lines, notification, record},
    log::Log,
};

/// The line of the rest of a file, as the function parks it.
fn rest(change: impl FnOnce(&mut Value)) -> String {
    let mut line = json!({
        "schema": "tt-parked/1", "reason": "rest of the file: out of time", "bucket": "bucket",
        "key": "incoming/a.jsonl", "version": "v1", "index": 0, "offset": 0,
        "event_id": "e", "truncated": true, "content": "",
        "rest": {
            "object": {
                "bucket": "bucket", "key": "incoming/a.jsonl", "version_id": "v1", "e_tag": null, "size": 9,
            },
            "position": {"index": 0, "offset": 0},
        },
    });
    change(&mut line);
    line.to_string()
}

/// The line of a record, as the function parks it.
fn parked(change: impl FnOnce(&mut Value)) -> String {
    let mut line = json!({
        "schema": "tt-parked/1", "reason": "refused", "bucket": "bucket", "key": "incoming/a.jsonl",
        "version": "v1", "index": 0, "offset": 0, "event_id": "e", "truncated": false, "content": record(0),
    });
    change(&mut line);
    line.to_string()
}

fn header_of(length: u64) -> Value {
    json!({
        "index": 0, "offset": 0,
        "reader": {"csv": {"delimiter": 44, "header": {
            "offset": 0, "length": length, "readable": true, "truncated": false,
        }}},
    })
}

/// A document as Case Creation parks it.
fn document() -> String {
    let source = tt_event::Source::new("bucket", "incoming/victim.jsonl", "v1", 0);
    let event = tt_event::TtEvent::new(source, "then", "r", "c", "e");
    let payload: Value = serde_json::from_slice(&event.encode()).unwrap();
    json!({"parked_at": "2026-01-01T00:00:00Z", "payload": payload}).to_string()
}

#[tokio::test]
async fn a_parked_line_in_an_upload_is_one_record_and_no_command() {
    let forged = |line: &mut Value| line["key"] = json!("incoming/victim.jsonl");
    let lines = [
        rest(|_| ()),
        rest(|line| line["rest"]["object"]["version_id"] = Value::Null),
        rest(|line| line["rest"]["position"] = header_of(1 << 40)),
        rest(|line| line["rest"]["object"]["bucket"] = json!("other")),
        rest(|line| line["rest"]["object"]["key"] = json!("secret/a")),
        parked(|_| ()),
        parked(forged),
        document(),
        r#"{"schema":"tt-upload/2","upload":{"object":{"bucket":"bucket","key":"incoming/a.jsonl"}}}"#.to_owned(),
        r#"{"replay":{"object":{"bucket":"bucket","key":"incoming/a.jsonl"}}}"#.to_owned(),
    ];
    let number = lines.len() as u64;
    let array = format!("[{}]", lines.join(","));
    let row = |line: &String| format!("r,c,\"{}\"\n", line.replace('"', "\"\""));
    let rows: String = lines.iter().map(row).collect();
    let csv = format!("record_id,customer_id,event_type\n{rows}");
    for (key, content, expected) in [
        ("incoming/a.jsonl", lines.join("\n"), [number, 0, number]),
        ("incoming/a.json", array, [number, 0, number]),
        ("incoming/a.csv", csv, [number, number, 0]),
    ] {
        let bench = Bench::new([]).await;
        let summary = bench.upload(key, content).await;
        assert_eq!(bench.counts(), expected, "{key}");
        assert_eq!((summary.objects, bench.s3.reads().len()), (1, 1), "{key}");
        assert_eq!(bench.s3.looked_for(), 0, "{key}");
        let events = bench.events();
        assert!(events.iter().all(|event| event.source.key == key), "{key}");
    }
}

#[tokio::test]
async fn a_thousand_lines_that_name_their_own_file_are_a_thousand_records() {
    let bench = Bench::with([], |config| {
        config.queue = Some(crate::fake::sqs::QUEUE.to_owned());
    })
    .await;
    let file = format!("{}\n", rest(|_| ())).repeat(1000);
    let began = Instant::now();
    bench.upload("incoming/a.jsonl", file).await;
    assert_eq!(bench.counts(), [1000, 0, 1000]);
    assert_eq!(bench.s3.reads().len(), 1);
    assert!(bench.sqs.receive().is_none());
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_replay_is_bound_to_uploaded_files_of_its_bucket() {
    for (line, reason) in [
        (
            rest(|line| line["rest"]["object"]["bucket"] = json!("other")),
            "another bucket",
        ),
        (
            rest(|line| line["rest"]["object"]["key"] = json!("parked/a")),
            "not under `incoming/`",
        ),
        (
            rest(|line| line["rest"]["object"]["key"] = json!("replay/b.jsonl")),
            "not under `incoming/`",
        ),
        (
            rest(|line| line["rest"]["object"]["version_id"] = Value::Null),
            "has no version",
        ),
        (
            rest(|line| line["rest"]["position"] = header_of(1 << 40)),
            "not one within a file",
        ),
        (
            rest(|line| line["rest"]["position"]["index"] = json!(7)),
            "not one within a file",
        ),
        (
            rest(|line| line["rest"]["position"]["offset"] = json!(1_u64 << 40)),
            "behind the end",
        ),
        (
            rest(|line| line["rest"]["object"]["version_id"] = json!("unknown")),
            "NoSuchVersion",
        ),
        (
            parked(|line| line["bucket"] = json!("other")),
            "another bucket",
        ),
        (
            parked(|line| line["key"] = json!("parked/a")),
            "not under `incoming/`",
        ),
        (parked(|line| line["version"] = json!("")), "has no version"),
        (
            parked(|line| line["version"] = json!("unknown")),
            "failed to find",
        ),
        (
            parked(|line| line["key"] = json!("incoming/none.jsonl")),
            "failed to find",
        ),
        (
            parked(|line| line["offset"] = json!(1_u64 << 40)),
            "behind the end",
        ),
        (
            parked(|line| line["index"] = json!(1)),
            "not one within a file",
        ),
        (record(0), "not a parked record"),
    ] {
        let bench = Bench::new([]).await;
        bench.s3.hold("bucket/incoming/a.jsonl", lines(3));
        let content = format!("{line}\nnothing\n");
        bench.upload("replay/b.jsonl", content).await;
        assert_eq!(bench.counts(), [2, 0, 2], "{line}");
        let parked = bench.parked();
        let reasons: Vec<_> = parked
            .iter()
            .map(|line| line["reason"].as_str().unwrap())
            .collect();
        assert!(
            reasons.iter().any(|found| found.contains(reason)),
            "{line}: {reasons:?}"
        );
    }
}

#[tokio::test]
async fn a_part_of_a_file_is_followed_once() {
    let bench = Bench::new([]).await;
    bench.s3.hold("bucket/incoming/a.jsonl", lines(3));
    bench
        .upload("replay/b.jsonl", format!("{}\n", rest(|_| ())).repeat(200))
        .await;
    assert_eq!(bench.counts(), [202, 3, 199]);
    assert!(
        bench.parked()[0]["reason"]
            .as_str()
            .unwrap()
            .starts_with("another line")
    );
}

#[tokio::test]
async fn the_parts_of_a_replay_are_bounded() {
    let bench = Bench::new([]).await;
    bench.s3.hold("bucket/incoming/a.jsonl", lines(3));
    let line = |until: u64| rest(|line| line["rest"]["until"] = json!(until)) + "\n";
    let file: String = (1..=150).map(line).collect();
    bench.upload("replay/b.jsonl", file).await;
    let refused = bench.parked();
    assert_eq!(refused.len(), 50);
    assert!(
        refused[0]["reason"]
            .as_str()
            .unwrap()
            .contains("more than 100 parts")
    );
    // They are parked as they were, so that they can be sent again.
    let again: Vec<_> = refused.iter().map(|line| line.to_string() + "\n").collect();
    let bench = Bench::new([]).await;
    bench.s3.hold("bucket/incoming/a.jsonl", lines(3));
    bench.upload("replay/c.jsonl", again.concat()).await;
    assert!(bench.parked().is_empty());
    assert_eq!(bench.counts(), [150, 150, 0]);
}

#[tokio::test]
async fn continuations_of_other_buckets_or_prefixes_are_refused() {
    let bench = Bench::with([], |config| config.bucket = Some("bucket".to_owned())).await;
    let object = |bucket: &str, key: &str| json!({"bucket": bucket, "key": key, "version_id": "v1", "e_tag": null, "size": 1});
    for object in [
        object("other", "incoming/a.jsonl"),
        object("bucket", "parked/a.jsonl"),
    ] {
        let message = json!({"schema": "tt-upload/2", "upload": {"object": object}}).to_string();
        let payload =
            json!({"Records": [{"eventSource": "aws:sqs", "messageId": "m", "body": message}]});
        let error = bench.handle(&payload).await.unwrap_err();
        assert!(
            error.to_string().starts_with("upload is not valid"),
            "{error}"
        );
    }
    assert!(bench.s3.reads().is_empty());
}

#[tokio::test]
async fn failures_of_one_file_are_logged_and_parked_within_bounds() {
    const LINES: u64 = 200_000;
    let log = Log::keep();
    let bench = Bench::new([]).await;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..LINES {
        encoder.write_all(b"x\n").unwrap();
    }
    let good = format!("{}\n", record(7));
    encoder.write_all(good.as_bytes()).unwrap();
    let summary = bench
        .upload("incoming/a.jsonl.gz", encoder.finish().unwrap())
        .await;
    assert_eq!(bench.counts(), [LINES + 1, 1, LINES]);
    assert_eq!(summary.parked, LINES);
    let objects = bench.s3.under("bucket/parked/");
    let bytes: usize = objects.iter().map(|(_, content)| content.len()).sum();
    assert!(bytes < 500_000, "{bytes}");
    assert!(log.text().len() < 50_000, "{}", log.text().len());
    let sum = log.field("records");
    assert!(sum.contains(&(LINES - 100).to_string()), "{sum:?}");
    // The range is sent again: the records are read from the file under the same numbers.
    let range = bench
        .parked()
        .into_iter()
        .find(|line| line["failures"].is_object())
        .unwrap();
    assert_eq!(
        (&range["index"], &range["failures"]["malformed"]),
        (&1000.into(), &(LINES - 1000).into())
    );
    bench.s3.take("bucket/parked/");
    let again = bench.upload("replay/range.ndjson", range.to_string()).await;
    assert_eq!((again.received, again.failed), (LINES - 1000, LINES - 1000));
    assert_eq!(bench.parked()[0]["index"], 1000);
}

#[tokio::test]
async fn a_range_of_a_csv_file_is_read_again_by_its_header() {
    let bench = Bench::with([], |config| config.parked_records = 1).await;
    let row = |id| format!("r-{id};c-{id};\"re;view\"\n");
    let rows = (0..10).map(row).collect::<Vec<_>>().concat();
    let bad = "r;c\n".repeat(3);
    let file = format!("record_id;customer_id;event_type\n{bad}{rows}{bad}");
    bench.upload("incoming/a.csv", file).await;
    assert_eq!(bench.counts(), [16, 10, 6]);
    let parked = bench.s3.take("bucket/parked/");
    assert_eq!(parked.len(), 2);
    for (path, content) in parked {
        bench
            .upload(&format!("replay/{}", path.replace('/', "-")), content)
            .await;
    }
    assert_eq!(bench.counts(), [22, 10, 12]);
    let indices: Vec<_> = bench
        .parked()
        .iter()
        .map(|line| line["index"].as_u64().unwrap())
        .collect();
    assert_eq!(indices.len(), 5, "{indices:?}");
}

#[tokio::test]
async fn many_columns_are_one_failed_record_in_linear_time() {
    let bench = Bench::new([]).await;
    let names: Vec<_> = (0..175_000).map(|n| format!("c{n}")).collect();
    let row = vec!["1"; 175_000].join(",");
    let wide = names.join(",");
    let began = Instant::now();
    bench
        .upload(
            "incoming/a.csv",
            format!("{}\n{row}\n{row}\n", &wide[..1_000_000]),
        )
        .await;
    assert_eq!(bench.counts(), [1, 0, 1]);
    assert_eq!(
        bench.parked()[0]["reason"],
        "header has more than 2000 columns"
    );
    bench.s3.hold("bucket/incoming/a.jsonl", lines(3));
    let line = parked(|line| line["header"] = json!(wide));
    bench.upload("replay/a.ndjson", line).await;
    assert_eq!(bench.counts(), [2, 0, 2]);
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_file_that_is_expensive_to_read_stops_at_the_deadline() {
    let bench = Bench::with([], |config| {
        config.queue = Some(crate::fake::sqs::QUEUE.to_owned());
    })
    .await;
    bench
        .s3
        .hold("bucket/incoming/a.jsonl", "{\"a\":[\n".repeat(3_000_000));
    let began = Instant::now();
    let payload = notification(&[("incoming/a.jsonl", 9)]);
    let summary = bench.handle_within(&payload, Duration::from_secs(3)).await;
    assert_eq!(summary.received, summary.failed);
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn text_from_outside_is_escaped_in_reasons_and_errors() {
    let bench = Bench::new([]).await;
    let key = "incoming/a\n{\"_aws\":{}}.jsonl";
    let error = bench.handle(&notification(&[(key, 9)])).await.unwrap_err();
    assert!(!error.to_string().contains('\n'), "{error}");
    let file =
        "record_id,customer_id,event_type,\"a\nb\"\nr,c,e,\u{fffd}\n".replace('\u{fffd}', "\u{80}");
    let mut file = file.into_bytes();
    let last = file.len() - 2;
    file[last - 1] = 0xff;
    bench.upload("incoming/a.csv", file).await;
    let reason = bench.parked()[0]["reason"].to_string();
    assert!(
        reason.contains("column 4") && reason.contains(r"a\\nb"),
        "{reason}"
    );
}
