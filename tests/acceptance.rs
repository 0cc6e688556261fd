//! The promise to the user, on the whole local stack: 5 records are 5 Cases and 5 `SFCaseCreated`.
//!
//! One stack serves every claim: they run in order in one test, since each is about what came before it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime},
};

use tt_cli::{
    metrics::{self, NAMES},
    progress::Silent,
    stack::{LocalStack, Options, Uploaded},
};

/// As in the template's default.
const NAMESPACE: &str = "pkyc/Salesforce";

/// Long enough for a cold start of every function on a busy two-core machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// The five metrics in the order of [`NAMES`], as sums since the stack began.
type Five = [u64; 5];

struct Pipeline {
    stack: LocalStack,
    cloudwatch: aws_sdk_cloudwatch::Client,
    began: SystemTime,
}

impl Pipeline {
    async fn start() -> Self {
        let stack = LocalStack::start(Options::default(), &Silent)
            .await
            .unwrap_or_else(|error| panic!("the local stack did not start: {error}"));
        let cloudwatch = aws_sdk_cloudwatch::Client::new(stack.sdk_config());
        Self { stack, cloudwatch, began: SystemTime::now() - Duration::from_secs(1) }
    }

    /// The five sums as CloudWatch's API has them now.
    async fn five(&self) -> Five {
        let series = metrics::read(&self.cloudwatch, NAMESPACE, self.began, 60)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        let totals: BTreeMap<&str, f64> =
            series.iter().map(|series| (series.name.as_str(), series.total())).collect();
        NAMES.map(|name| {
            let total = totals.get(name).copied().unwrap_or_default();
            assert!(total >= 0.0 && total.fract() == 0.0, "{name} is {total}: not a count");
            format!("{total:.0}").parse().expect("a count")
        })
    }

    /// Waits until the five sums are `expected`, then looks once more that they stay.
    async fn settles_at(&self, expected: Five, claim: &str) {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = self.five().await;
        while seen != expected && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(200)).await;
            seen = self.five().await;
        }
        assert_eq!(seen, expected, "{claim}: {NAMES:?}");
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(self.five().await, expected, "{claim}, two seconds later: {NAMES:?}");
    }

    async fn upload(&self, name: &str, body: String) -> Uploaded {
        self.stack
            .upload(name, body.into_bytes())
            .await
            .unwrap_or_else(|error| panic!("failed to upload {name}: {error}"))
    }

    /// Delivers the notification of an upload once more, as S3 may.
    async fn notify_again(&self, uploaded: &Uploaded) {
        let function = self.stack.function("TTProducer").expect("the stack has a TT Producer");
        let event = serde_json::json!({"Records": [{
            "eventVersion": "2.6",
            "eventSource": "aws:s3",
            "awsRegion": "us-east-1",
            "eventTime": "2026-01-01T00:00:00.000Z",
            "eventName": "ObjectCreated:Put",
            "userIdentity": {"principalId": "EXAMPLE"},
            "requestParameters": {"sourceIPAddress": "127.0.0.1"},
            "responseElements": {},
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "replay",
                "bucket": {
                    "name": uploaded.bucket,
                    "ownerIdentity": {"principalId": "EXAMPLE"},
                    "arn": format!("arn:aws:s3:::{}", uploaded.bucket),
                },
                "object": {
                    "key": uploaded.key,
                    "size": 1,
                    "eTag": "replay",
                    "versionId": uploaded.version_id,
                    "sequencer": "0",
                },
            },
        }]});
        let answer = aws_sdk_lambda::Client::new(self.stack.sdk_config())
            .invoke()
            .function_name(function)
            .payload(aws_sdk_lambda::primitives::Blob::new(event.to_string()))
            .send()
            .await
            .expect("TT Producer can be invoked");
        assert_eq!(answer.function_error(), None, "TT Producer took the replay");
    }

    /// How many Cases there are, each of another event.
    fn distinct_cases(&self) -> usize {
        let cases = self.stack.salesforce().cases();
        let ids: std::collections::BTreeSet<_> =
            cases.iter().map(|case| case.event_id.clone().expect("an external id")).collect();
        assert_eq!(ids.len(), cases.len(), "no event has two Cases");
        ids.len()
    }
}

fn csv_of(rows: impl IntoIterator<Item = String>) -> String {
    let mut file = String::from("record_id,customer_id,event_type,risk_rating,subject\n");
    for row in rows {
        file.push_str(&row);
        file.push('\n');
    }
    file
}

fn row(number: usize) -> String {
    format!("R-{number},C-{number},RISK_CHANGED,HIGH,Review {number}")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_record_is_counted_once_at_its_outcome() {
    let pipeline = Pipeline::start().await;

    let five = pipeline.upload("five.csv", csv_of((1..=5).map(row))).await;
    pipeline.settles_at([5, 5, 0, 5, 0], "five records are five Cases").await;
    assert_eq!(pipeline.distinct_cases(), 5);

    // The producer did publish the replay again, so received and published move; Cases must not.
    pipeline.notify_again(&five).await;
    pipeline.settles_at([10, 10, 0, 5, 0], "a replay makes no further Case").await;
    assert_eq!(pipeline.distinct_cases(), 5);

    // 7 rows lack a required value, 3 carry a subject longer than the 255 characters of Salesforce.
    let hundred = csv_of((1..=100).map(|number| match number {
        n if n % 14 == 0 => format!("R-{n},,RISK_CHANGED,LOW,no customer"),
        n @ (10 | 50 | 90) => format!("R-{n},C-{n},RISK_CHANGED,LOW,{}", "x".repeat(256)),
        n => row(n),
    }));
    pipeline.upload("hundred.csv", hundred).await;
    pipeline
        .settles_at([110, 103, 7, 95, 3], "100 records: 7 malformed and 3 refused by Salesforce")
        .await;
    assert_eq!(pipeline.distinct_cases(), 95);
    assert_eq!(pipeline.parked().await, 10, "what failed is kept");

    pipeline.stack.stop().await.unwrap_or_else(|error| panic!("the stack did not stop: {error}"));
}

impl Pipeline {
    /// How many records are kept under `parked/`.
    async fn parked(&self) -> usize {
        let s3 = aws_sdk_s3::Client::from_conf(
            aws_sdk_s3::config::Builder::from(self.stack.sdk_config())
                .force_path_style(true)
                .build(),
        );
        let listed = s3
            .list_objects_v2()
            .bucket(self.stack.bucket())
            .prefix("parked/")
            .send()
            .await
            .expect("the bucket can be listed");
        let mut records = 0;
        for object in listed.contents() {
            let key = object.key().expect("a key");
            let body = s3
                .get_object()
                .bucket(self.stack.bucket())
                .key(key)
                .send()
                .await
                .expect("a parked object can be read")
                .body
                .collect()
                .await
                .expect("a whole body")
                .into_bytes();
            records += body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
        }
        records
    }
}
