//! Logs of the local AWS, a function that writes to them, and the metrics of their documents.

use std::{
    io::{Cursor, Write},
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use aws_sdk_cloudwatch::{
    primitives::DateTime,
    types::{Dimension, Statistic},
};
use aws_sdk_lambda::{
    primitives::Blob,
    types::{FunctionCode, Runtime},
};
use serde_json::{Value, json};
use tt_cli::{
    python::Interpreter,
    stack::{LocalStack, Options},
    terminal::progress::Silent,
};
use zip::{ZipWriter, write::SimpleFileOptions};

/// A function without the library. It needs an interpreter as its first line.
const BOOTSTRAP: &str = include_str!("bootstrap.py");
const FUNCTION: &str = "writer";
pub(crate) const LOG_GROUP: &str = "/aws/lambda/writer";
pub(crate) const NAMESPACE: &str = "local/Log";

/// How soon a metric of a written document must be readable.
const SOON: Duration = Duration::from_secs(10);
/// How long a sum must stay the same.
const QUIET: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(50);

pub(crate) struct Logs {
    pub(crate) stack: LocalStack,
    http: reqwest::Client,
}

impl Logs {
    /// Starts a stack.
    pub(crate) async fn start() -> Self {
        let stack = LocalStack::start(Options::default(), &Silent).await;
        let http = reqwest::Client::builder().no_proxy().build();
        Self {
            stack: stack.unwrap(),
            http: http.unwrap(),
        }
    }

    /// An operation of CloudWatch Logs.
    async fn call(&self, operation: &str, input: &Value) -> (u16, Value) {
        let request = self.http.post(self.stack.endpoint());
        let request = request
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("Logs_20140328.{operation}"))
            // The endpoint selects the service by the scope of the signature, and does not check the signature.
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/logs/aws4_request, SignedHeaders=host, Signature=0",
            );
        let answer = request.body(input.to_string()).send().await.unwrap();
        let status = answer.status().as_u16();
        (
            status,
            serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap(),
        )
    }

    /// Creates a log group and stream, and puts these messages.
    pub(crate) async fn put(&self, group: &str, class: &str, messages: &[String]) {
        let stream = json!({"logGroupName": group, "logStreamName": "stream"});
        let events: Vec<_> = messages
            .iter()
            .map(|message| json!({"timestamp": milliseconds(), "message": message}))
            .collect();
        let events = json!({"logGroupName": group, "logStreamName": "stream", "logEvents": events});
        let group = json!({"logGroupName": group, "logGroupClass": class});
        for (operation, input) in [
            ("CreateLogGroup", group),
            ("CreateLogStream", stream),
            ("PutLogEvents", events),
        ] {
            let (status, answer) = self.call(operation, &input).await;
            assert_eq!(status, 200, "{operation}: {answer}");
        }
    }

    /// The messages of a log group.
    pub(crate) async fn messages(&self, group: &str) -> Vec<String> {
        let input = json!({"logGroupName": group});
        let (_, answer) = self.call("FilterLogEvents", &input).await;
        let events = answer["events"].as_array().unwrap().iter();
        events
            .map(|event| event["message"].as_str().unwrap().to_owned())
            .collect()
    }

    async fn sum(&self, namespace: &str, metric: &str, group: Option<&str>) -> f64 {
        let dimension = group.map(|group| {
            Dimension::builder()
                .name("LogGroupName")
                .value(group)
                .build()
        });
        let hour = Duration::from_hours(1);
        let statistics = aws_sdk_cloudwatch::Client::new(self.stack.sdk_config())
            .get_metric_statistics()
            .namespace(namespace)
            .metric_name(metric)
            .set_dimensions(dimension.map(|dimension| vec![dimension]))
            .start_time(DateTime::from(SystemTime::now() - hour))
            .end_time(DateTime::from(SystemTime::now() + hour))
            .period(3600)
            .statistics(Statistic::Sum)
            .send()
            .await
            .unwrap();
        statistics
            .datapoints()
            .iter()
            .filter_map(|point| point.sum)
            .sum()
    }

    /// Waits until a sum is `expected`, and then asserts that it does not change.
    pub(crate) async fn settles_at(
        &self,
        expected: f64,
        namespace: &str,
        metric: &str,
        group: Option<&str>,
    ) {
        let deadline = Instant::now() + SOON;
        let mut sum = self.sum(namespace, metric, group).await;
        while sum < expected && Instant::now() < deadline {
            tokio::time::sleep(POLL).await;
            sum = self.sum(namespace, metric, group).await;
        }
        assert_same(sum, expected, metric);
        tokio::time::sleep(QUIET).await;
        assert_same(self.sum(namespace, metric, group).await, expected, metric);
    }

    pub(crate) async fn invoke(&self) {
        let lambda = aws_sdk_lambda::Client::new(self.stack.sdk_config());
        let answer = lambda
            .invoke()
            .function_name(FUNCTION)
            .payload(Blob::new("{}"));
        assert_eq!(answer.send().await.unwrap().function_error(), None);
    }
}

#[expect(clippy::float_cmp, reason = "sums of small whole numbers")]
pub(crate) fn assert_same(sum: f64, expected: f64, metric: &str) {
    assert_eq!(sum, expected, "{metric}");
}

fn milliseconds() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(now.unwrap().as_millis()).unwrap()
}

pub(crate) fn document(metric: &str, value: &Value) -> String {
    let directive = json!({
        "Namespace": NAMESPACE, "Dimensions": [[]], "Metrics": [{"Name": metric, "Unit": "Count"}],
    });
    let metadata = json!({"Timestamp": milliseconds(), "CloudWatchMetrics": [directive]});
    json!({"_aws": metadata, metric: value}).to_string()
}

fn package(interpreter: &Path) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().unix_permissions(0o755);
    zip.start_file("bootstrap", options).unwrap();
    let bootstrap = format!("#!{}\n{BOOTSTRAP}", interpreter.display());
    zip.write_all(bootstrap.as_bytes()).unwrap();
    zip.finish().unwrap().into_inner()
}

pub(crate) async fn create_function(stack: &LocalStack) {
    let interpreter = Interpreter::find().await.unwrap();
    let code = FunctionCode::builder().zip_file(Blob::new(package(&interpreter.path)));
    aws_sdk_lambda::Client::new(stack.sdk_config())
        .create_function()
        .function_name(FUNCTION)
        .runtime(Runtime::Providedal2023)
        .handler("bootstrap")
        .role("arn:aws:iam::000000000000:role/writer")
        .code(code.build())
        .send()
        .await
        .unwrap();
}
