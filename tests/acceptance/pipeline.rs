//! The pipeline on the local stack, as a test looks at it.

use std::{
    collections::BTreeSet,
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

/// How long nothing may move before it counts as settled; a whole run of the pipeline takes less.
const QUIET: Duration = Duration::from_secs(2);

/// How often to look.
const LOOK: Duration = Duration::from_millis(200);

/// The five metrics in the order of [`NAMES`], as sums since the stack began.
pub(crate) type Five = [u64; 5];

pub(crate) struct Pipeline {
    stack: LocalStack,
    cloudwatch: aws_sdk_cloudwatch::Client,
    began: SystemTime,
}

impl Pipeline {
    pub(crate) async fn start() -> Self {
        let stack = LocalStack::start(Options::default(), &Silent)
            .await
            .unwrap_or_else(|error| panic!("the local stack did not start: {error}"));
        let cloudwatch = aws_sdk_cloudwatch::Client::new(stack.sdk_config());
        let began = SystemTime::now() - Duration::from_secs(1);
        Self {
            stack,
            cloudwatch,
            began,
        }
    }

    pub(crate) async fn stop(self) {
        if let Err(error) = self.stack.stop().await {
            panic!("the stack did not stop: {error}");
        }
    }

    pub(crate) async fn upload(&self, name: &str, body: String) -> Uploaded {
        self.stack
            .upload(name, body.into_bytes())
            .await
            .unwrap_or_else(|error| panic!("failed to upload {name}: {error}"))
    }

    /// Waits until the five sums are `expected`, then that they stay.
    pub(crate) async fn settles_at(&self, expected: Five, claim: &str) {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = self.five().await;
        while seen != expected && Instant::now() < deadline {
            tokio::time::sleep(LOOK).await;
            seen = self.five().await;
        }
        let quiet = Instant::now() + QUIET;
        while seen == expected && Instant::now() < quiet {
            tokio::time::sleep(LOOK).await;
            seen = self.five().await;
        }
        assert_eq!(seen, expected, "{claim}: {NAMES:?}");
    }

    /// The five sums as CloudWatch's API has them now.
    async fn five(&self) -> Five {
        let series = metrics::read(&self.cloudwatch, NAMESPACE, self.began, 60)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        NAMES.map(|name| {
            let found = series.iter().find(|series| series.name == name);
            let total = found.map_or(0.0, metrics::Series::total);
            format!("{total}").parse().expect("a count")
        })
    }

    /// Delivers the notification of an upload once more, as S3 may, and waits until Salesforce was asked for a Case
    /// of each of its `records` once more.
    pub(crate) async fn replay(&self, uploaded: &Uploaded, records: u64) {
        let asked = self.asked_for();
        let function = self.stack.function("TTProducer");
        let answer = aws_sdk_lambda::Client::new(self.stack.sdk_config())
            .invoke()
            .function_name(function.expect("the stack has a TT Producer"))
            .payload(aws_sdk_lambda::primitives::Blob::new(notification(
                uploaded,
            )))
            .send()
            .await
            .expect("TT Producer can be invoked");
        assert_eq!(answer.function_error(), None, "TT Producer took the replay");
        let deadline = Instant::now() + PATIENCE;
        while self.asked_for() < asked + records {
            assert!(Instant::now() < deadline, "the replay reached Salesforce");
            tokio::time::sleep(LOOK).await;
        }
    }

    fn asked_for(&self) -> u64 {
        self.stack.salesforce().counts().attempts.values().sum()
    }

    /// How many Cases there are, each of another event.
    pub(crate) fn distinct_cases(&self) -> usize {
        let cases = self.stack.salesforce().cases();
        let ids: BTreeSet<_> = cases.iter().map(|case| case.event_id.as_deref()).collect();
        assert!(!ids.contains(&None), "each Case has an external id");
        assert_eq!(ids.len(), cases.len(), "no event has two Cases");
        ids.len()
    }

    /// How many records are kept under `parked/`.
    pub(crate) async fn parked(&self) -> usize {
        let config = aws_sdk_s3::config::Builder::from(self.stack.sdk_config());
        let s3 = aws_sdk_s3::Client::from_conf(config.force_path_style(true).build());
        let bucket = self.stack.bucket();
        let listed = s3.list_objects_v2().bucket(bucket).prefix("parked/");
        let listed = listed.send().await.expect("the bucket can be listed");
        let mut records = 0;
        for object in listed.contents() {
            let get = s3
                .get_object()
                .bucket(bucket)
                .key(object.key().expect("a key"));
            let body = get.send().await.expect("a parked object can be read").body;
            let body = body.collect().await.expect("a whole body").into_bytes();
            records += body
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty())
                .count();
        }
        records
    }
}

/// The notification that S3 sent for an upload.
fn notification(uploaded: &Uploaded) -> String {
    serde_json::json!({"Records": [{
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
    }]})
    .to_string()
}
