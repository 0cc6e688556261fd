//! Files as people and tools save them: each is read to its right number of records, or fails with a reason.

use std::{io::Write, path::Path};

use flate2::{Compression, write::GzEncoder};

use crate::fake::bench::{Bench, lines, record};

/// A file: a key, its content, the records received, published and failed, and a part of the reason.
type Case<'a> = (&'a str, Vec<u8>, [u64; 3], &'a str);

const HEADER: &str = "record_id,customer_id,event_type";

fn csv(rows: &str) -> Vec<u8> {
    format!("{HEADER}\n{rows}").into_bytes()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

/// The counts of one file.
fn counts([received, published, failed]: [u64; 3]) -> String {
    format!("{received}/{published}/{failed}")
}

async fn check(cases: Vec<Case<'_>>) {
    for (number, (key, content, expected, reason)) in cases.into_iter().enumerate() {
        let bench = Bench::new([]).await;
        let summary = bench.upload(&format!("incoming/{key}"), content).await;
        let found = [summary.received, summary.published, summary.failed];
        let parked = bench.parked();
        assert_eq!(
            counts(found),
            counts(expected),
            "{number} {key}: {parked:?}"
        );
        let reasons: Vec<_> = parked
            .iter()
            .map(|line| line["reason"].as_str().unwrap())
            .collect();
        assert!(
            reasons.iter().all(|found| found.contains(reason)),
            "{number} {key}: {reasons:?}"
        );
        assert_eq!(reasons.len() as u64, expected[2], "{number} {key}");
    }
}

#[tokio::test]
async fn the_files_of_public_reports_are_read() {
    for (name, expected, reason) in [
        ("sep-comma.csv", [3, 3, 0], ""),
        ("sep-quoted-bom.csv", [3, 3, 0], ""),
        ("sep-semicolon.csv", [3, 3, 0], ""),
        ("pretty-one.json", [1, 1, 0], ""),
        ("pretty-two.json", [2, 2, 0], ""),
        ("zero-padded.jsonl.gzip", [3, 3, 0], ""),
        ("line-feed-behind.jsonl.gzip", [3, 3, 0], ""),
        ("garbage-behind.jsonl.gzip", [4, 3, 1], "other bytes follow"),
        ("workbook-named.csv", [1, 0, 1], "an Excel workbook"),
        ("blank-rows.csv", [2, 2, 0], ""),
        ("cat-of-two-with-bom.csv", [4, 4, 0], ""),
        ("cat-of-two-without-bom.csv", [4, 4, 0], ""),
        ("cat-of-two-with-bom.jsonl", [4, 4, 0], ""),
        ("backslash-quotes.csv", [4, 4, 0], ""),
        ("backslash-swallows.csv", [4, 4, 0], ""),
        ("lone-surrogate.jsonl", [2, 2, 0], ""),
    ] {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let content = std::fs::read(fixtures.join(name)).unwrap();
        check(vec![(name, content, expected, reason)]).await;
    }
}

#[tokio::test]
async fn spreadsheet_exports_are_read() {
    let rows = "r-0,c-0,review\nr-1,c-1,review\n";
    let delimited = |delimiter: &str| {
        String::from_utf8(csv(rows))
            .unwrap()
            .replace(',', delimiter)
    };
    check(vec![
        ("a.csv", delimited(";").into(), [2, 2, 0], ""),
        ("a.tsv", delimited("\t").into(), [2, 2, 0], ""),
        ("a.txt", delimited("|").into(), [2, 2, 0], ""),
        (
            "a.csv",
            format!("\u{feff}sep=\t\r\n{}", delimited("\t")).into(),
            [2, 2, 0],
            "",
        ),
        (
            "a.csv",
            format!("SEP=;;;\r\n{}", delimited(";")).into(),
            [2, 2, 0],
            "",
        ),
        (
            "a.csv",
            csv(",,\n\"\",\"\",\"\"\nr-0,c-0,review\n ,,\t\n"),
            [1, 1, 0],
            "",
        ),
        (
            "a.csv",
            format!("\r\n,,\r\n{HEADER}\r\nr-0,c-0,review\r\n").into(),
            [1, 1, 0],
            "",
        ),
        (
            "a.csv",
            b"PK\x03\x04\x14\0\0\0\x08\0xl/workbook.xml".to_vec(),
            [1, 0, 1],
            "workbook",
        ),
        (
            "a.jsonl",
            b"PK\x03\x04\x14\0\0\0\x08\0a.csv".to_vec(),
            [1, 0, 1],
            "a ZIP archive",
        ),
        (
            "a.csv",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0".to_vec(),
            [1, 0, 1],
            "an Excel 97 workbook",
        ),
        (
            "a.json",
            b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec(),
            [1, 0, 1],
            "a PDF document",
        ),
        (
            "a.csv",
            b"PAR1\x15\x04\x15\x10\n\n\n\n".to_vec(),
            [1, 0, 1],
            "a Parquet file",
        ),
        (
            "a.csv",
            b"<html><table><tr><td>record_id".to_vec(),
            [1, 0, 1],
            "XML or HTML",
        ),
        (
            "a.csv",
            (0..=255).cycle().take(5000).collect(),
            [1, 0, 1],
            "binary",
        ),
        (
            "a.csv",
            b"\x01\x02\x03\nrow\nrow\n".to_vec(),
            [1, 0, 1],
            "binary",
        ),
    ])
    .await;
}

#[tokio::test]
async fn line_ends_and_stray_bytes_are_read() {
    let rows = "r-0,c-0,review\nr-1,c-1,review\n";
    let text = String::from_utf8(csv(rows)).unwrap();
    let returns = |text: &str| text.replace('\n', "\r").into_bytes();
    let mixed = format!("{HEADER}\r\nr-0,c-0,review\rr-1,c-1,review\nr-2,c-2,review");
    let padded = |text: &str, padding: &[u8]| [text.as_bytes(), padding].concat();
    check(vec![
        ("a.csv", returns(&text), [2, 2, 0], ""),
        ("a.jsonl", returns(&lines(3)), [3, 3, 0], ""),
        ("a.csv", mixed.into(), [3, 3, 0], ""),
        ("a.csv", padded(&text, b"\x1a"), [2, 2, 0], ""),
        ("a.csv", padded(text.trim_end(), b"\x1a"), [2, 2, 0], ""),
        ("a.csv", padded(&text, &[0; 2000]), [2, 2, 0], ""),
        ("a.csv", padded(text.trim_end(), &[0; 2000]), [2, 2, 0], ""),
        ("a.jsonl", padded(&lines(3), b"\x1a"), [3, 3, 0], ""),
        ("a.jsonl", padded(&lines(3), &[0; 2000]), [3, 3, 0], ""),
        (
            "a.json",
            padded(&format!("[{}]", record(0)), b"\0\0\x1a"),
            [1, 1, 0],
            "",
        ),
        ("a.csv", text.replace('\n', "\r\r\n").into(), [2, 2, 0], ""),
        ("a.csv", text.replace('\n', "\n\r").into(), [2, 2, 0], ""),
    ])
    .await;
}

#[tokio::test]
async fn concatenated_files_are_read() {
    let one = String::from_utf8(csv("r-0,c-0,review\n")).unwrap();
    let other = "event_type;record_id;customer_id\nreview;r-1;c-1\n";
    let quoted = "\"record_id\",\"customer_id\",\"event_type\"\n\"r-1\",\"c-1\",\"review\"\n";
    check(vec![
        ("a.csv", format!("{one}{one}{one}").into(), [3, 3, 0], ""),
        (
            "a.csv",
            format!("{one}\u{feff}{one}\u{feff}r-3,c-3,review\n").into(),
            [3, 3, 0],
            "",
        ),
        (
            "a.csv",
            format!("{}{one}", one.trim_end()).into(),
            [2, 2, 0],
            "",
        ),
        (
            "a.csv",
            format!("{}\u{feff}{one}", one.trim_end()).into(),
            [2, 2, 0],
            "",
        ),
        ("a.csv", format!("{one}{other}").into(), [2, 2, 0], ""),
        ("a.csv", format!("{one}{quoted}").into(), [2, 2, 0], ""),
        (
            "a.csv",
            format!("sep=,\n{one}\u{feff}sep=,\r\n{one}").into(),
            [2, 2, 0],
            "",
        ),
        (
            "a.jsonl",
            format!("{}{}", record(0), record(1)).into(),
            [2, 2, 0],
            "",
        ),
        (
            "a.jsonl",
            format!("{}\u{feff}{}", record(0), record(1)).into(),
            [2, 2, 0],
            "",
        ),
        (
            "a.json",
            format!("[{}]\n[{},{}]", record(0), record(1), record(2)).into(),
            [3, 3, 0],
            "",
        ),
        (
            "a.json",
            format!("[{}]\n\u{feff}{}", record(0), record(1)).into(),
            [2, 2, 0],
            "",
        ),
        (
            "a.csv.gz",
            [gzip(one.as_bytes()), gzip(one.as_bytes())].concat(),
            [2, 2, 0],
            "",
        ),
    ])
    .await;
}

#[tokio::test]
async fn quoting_of_other_tools_is_read() {
    let row = |value: &str| format!("r-0,c-0,{value}\nr-1,c-1,review\n");
    check(vec![
        (
            "a.csv",
            csv(&row(r#""said \"yes\", then left""#)),
            [2, 2, 0],
            "",
        ),
        ("a.csv", csv(&row(r#""{\"a\":\"1,2\"}""#)), [2, 2, 0], ""),
        ("a.csv", csv(&row(r#""ends with \"""#)), [2, 2, 0], ""),
        ("a.csv", csv(&row(r#""C:\dir\""#)), [2, 2, 0], ""),
        ("a.csv", csv(&row(r#""a\\""#)), [2, 2, 0], ""),
        (
            "a.csv",
            csv("r-0, \"c-0\" ,\"re,view\"\nr-1,\t\"c-1\",  \"re,view\"  \n"),
            [2, 2, 0],
            "",
        ),
        (
            "a.csv",
            csv("r-0,c-0,\"open\nr-1,c-1,review\n"),
            [2, 1, 1],
            "quotes",
        ),
        (
            "a.csv",
            csv("r-0,c-0,\"open\nr-1,c-1,\", x\"\n"),
            [2, 1, 1],
            "quotes",
        ),
        (
            "a.csv",
            csv("r-0,c-0,\"closed\"x\nr-1,c-1,review\n"),
            [2, 1, 1],
            "quotes",
        ),
        (
            "a.csv",
            csv("r-0,c-0,'re view'\nr-1,c-1,5\" disk\n"),
            [2, 2, 0],
            "",
        ),
    ])
    .await;
}

#[tokio::test]
async fn backslash_escapes_are_unescaped_where_they_are_escapes() {
    let bench = Bench::new([]).await;
    let file = format!(
        "{HEADER},details\nr-0,c-0,e,\"say \\\"yes\\\" \\\\ no\"\nr-1,c-1,e,\"C:\\dir\\\\\"\n"
    );
    bench.upload("incoming/a.csv", file).await;
    let events = bench.events();
    assert_eq!(events[0].text("details").unwrap(), r#"say "yes" \ no"#);
    assert_eq!(events[1].text("details").unwrap(), r"C:\dir\");
    let bench = Bench::new([]).await;
    let file = format!("{HEADER},details\nr-0,c-0,e,\"C:\\dir\\\"\nr-1,c-1,e,\"\\\\server\"\n");
    bench.upload("incoming/a.csv", file).await;
    let events = bench.events();
    assert_eq!(events[0].text("details").unwrap(), r"C:\dir\");
    assert_eq!(events[1].text("details").unwrap(), r"\\server");
}

#[tokio::test]
async fn json_of_other_tools_is_read() {
    let pretty = |id: usize| {
        format!(
            "{{\n  \"record_id\": \"r-{id}\",\n  \"customer_id\": \"c\",\n  \"event_type\": \"e\",\n  \
             \"details\": {{\n    \"list\": [\n      {{\n        \"a\": 1\n      }}\n    ]\n  }}\n}}"
        )
    };
    check(vec![
        (
            "a.json",
            format!("{}\n{}\n{}", pretty(0), pretty(1), pretty(2)).into(),
            [3, 3, 0],
            "",
        ),
        (
            "a.jsonl",
            format!("{}{}", pretty(0), pretty(1)).into(),
            [2, 2, 0],
            "",
        ),
        (
            "a.json",
            format!("{},\n{},\n", pretty(0), pretty(1)).into(),
            [2, 2, 0],
            "",
        ),
        (
            "a.json",
            pretty(0).replace('\n', "\r\n").into(),
            [1, 1, 0],
            "",
        ),
        (
            "a.json",
            format!("[\n{},\n{}\n]\n", pretty(0), pretty(1)).into(),
            [2, 2, 0],
            "",
        ),
        (
            "a.json",
            format!("\u{1e}{}\n\u{1e}{}\n", record(0), record(1)).into(),
            [2, 2, 0],
            "",
        ),
        (
            "a.jsonl",
            format!("{},\n{},\n", record(0), record(1)).into(),
            [2, 2, 0],
            "",
        ),
        (
            "a.json",
            format!("[{} {}]", record(0), record(1)).into(),
            [2, 2, 0],
            "",
        ),
        (
            "a.json",
            format!("{}\n{{\n \"a\": \"cut\n}}\n{}", pretty(0), pretty(1)).into(),
            [3, 2, 1],
            "invalid JSON",
        ),
        (
            "a.jsonl",
            format!("{}\n{{\"record_id\":\"r\n{}", record(0), record(1)).into(),
            [3, 2, 1],
            "invalid JSON",
        ),
    ])
    .await;
}

#[tokio::test]
async fn half_a_surrogate_pair_becomes_the_replacement_character() {
    let bench = Bench::new([]).await;
    let file = r#"{"record_id":"r","customer_id":"c\ud83d","event_type":"e","subject":"x \ude00","details":{"a":"\ud83d\ud83d\ude00"}}"#;
    bench.upload("incoming/a.jsonl", file).await;
    let event = bench.events().remove(0);
    assert_eq!(event.customer_id, "c\u{fffd}");
    assert_eq!(event.text("subject").unwrap(), "x \u{fffd}");
    let details: serde_json::Value = serde_json::from_str(&event.text("details").unwrap()).unwrap();
    assert_eq!(details["a"], "\u{fffd}\u{1f600}");
}

#[tokio::test]
async fn compressed_files_are_read_or_named() {
    let packed = gzip(lines(3).as_bytes());
    let behind = |tail: &[u8]| [&*packed, tail].concat();
    let mut tar = b"a.csv".to_vec();
    tar.resize(257, 0);
    tar.extend_from_slice(b"ustar\0");
    tar.resize(1024, 0);
    check(vec![
        ("a.jsonl.gz", behind(&[0; 1000]), [3, 3, 0], ""),
        ("a.jsonl.gz", behind(b"\r\n \n"), [3, 3, 0], ""),
        ("a.jsonl.gz", behind(b"\0\n\x1a"), [3, 3, 0], ""),
        (
            "a.jsonl.gz",
            [behind(&[0; 10]), packed.clone()].concat(),
            [6, 6, 0],
            "",
        ),
        ("a.jsonl.gz", behind(b"x"), [4, 3, 1], "other bytes follow"),
        (
            "a.jsonl.gz",
            behind(b"\0\0{}"),
            [4, 3, 1],
            "other bytes follow",
        ),
        (
            "a.jsonl",
            [gzip(lines(3).trim_end().as_bytes()), b"x".to_vec()].concat(),
            [4, 3, 1],
            "other bytes",
        ),
        ("a.jsonl.gz", gzip(&packed), [3, 3, 0], ""),
        ("a.jsonl.gz", gzip(&behind(&[0; 10])), [3, 3, 0], ""),
        (
            "a.jsonl.gz",
            gzip(&gzip(&packed)),
            [1, 0, 1],
            "more than 2 times",
        ),
        (
            "a.csv.zst",
            b"\x28\xb5\x2f\xfd\x04\x58\x11".to_vec(),
            [1, 0, 1],
            "zstd",
        ),
        ("a.csv", b"BZh91AY&SY\x01\x02".to_vec(), [1, 0, 1], "bzip2"),
        ("a.csv.xz", b"\xfd7zXZ\0\0\x04".to_vec(), [1, 0, 1], "xz"),
        ("a.tar.gz", gzip(&tar), [1, 0, 1], "a tar archive"),
        (
            "a.csv.gz",
            gzip(b"PK\x03\x04[Content_Types].xml"),
            [1, 0, 1],
            "workbook",
        ),
    ])
    .await;
}

#[tokio::test]
async fn encodings_are_read_or_named() {
    let text = String::from_utf8(csv("r-0,Müller,review\nr-1,c\u{1f600},review\n")).unwrap();
    let marked = format!("\u{feff}{text}");
    let windows =
        b"record_id,customer_id,event_type,Stra\xdfe\nr-0,c-0,review,x\nr-1,M\xfcller,review,y\n";
    check(vec![
        ("a.csv", marked.clone().into(), [2, 2, 0], ""),
        ("a.csv", utf_16(&marked, u16::to_le_bytes), [2, 2, 0], ""),
        ("a.csv", utf_16(&marked, u16::to_be_bytes), [2, 2, 0], ""),
        ("a.csv", utf_16(&text, u16::to_le_bytes), [2, 2, 0], ""),
        (
            "a.jsonl",
            utf_16(&lines(3), u16::to_be_bytes),
            [3, 3, 0],
            "",
        ),
        (
            "a.csv.gz",
            gzip(&utf_16(&marked, u16::to_le_bytes)),
            [2, 2, 0],
            "",
        ),
        (
            "a.csv",
            windows.to_vec(),
            [2, 1, 1],
            "column 2 (`customer_id`) is not UTF-8, it may be Windows-1252",
        ),
        ("a.csv", csv("r-0,c-0,M\u{fc}ller\n"), [1, 1, 0], ""),
        (
            "a.jsonl",
            b"{\"record_id\":\"r\",\"customer_id\":\"M\xfcller\",\"event_type\":\"e\"}".to_vec(),
            [1, 0, 1],
            "Windows-1252",
        ),
        (
            "a.csv",
            b"\xff\xfe\0\0r\0\0\0".to_vec(),
            [1, 0, 1],
            "UTF-32",
        ),
    ])
    .await;
}
