//! Reads from a `CloudWatch` with canned answers.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use aws_sdk_cloudwatch::config::{BehaviorVersion, Credentials, Region};
use axum::{Router, body::Bytes, http::StatusCode, response::IntoResponse};
use ciborium::Value;

use super::*;

/// One page: results of (id, [(second, value)]), and the token of the next page.
type Page = (
    &'static [(&'static str, &'static [(u32, f64)])],
    Option<&'static str>,
);

const LIMITS: WaitLimits = WaitLimits {
    timeout: Duration::from_secs(30),
    quiet: Duration::ZERO,
};

/// Five metrics as those of the functions.
pub(crate) const FIVE: [Metric; 5] = [
    metric("S3RecordsReceived", Meaning::Calls),
    metric("TTEventPublished", Meaning::Success),
    metric("TTEventFailed", Meaning::Failure),
    metric("SFCaseCreated", Meaning::Success),
    metric("SFCaseFailed", Meaning::Failure),
];

const fn metric(name: &'static str, meaning: Meaning) -> Metric {
    Metric {
        name: Cow::Borrowed(name),
        dimensions: Vec::new(),
        unit: Cow::Borrowed("Count"),
        statistic: Statistic::Sum,
        meaning,
        function: Cow::Borrowed("tt_function::ledger::settle"),
        doc: Cow::Borrowed("Settles one record\nonce.\n\nNever twice."),
    }
}

fn query() -> Query {
    Query {
        namespace: "pkyc/Test".to_owned(),
        metrics: FIVE.to_vec(),
        since: SystemTime::UNIX_EPOCH,
        period_seconds: 1,
    }
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// A page in Smithy RPC v2 CBOR, the protocol of the SDK for `CloudWatch`.
fn cbor((results, next): &Page) -> Vec<u8> {
    let results = results.iter().map(|(id, points)| {
        let at = |at: u32| Value::Tag(1, Box::new(Value::Float(f64::from(at))));
        let timestamps = points.iter().map(|point| at(point.0)).collect();
        let values = points.iter().map(|point| Value::Float(point.1)).collect();
        Value::Map(vec![
            (text("Id"), text(id)),
            (text("Timestamps"), Value::Array(timestamps)),
            (text("Values"), Value::Array(values)),
        ])
    });
    let mut answer = vec![(text("MetricDataResults"), Value::Array(results.collect()))];
    answer.extend(next.map(|next| (text("NextToken"), text(next))));
    let mut body = Vec::new();
    ciborium::into_writer(&Value::Map(answer), &mut body).unwrap();
    body
}

/// A client of a server that answers these pages in turn, and repeats the last one.
async fn client(pages: &'static [Page]) -> Client {
    let served = Arc::new(AtomicUsize::new(0));
    let answer = move |_request: Bytes| async move {
        let page = pages
            .get(served.fetch_add(1, Ordering::Relaxed))
            .or(pages.last());
        match page {
            Some(page) => {
                let headers = [
                    ("smithy-protocol", "rpc-v2-cbor"),
                    ("content-type", "application/cbor"),
                ];
                (headers, cbor(page)).into_response()
            }
            None => StatusCode::FORBIDDEN.into_response(),
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, app).await });
    let config = aws_sdk_cloudwatch::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(format!("http://{address}"))
        .build();
    Client::from_conf(config)
}

async fn read_all(pages: &'static [Page]) -> Vec<Series> {
    read(&client(pages).await, &query()).await.unwrap()
}

fn totals_of(series: &[Series]) -> Vec<u64> {
    series.iter().map(Series::total).collect()
}

#[tokio::test]
async fn series_are_in_the_order_of_the_query_and_of_time() {
    let series = read_all(&[(
        &[("m3", &[(20, 1.0), (10, 4.0)]), ("m0", &[(10, 5.0)])],
        None,
    )])
    .await;
    let metrics: Vec<_> = series.iter().map(|one| one.metric.clone()).collect();
    assert_eq!(metrics, FIVE);
    assert_eq!(totals_of(&series), [5, 0, 0, 5, 0]);
    let at = |second| SystemTime::UNIX_EPOCH + Duration::from_secs(second);
    assert_eq!(series[3].points, [(at(10), 4.0), (at(20), 1.0)]);
}

#[tokio::test]
async fn metric_sent_as_zero_differs_from_one_never_sent() {
    let series = read_all(&[(&[("m2", &[(10, 0.0)]), ("m4", &[])], None)]).await;
    assert_eq!((series[2].points.len(), series[4].points.len()), (1, 0));
}

#[tokio::test]
async fn every_page_is_read() {
    let series = read_all(&[
        (&[("m1", &[(10, 2.0)])], Some("more")),
        (&[("m1", &[(20, 3.0)])], None),
    ])
    .await;
    assert_eq!(totals_of(&series), [0, 5, 0, 0, 0]);
}

#[tokio::test]
async fn error_names_the_namespace() {
    let refused = read(&client(&[]).await, &query()).await;
    assert!(refused.unwrap_err().to_string().contains("`pkyc/Test`"));
}

#[tokio::test]
async fn wait_returns_the_first_complete_result() {
    let client = client(&[
        (&[], None),
        (&[("m0", &[(10, 3.0)])], None),
        (&[("m0", &[(10, 5.0)])], None),
        (&[("m0", &[(10, 9.0)])], None),
    ])
    .await;
    let five = |series: &[Series]| totals_of(series).first() == Some(&5);
    let complete = wait_for(&client, &query(), LIMITS, five).await.unwrap();
    assert_eq!(totals_of(&complete), [5, 0, 0, 0, 0]);
}

#[tokio::test]
async fn timeout_reports_the_last_result() {
    let client = client(&[(&[("m0", &[(10, 3.0)])], None)]).await;
    let none = WaitLimits {
        timeout: Duration::ZERO,
        ..LIMITS
    };
    let error = wait_for(&client, &query(), none, |_| false).await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("S3RecordsReceived 3, TTEventPublished 0"),
        "{error}"
    );
}

#[test]
fn read_starts_at_the_start_of_a_period() {
    let at = |second| SystemTime::UNIX_EPOCH + Duration::from_secs(second);
    assert_eq!(start_of_period(at(119), 60), at(60));
    assert_eq!(start_of_period(at(119), 1), at(119));
}

#[test]
fn counters_of_the_functions_are_in_the_order_of_the_pipeline() {
    let counters = counters();
    let names = counters
        .iter()
        .map(|metric| metric.name.clone())
        .collect::<Vec<_>>();
    let position = |name: Cow<'static, str>| names.iter().position(|other| *other == name).unwrap();
    let expected = FIVE.map(|metric| position(metric.name));
    assert!(expected.is_sorted(), "{names:?}");
}

#[test]
fn description_is_the_first_paragraph_of_the_documentation() {
    let expected = "success of `settle`: Settles one record once.";
    assert_eq!(FIVE[1].description(), expected);
}

#[test]
fn float_sum_is_rounded_to_an_integer() {
    assert_eq!([93.0, 4.999_999_999, -1.0].map(whole), [93, 5, 0]);
}

#[test]
fn namespace_is_the_default_of_the_template() {
    let template = include_str!("../../../../template.yaml");
    let parameter = template.split("MetricNamespace:").nth(1);
    let mut lines = parameter.unwrap_or_default().lines();
    let default = lines.find_map(|line| line.trim().strip_prefix("Default: "));
    assert_eq!(default, Some(NAMESPACE));
}
