//! The reader of documents, compared with the stand-in of CloudWatch that the tests of the library use.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use cloudwatch_stand_in::{Refusal, Stored, read_document};
use serde::Deserialize;
use tt_metrics::{
    __private::render_document,
    MetricName, Resolution, Unit,
    sink::{Datum, Dimensions},
};

use super::run;

/// Seconds since 1970.
const NOW: u64 = 1_790_000_000;

/// Reads a JSON array of messages and prints the result for each of them.
const READ: &str = "
import json, sys
from local_aws import metric_documents

def result(message):
    try:
        return {'Requests': metric_documents.read(message, 1790000000)}
    except metric_documents.ParsingError as error:
        return {'Parsing': str(error)}
    except metric_documents.ValidationError as error:
        return {'Validation': str(error)}

print(json.dumps([result(message) for message in json.load(sys.stdin)]))
";

/// What the module returns for a message.
#[derive(Debug, Deserialize)]
enum Answer {
    Requests(Option<Vec<Request>>),
    Parsing(String),
    Validation(String),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    namespace: String,
    metric_data: Vec<MetricDatum>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricDatum {
    metric_name: String,
    unit: String,
    storage_resolution: u8,
    dimensions: Vec<Dimension>,
    timestamp: f64,
    value: Option<f64>,
    values: Option<Vec<f64>>,
    counts: Option<Vec<f64>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Dimension {
    name: String,
    value: String,
}

/// What both readers store of one metric, in the form in which it is compared.
#[derive(Debug, PartialEq)]
struct Row {
    namespace: String,
    metric: String,
    unit: String,
    resolution: u8,
    dimensions: BTreeMap<String, String>,
    timestamp: SystemTime,
    observed: Vec<(f64, f64)>,
}

impl From<Stored> for Row {
    fn from(stored: Stored) -> Self {
        Self {
            namespace: stored.namespace,
            metric: stored.metric,
            unit: stored.unit,
            resolution: stored.resolution,
            dimensions: stored.dimensions,
            timestamp: stored.timestamp,
            observed: stored.observed,
        }
    }
}

fn rows(requests: Vec<Request>) -> Vec<Row> {
    let mut rows = Vec::new();
    for request in requests {
        for datum in request.metric_data {
            let values = datum.values.or(datum.value.map(|value| vec![value]));
            let values = values.unwrap();
            let counts = datum.counts.unwrap_or_else(|| vec![1.0; values.len()]);
            assert_eq!(values.len(), counts.len());
            rows.push(Row {
                namespace: request.namespace.clone(),
                metric: datum.metric_name,
                unit: datum.unit,
                resolution: datum.storage_resolution,
                dimensions: datum
                    .dimensions
                    .into_iter()
                    .map(|dimension| (dimension.name, dimension.value))
                    .collect(),
                timestamp: SystemTime::UNIX_EPOCH + Duration::from_secs_f64(datum.timestamp),
                observed: values.into_iter().zip(counts).collect(),
            });
        }
    }
    rows
}

async fn read(messages: &[String]) -> Vec<Answer> {
    let directory = tempfile::tempdir().unwrap();
    let input = serde_json::to_string(messages).unwrap();
    let output = run(READ, directory.path(), &[], &input).await;
    let answers: Vec<Answer> = serde_json::from_str(&output).unwrap();
    assert_eq!(answers.len(), messages.len());
    answers
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
}

fn by_stand_in(message: &str) -> Result<Vec<Row>, Refusal> {
    let stored = read_document(message, now())?;
    Ok(stored.into_iter().map(Row::from).collect())
}

fn rendered(data: &[Datum]) -> String {
    let mut line = Vec::new();
    let timestamp = now() - Duration::from_millis(877);
    render_document("shop/Orders", timestamp, data, &mut line);
    String::from_utf8(line).unwrap()
}

/// A document with these sets of dimensions, these metrics, and these members at its root.
fn document(sets: &str, metrics: &str, root: &str) -> String {
    format!(
        "{{\"_aws\":{{\"Timestamp\":{NOW}000,\"CloudWatchMetrics\":[{{\"Namespace\":\"n\",\"Dimensions\":{sets},\
         \"Metrics\":{metrics}}}]}},{root}}}"
    )
}

/// A document with one metric `m`.
fn with(root: &str) -> String {
    document("[[]]", r#"[{"Name":"m"}]"#, root)
}

#[tokio::test]
async fn documents_of_the_library_are_stored_with_each_value_unit_and_dimension() {
    let count = |name, growth| Datum::count(MetricName::new(name), growth);
    let time = Datum::histogram(MetricName::new("Time"), [(1.5, 2), (20.0, 1)])
        .with_unit(Unit::Milliseconds)
        .with_resolution(Resolution::High);
    let carrier = Dimensions::new([("carrier", "post \"express\"")]);
    let lines = [
        rendered(&[count("OrderShipped", 5), count("OrderFailed", 0)]),
        rendered(&[count("OrderShipped", u64::MAX)]),
        rendered(&[Datum::gauge(MetricName::new("Usage"), 12.75).with_unit(Unit::Percent)]),
        rendered(&[time.with_dimensions(carrier)]),
    ];
    let expected = [2, 1, 1, 1];
    for ((answer, line), number) in read(&lines).await.into_iter().zip(&lines).zip(expected) {
        let Answer::Requests(Some(requests)) = answer else {
            panic!("{answer:?} for {line}");
        };
        let rows = rows(requests);
        assert_eq!(rows.len(), number, "{line}");
        assert_eq!(rows, by_stand_in(line).unwrap());
    }
}

#[tokio::test]
async fn valid_documents_are_stored_as_cloudwatch_stores_them() {
    let values = |number: usize| format!("\"m\":[{}1]", "1,".repeat(number - 1));
    let metrics: Vec<_> = (0..100)
        .map(|number| format!("{{\"Name\":\"m{number}\"}}"))
        .collect();
    let members: Vec<_> = (0..100).map(|number| format!("\"m{number}\":1")).collect();
    let sets = r#"[[],["a"],["a","b"]]"#;
    let lines = [
        with("\"m\":-1.5e3"),
        with(&values(100)),
        with("\"m\":1,\"text\":\"line\u{2028}separator\",\"free\":[null,{}]"),
        document(
            sets,
            r#"[{"Name":"m","Unit":"Bytes/Second","StorageResolution":1}]"#,
            r#""a":"1","b":"2","m":[2,2]"#,
        ),
        document(
            "[[]]",
            &format!("[{}]", metrics.join(",")),
            &members.join(","),
        ),
        document("[]", r#"[{"Name":"m"}]"#, "\"m\":1"),
        format!(" \t{} ", with("\"m\":1")),
    ];
    for (answer, line) in read(&lines).await.into_iter().zip(&lines) {
        let Answer::Requests(Some(requests)) = answer else {
            panic!("{answer:?} for {line}");
        };
        assert_eq!(rows(requests), by_stand_in(line).unwrap(), "{line}");
    }
}

#[tokio::test]
async fn values_are_stored_as_often_as_their_counts() {
    let lines = [with(r#""m":{"Values":[2,3.5],"Counts":[4,1]}"#)];
    let Some(Answer::Requests(Some(requests))) = read(&lines).await.into_iter().next() else {
        panic!("refused");
    };
    assert_eq!(rows(requests)[0].observed, [(2.0, 4.0), (3.5, 1.0)]);
}

/// Asserts that each document is refused by this error, for a reason that contains the text beside it.
async fn refused(kind: &str, cases: &[(String, &str)]) {
    let lines: Vec<_> = cases.iter().map(|(line, _)| line.clone()).collect();
    for (answer, (line, because)) in read(&lines).await.into_iter().zip(cases) {
        let start: String = line.chars().take(300).collect();
        let (found, reason) = match answer {
            Answer::Validation(reason) => ("Validation", reason),
            Answer::Parsing(reason) => ("Parsing", reason),
            Answer::Requests(requests) => panic!("{requests:?} for {start}"),
        };
        assert_eq!(found, kind, "{reason} for {start}");
        assert!(
            reason.contains(because),
            "{reason}, not {because}, for {start}"
        );
        assert!(by_stand_in(line).is_err(), "{start}");
    }
}

fn at(timestamp: &str) -> String {
    with("\"m\":1").replace(&format!("{NOW}000"), timestamp)
}

#[tokio::test]
async fn documents_with_a_wrong_value_are_refused() {
    let cases = [
        (
            with(&format!("\"m\":[{}1]", "1,".repeat(100))),
            "101 values",
        ),
        (with("\"m\":[]"), "0 values"),
        (with("\"m\":null"), "not a number"),
        (with("\"m\":true"), "not a number"),
        (with("\"m\":\"1\""), "not a number"),
        (with("\"m\":[1,\"1\"]"), "not a number"),
        (with("\"m\":1e120"), "2^360"),
        (with("\"m\":1e999"), "2^360"),
        (with("\"x\":1"), "m has no value"),
        (
            with(r#""m":{"Values":[1,2],"Counts":[1]}"#),
            "2 values and 1 counts",
        ),
        (with(r#""m":{"Values":[1]}"#), "not a number"),
    ];
    refused("Validation", &cases).await;
}

#[tokio::test]
async fn documents_with_wrong_dimensions_are_refused() {
    let plain = r#"[{"Name":"m"}]"#;
    let names: Vec<_> = (0..31).map(|number| format!("\"d{number}\"")).collect();
    let members: Vec<_> = names.iter().map(|name| format!("{name}:\"1\"")).collect();
    let dimensions = format!("[[{}]]", names.join(","));
    let dimensioned = format!("\"m\":1,{}", members.join(","));
    let cases = [
        (document("[[\"a\"]]", plain, "\"m\":1"), "not a text"),
        (
            document("[[\"a\"]]", plain, "\"m\":1,\"a\":1"),
            "not a text",
        ),
        (document("[[\"a\"]]", plain, "\"m\":1,\"a\":\"\""), "empty"),
        (
            document("[[\"a\"]]", plain, "\"m\":1,\"a\":\"\u{e9}\""),
            "ASCII",
        ),
        (
            document("[[\"a\",\"a\"]]", plain, "\"m\":1,\"a\":\"1\""),
            "a dimension occurs twice",
        ),
        (document("[[\"m\"]]", plain, "\"m\":\"1\""), "not a number"),
        (
            document("[[],[]]", plain, "\"m\":1"),
            "set of dimensions occurs twice",
        ),
        (document("[[],3]", plain, "\"m\":1"), "not a list"),
        (
            document("[[{}]]", plain, "\"m\":1"),
            "a dimension is not a text",
        ),
        (document(&dimensions, plain, &dimensioned), "31 dimensions"),
    ];
    refused("Validation", &cases).await;
}

#[tokio::test]
async fn documents_with_wrong_definitions_are_refused_as_a_whole() {
    let valid = with("\"m\":1");
    let metrics: Vec<_> = (0..101).map(|n| format!("{{\"Name\":\"m{n}\"}}")).collect();
    let root: Vec<_> = (0..101).map(|n| format!("\"m{n}\":1")).collect();
    let many = document("[[]]", &format!("[{}]", metrics.join(",")), &root.join(","));
    let second = valid.replace("}]}]}", "}]},{\"Namespace\":\"n\"}]}");
    let cases = [
        (many, "101 metrics"),
        (
            document("[[]]", r#"[{"Name":"m"},{"Name":"m"}]"#, "\"m\":1"),
            "metric occurs twice",
        ),
        (
            document("[[]]", r#"[{"Name":"m","Unit":"Counts"}]"#, "\"m\":1"),
            "unit",
        ),
        (
            document(
                "[[]]",
                r#"[{"Name":"m","StorageResolution":30}]"#,
                "\"m\":1",
            ),
            "resolution",
        ),
        (
            document("[[]]", r#"[{"Name":":m"}]"#, "\":m\":1"),
            "starts with `:`",
        ),
        (document("[[]]", r#"["m"]"#, "\"m\":1"), "not an object"),
        (valid.replace("\"n\"", "\"AWS/Lambda\""), "`AWS/`"),
        (valid.replace("\"n\"", "\" \""), "empty"),
        (
            valid.replace("\"Namespace\"", "\"namespace\""),
            "a namespace is not a text",
        ),
        (at(&format!("{}000", NOW - 15 * 24 * 60 * 60)), "two weeks"),
        (at(&format!("{}000", NOW + 3 * 60 * 60)), "two hours"),
        // The first directive is valid.
        (second, "`Metrics` is not a list"),
    ];
    refused("Validation", &cases).await;
}

#[tokio::test]
async fn broken_documents_are_refused() {
    let valid = with("\"m\":1");
    let no_list = valid.replace("\"CloudWatchMetrics\":[", "\"CloudWatchMetrics\":1,\"x\":[");
    let cases = [
        (with("\"m\":1,\"m\":2"), "occurs twice"),
        (with("\"m\":NaN"), "not a number of JSON"),
        (valid.trim_end_matches('}').to_owned(), "not JSON"),
        (format!("{valid} text"), "not JSON"),
        (at("1790000000.5"), "whole number"),
        (at("\"today\""), "whole number"),
        (at(&"9".repeat(400)), "whole number"),
        (no_list, "`CloudWatchMetrics`"),
        (
            with(&format!("\"m\":1,\"long\":\"{}\"", "x".repeat(256 * 1024))),
            "longer than",
        ),
        ("{\"_aws\":{}}".to_owned(), "`CloudWatchMetrics`"),
    ];
    refused("Parsing", &cases).await;
}

#[tokio::test]
async fn other_messages_are_no_documents() {
    let lines = [
        String::new(),
        "START RequestId: 1 Version: $LATEST".to_owned(),
        "{".to_owned(),
        r#"{"level":"INFO","message":"order shipped"}"#.to_owned(),
        r#"{"message":"a key is named \"_aws\" here"}"#.to_owned(),
        r#"{"nested":{"_aws":{}}}"#.to_owned(),
        r#"{'_aws': "single quotes", "_aws"}"#.to_owned(),
        // The counts of an unconfirmed request.
        with("\"m\":1").replace("_aws", "tt_metrics_unconfirmed"),
        // Text of another writer precedes the document, so the line is no JSON.
        format!("text{}", with("\"m\":1")),
        format!("[{}]", with("\"m\":1")),
    ];
    for (answer, line) in read(&lines).await.into_iter().zip(&lines) {
        assert!(
            matches!(answer, Answer::Requests(None)),
            "{answer:?} for {line}"
        );
    }
}
