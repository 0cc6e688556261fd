//! Every format, whole and broken, from upload to stream.

use std::io::Write;

use crate::fake::bench::{Bench, ids, lines, record};
use flate2::{Compression, write::GzEncoder};

pub(crate) fn gzip(content: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

const CSV: &str = "record_id,customer_id,event_type,risk_rating,details,branch\r\n\
    r-0,c-0,review,HIGH,\"two\nlines, \"\"quoted\"\"\",north\r\n\
    r-1,c-1,review,,,\r\n";

#[tokio::test]
async fn five_lines_are_five_events() {
    let bench = Bench::new([]).await;
    let summary = bench.upload("incoming/a.jsonl", lines(5)).await;
    assert_eq!(
        (summary.received, summary.published, summary.failed),
        (5, 5, 0)
    );
    assert_eq!(bench.counts(), [5, 5, 0]);
    assert_eq!(bench.ids(), ids(5));
    assert!(bench.parked().is_empty());
}

#[tokio::test]
async fn a_csv_row_becomes_an_event_with_all_its_fields() {
    let bench = Bench::new([]).await;
    bench.upload("incoming/a.csv", CSV).await;
    assert_eq!(bench.counts(), [2, 2, 0]);
    let events = bench.events();
    assert_eq!(events[0].text("risk_rating").unwrap(), "HIGH");
    assert_eq!(events[0].text("details").unwrap(), "two\nlines, \"quoted\"");
    assert_eq!(events[0].text("branch").unwrap(), "north");
    assert_eq!(events[1].text("risk_rating"), None);
    assert_eq!(
        (events[1].source.index, &*events[1].source.key),
        (1, "incoming/a.csv")
    );
    assert_eq!(events[1].event_id, events[1].source.event_id());
}

#[tokio::test]
async fn an_array_is_read_under_any_suffix() {
    let bench = Bench::new([]).await;
    bench
        .upload("incoming/a.csv", format!("[{},\n{}]", record(0), record(1)))
        .await;
    assert_eq!(bench.ids(), ids(2));
}

#[tokio::test]
async fn every_format_is_read_from_gzip_under_any_suffix() {
    for (key, content) in [
        ("incoming/a.csv", CSV.to_owned()),
        ("incoming/a.jsonl.gz", lines(2)),
        ("incoming/a", format!("[{},{}]", record(0), record(1))),
    ] {
        let bench = Bench::new([]).await;
        bench.upload(key, gzip(&content)).await;
        assert_eq!(bench.ids(), ids(2), "{key}");
    }
}

#[tokio::test]
async fn gzip_members_are_one_file() {
    let bench = Bench::new([]).await;
    let file = lines(3);
    let (one, two) = file.split_at(50);
    bench
        .upload("incoming/a.jsonl.gz", [gzip(one), gzip(two)].concat())
        .await;
    assert_eq!(bench.ids(), ids(3));
}

#[tokio::test]
async fn malformed_records_are_counted_and_parked_and_do_not_affect_others() {
    let bench = Bench::new([]).await;
    let file = format!(
        "{}\nsecret\n{}\n{{\"record_id\":1}}\n",
        record(0),
        record(1)
    );
    let summary = bench.upload("incoming/a.jsonl", file).await;
    assert_eq!(bench.counts(), [4, 2, 2]);
    assert_eq!((summary.failed, summary.parked), (2, 2));
    assert_eq!(bench.ids(), ids(2));
    let parked = bench.parked();
    assert_eq!(
        (&parked[0]["index"], &parked[0]["content"]),
        (&1.into(), &"secret".into())
    );
    assert_eq!(parked[1]["reason"], "no value for `customer_id`");
    let path = "bucket/parked/tt-producer/incoming/a.jsonl/v1/000000000001.ndjson";
    assert_eq!(bench.s3.under("bucket/parked/")[0].0, path);
}

#[tokio::test]
async fn rows_of_the_wrong_width_are_parked_with_their_header() {
    let bench = Bench::new([]).await;
    let file = "record_id,customer_id,event_type\nr-0,c-0,review\nr-1,c-1\nr-2,c-2,review,x\n";
    bench.upload("incoming/a.csv", file).await;
    assert_eq!(bench.counts(), [3, 1, 2]);
    let parked = bench.parked();
    assert_eq!(parked[0]["reason"], "row has 2 fields, the header has 3");
    assert_eq!(parked[0]["header"], "record_id,customer_id,event_type");
    assert_eq!(parked[1]["content"], "r-2,c-2,review,x");
}

#[tokio::test]
async fn a_header_without_a_required_column_fails_each_row() {
    let bench = Bench::new([]).await;
    bench
        .upload(
            "incoming/a.csv",
            "record_id,event_type\nr-0,review\nr-1,review\n",
        )
        .await;
    assert_eq!(bench.counts(), [2, 0, 2]);
    assert!(bench.kinesis.requests().is_empty());
    assert_eq!(
        bench.parked()[1]["reason"],
        "header has no column `customer_id`"
    );
}

#[tokio::test]
async fn a_wrong_header_that_no_row_follows_is_one_failed_record() {
    let giant = "x".repeat(5000);
    for (content, reason) in [
        ("r-0,c-0,review", "header has no column `record_id`"),
        (giant.as_str(), "header is unreadable"),
    ] {
        let bench = Bench::with([], |config| config.record_bytes = 1000).await;
        bench.upload("incoming/a.csv", content).await;
        assert_eq!(bench.counts(), [1, 0, 1], "{reason}");
        let parked = bench.parked();
        assert_eq!(
            (&parked[0]["index"], &parked[0]["offset"]),
            (&0.into(), &0.into())
        );
        assert_eq!(parked[0]["reason"], reason);
        assert_eq!(parked[0]["content"], content[..content.len().min(1000)]);
        assert_eq!(parked[0]["truncated"], content.len() > 1000);
    }
}

#[tokio::test]
async fn columns_without_a_name_are_no_fields() {
    let bench = Bench::new([]).await;
    let file = "record_id,customer_id,event_type,, \nr-0,c-0,review,,\nr-1,c-1,review,x,y\n";
    bench.upload("incoming/a.csv", file).await;
    assert_eq!(bench.counts(), [2, 2, 0]);
    assert!(bench.events().iter().all(|event| event.extra.is_empty()));
}

#[tokio::test]
async fn a_file_without_records_counts_nothing() {
    let bench = Bench::new([]).await;
    for content in ["record_id,customer_id,event_type\n", "[]", "\n\n"] {
        let summary = bench.upload("incoming/a.csv", content).await;
        assert_eq!((summary.objects, summary.received), (1, 0));
    }
    bench.upload("incoming/a.csv.gz", gzip("")).await;
    assert_eq!(bench.counts(), [0, 0, 0]);
    assert!(bench.kinesis.requests().is_empty());
}

#[tokio::test]
async fn a_truncated_gzip_gives_what_was_whole_and_one_failed_record() {
    let bench = Bench::new([]).await;
    let file = gzip(&lines(5000));
    bench
        .upload("incoming/a.jsonl.gz", &file[..file.len() / 2])
        .await;
    let [received, published, failed] = bench.counts();
    assert!(published > 1000 && published < 5000, "{published}");
    assert_eq!((received, failed), (published + 1, 1));
    assert_eq!(
        bench.parked()[0]["reason"],
        "rest of the file: gzip content is broken or cut off"
    );
    assert_eq!(bench.parked()[0]["index"], published);
}

#[tokio::test]
async fn a_truncated_array_gives_what_was_whole_and_one_failed_record() {
    let bench = Bench::new([]).await;
    let file = format!("[{},{},{{\"record_id\":", record(0), record(1));
    bench.upload("incoming/a.json", file).await;
    assert_eq!(bench.counts(), [3, 2, 1]);
    assert_eq!(bench.parked()[0]["content"], "{\"record_id\":");
}

#[tokio::test]
async fn an_array_over_a_file_is_parked_from_where_it_is_cut_off() {
    let bench = Bench::new([]).await;
    let file = format!("[{},\n", record(0));
    bench.upload("incoming/a.json", file).await;
    assert_eq!(bench.counts(), [2, 1, 1]);
    assert_eq!(bench.parked()[0]["reason"], "array is not closed");
}

#[tokio::test]
async fn a_giant_line_is_one_failed_record() {
    let bench = Bench::with([], |config| config.record_bytes = 1000).await;
    let file = format!("{}\n{}\n{}\n", record(0), "x".repeat(5000), record(1));
    bench.upload("incoming/a.jsonl", file).await;
    assert_eq!(bench.counts(), [3, 2, 1]);
    let parked = bench.parked();
    assert_eq!(parked[0]["reason"], "record is longer than 1000 bytes");
    assert_eq!(
        (&parked[0]["truncated"], &parked[0]["offset"]),
        (&true.into(), &62.into())
    );
}

#[tokio::test]
async fn a_row_in_another_encoding_is_parked_as_base64() {
    let bench = Bench::new([]).await;
    let file = b"record_id,customer_id,event_type\nr-0,c-0,review\nr-1,M\xfcller,review\n";
    bench.upload("incoming/a.csv", file.as_slice()).await;
    assert_eq!(bench.counts(), [2, 1, 1]);
    assert!(bench.parked()[0]["content_base64"].is_string());
}
