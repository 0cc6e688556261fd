//! A CloudWatch with the metrics of the workspace, which answers `ListMetrics` and `GetMetricData`.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::{
    Router,
    body::Bytes,
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use ciborium::Value;

/// Names, statistics and values.
const METRICS: [(&str, &str, f64); 4] = [
    ("ColdStart", "Sum", 1.0),
    ("OrderRejected", "Sum", 7.0),
    ("OrderShipped", "Sum", 1200.0),
    ("QueueDepth", "Maximum", 42.0),
];

/// Serves on loopback and returns the address.
pub(crate) async fn serve() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

async fn answer(uri: Uri, request: Bytes) -> Response {
    let reply = match uri.path().rsplit('/').next() {
        Some("ListMetrics") => list(),
        Some("GetMetricData") => data(&ciborium::from_reader(&*request).unwrap()),
        // The account is not known without CloudFormation.
        _ => return StatusCode::FORBIDDEN.into_response(),
    };
    let mut body = Vec::new();
    ciborium::into_writer(&reply, &mut body).unwrap();
    let headers = [
        ("smithy-protocol", "rpc-v2-cbor"),
        ("content-type", "application/cbor"),
    ];
    (headers, body).into_response()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn map(entries: Vec<(&str, Value)>) -> Value {
    Value::Map(
        entries
            .into_iter()
            .map(|(key, value)| (text(key), value))
            .collect(),
    )
}

fn list() -> Value {
    let metric = |name| {
        map(vec![
            ("Namespace", text("shop/orders")),
            ("MetricName", text(name)),
            ("Dimensions", Value::Array(Vec::new())),
        ])
    };
    let metrics = METRICS.map(|(name, ..)| metric(name));
    map(vec![("Metrics", Value::Array(metrics.into()))])
}

/// One value for each query with the statistic of its metric, and none for another statistic.
fn data(request: &Value) -> Value {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let queries = get(request, "MetricDataQueries").as_array().unwrap();
    let results = queries.iter().map(|query| {
        let stat = get(query, "MetricStat");
        let (name, stat) = (get(get(stat, "Metric"), "MetricName"), get(stat, "Stat"));
        let found = METRICS
            .iter()
            .find(|metric| name.as_text() == Some(metric.0) && stat.as_text() == Some(metric.1));
        let values = found.map(|(_, _, value)| Value::Float(*value));
        let times = values
            .iter()
            .map(|_| Value::Tag(1, Box::new(Value::Integer((now - 60).into()))));
        map(vec![
            ("Id", get(query, "Id").clone()),
            ("Timestamps", Value::Array(times.collect())),
            ("Values", Value::Array(values.clone().into_iter().collect())),
        ])
    });
    map(vec![("MetricDataResults", Value::Array(results.collect()))])
}

fn get<'v>(value: &'v Value, key: &str) -> &'v Value {
    let entries = value.as_map().unwrap();
    let found = entries.iter().find(|(name, _)| name.as_text() == Some(key));
    found.map_or_else(|| panic!("no {key} in {value:?}"), |(_, value)| value)
}
