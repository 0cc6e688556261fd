//! Checks `template.yaml` after the transform that `CloudFormation` applies to it: the linter's rules and the promises of the stack.
//!
//! The transform and the linter run in a separate virtual environment (`requirements-template.txt`).

#[cfg(test)]
#[path = "template/alarms.rs"]
mod alarms;
#[cfg(test)]
#[path = "template/bucket.rs"]
mod bucket;
#[cfg(test)]
#[path = "template/dashboard.rs"]
mod dashboard;
#[cfg(test)]
#[path = "template/functions.rs"]
mod functions;
#[cfg(test)]
#[path = "template/promises.rs"]
mod promises;
#[cfg(test)]
#[path = "template/transform.rs"]
mod transform;

use transform::{Checked, Task, check, packaged};

/// Every finding of the transform, the linter and our own checks.
fn mistakes(checked: Checked) -> Vec<String> {
    let mut found = checked.findings;
    found.extend(checked.template.iter().flat_map(promises::broken));
    found
}

/// A change that breaks the template, and a part of the message that must report it.
struct Mistake {
    from: &'static str,
    to: &'static str,
    reported_as: &'static str,
}

const fn mistake(from: &'static str, to: &'static str, reported_as: &'static str) -> Mistake {
    Mistake {
        from,
        to,
        reported_as,
    }
}

/// The linter finds the first four only after the transform.
const MISTAKES: &[Mistake] = &[
    mistake(
        "Destination: !GetAtt Bucket.Arn",
        "Destination: !GetAtt Bucket.Nothing",
        "E1010",
    ),
    mistake("BatchSize: 200", "BatchSize: 0", "E3034"),
    mistake(
        "MaximumRetryAttempts: 10000",
        "MaximumRetryAttempts: 20000",
        "E3034",
    ),
    mistake(
        "Runtime: provided.al2023",
        "Runtime: provided.al2024",
        "E3030",
    ),
    mistake(
        "BisectBatchOnFunctionError: true",
        "BisectBatches: true",
        "transform",
    ),
    mistake("MaximumRetryAttempts: 10000\n", "\n", "unbounded retries"),
    mistake(
        "MaximumRetryAttempts: 10000",
        "MaximumRetryAttempts: 10",
        "too few retries for an outage",
    ),
    mistake(
        "MaximumRecordAgeInSeconds: 21600\n",
        "\n",
        "unbounded record age",
    ),
    mistake("BisectBatchOnFunctionError: true\n", "\n", "no bisect"),
    mistake(
        "FunctionResponseTypes: [ReportBatchItemFailures]\n",
        "\n",
        "no partial batch response",
    ),
    mistake(
        "MaximumEventAgeInSeconds: 21600\n",
        "\n",
        "TTProducer: unbounded event age",
    ),
    mistake(
        "MAX_RECORD_AGE_SECONDS: \"21600\"",
        "MAX_RECORD_AGE_SECONDS: \"3600\"",
        "another record age",
    ),
    mistake(
        "Value: aws/lambda/",
        "Value: aws/",
        "discarded batches are not counted",
    ),
    mistake("Value: incoming/", "Value: parked/", "upload prefix"),
    mistake("Value: replay/", "Value: parked/", "replay prefix"),
    mistake(
        "ReservedConcurrentExecutions: !If [BoundsProducer",
        "RecursiveLoop: Allow\n      ReservedConcurrentExecutions: !If [BoundsProducer",
        "TTProducer: Lambda does not stop a loop",
    ),
    mistake(
        "ReservedConcurrentExecutions: !If [BoundsProducer, !Ref ProducerConcurrency, !Ref AWS::NoValue]\n",
        "\n",
        "TTProducer: unbounded concurrency",
    ),
    mistake(
        "Name: prefix\n                    Value: replay/",
        "Name: prefix\n                    Value: incoming/replay/",
        "replay prefix",
    ),
    mistake(
        "Prefix: incoming/\n            ExpirationInDays",
        "Prefix: uploads/\n            ExpirationInDays",
        "`incoming/` never expire",
    ),
    mistake(
        "Prefix: parked/\n            ExpirationInDays: !Ref DataRetentionDays",
        "Prefix: parked/\n            ExpirationInDays: 3650",
        "before the parked records",
    ),
    mistake(
        "aws:SecureTransport: \"false\"",
        "aws:SecureTransport: \"true\"",
        "bucket: requests without TLS are allowed",
    ),
    mistake(
        "              - !Sub ${Bucket.Arn}/*\n",
        "",
        "bucket: requests without TLS are allowed",
    ),
    mistake(
        "Type: AWS::Kinesis::Stream\n    DeletionPolicy: RetainExceptOnCreate",
        "Type: AWS::Kinesis::Stream\n    DeletionPolicy: Delete",
        "EventStream: deleted with the stack",
    ),
    mistake(
        "Type: AWS::SecretsManager::Secret\n    DeletionPolicy: RetainExceptOnCreate\n    UpdateReplacePolicy: Retain\n",
        "Type: AWS::SecretsManager::Secret\n",
        "SalesforceCredentials: no deletion policy",
    ),
    mistake(
        "Type: AWS::SQS::Queue\n    DeletionPolicy: RetainExceptOnCreate\n    UpdateReplacePolicy: Retain",
        "Type: AWS::SQS::Queue\n    DeletionPolicy: RetainExceptOnCreate\n    UpdateReplacePolicy: Delete",
        "FailedNotifications: deleted when it is replaced",
    ),
    mistake(
        "Action: s3:PutObject\n                Resource: !Sub arn:${AWS::Partition}:s3:::${AWS::StackName}-${AWS::AccountId}-${AWS::Region}/parked/*",
        "Action: s3:PutObject\n                Resource: !Sub arn:${AWS::Partition}:s3:::${AWS::StackName}-${AWS::AccountId}-${AWS::Region}/replay/*",
        "TTProducerRole: a function can write below `replay/`",
    ),
    mistake("Default: emf", "Default: put_metric_data", "sink can lose"),
    mistake(
        "    Condition: UsesPutMetricData\n",
        "",
        "PutMetricData is allowed without need",
    ),
    mistake(
        "LogGroupClass: STANDARD",
        "LogGroupClass: INFREQUENT_ACCESS",
        "does not extract metrics",
    ),
    mistake(
        "MetricName: FlushAmbiguous",
        "MetricName: FlushLost",
        "alarms",
    ),
    mistake(
        "MetricName: EMFValidationErrors",
        "MetricName: EMFErrors",
        "no alarm on rejected documents",
    ),
    mistake("LogFormat: Text", "LogFormat: JSON", "log format"),
    mistake(
        "Queue: !GetAtt UnfinishedUploads.Arn",
        "Queue: !GetAtt FailedNotifications.Arn",
        "UnfinishedUploads: no function reads it",
    ),
    mistake(
        "BatchSize: 1\n",
        "BatchSize: 5\n",
        "several files share an invocation",
    ),
    mistake(
        "FifoQueue: true",
        "FifoQueue: false",
        "a message can arrive twice",
    ),
    mistake(
        "VisibilityTimeout: 5400",
        "VisibilityTimeout: 900",
        "visible during an invocation",
    ),
    mistake(
        "deadLetterTargetArn: !GetAtt AbandonedUploads.Arn\n        maxReceiveCount: 5",
        "redriveAllowPolicy: none",
        "unbounded attempts",
    ),
    mistake(
        "Value: !GetAtt AbandonedUploads.QueueName",
        "Value: AbandonedUploads",
        "no alarm on ApproximateNumberOfMessagesVisible of AbandonedUploads",
    ),
    mistake(
        "Default: any",
        "Default: sorted",
        "TTProducer: would not start",
    ),
    mistake(
        "Status: Enabled\n      Lifecycle",
        "Status: Suspended\n      Lifecycle",
        "not versioned",
    ),
    mistake(
        "DeletionPolicy: RetainExceptOnCreate",
        "DeletionPolicy: Delete",
        "not retained",
    ),
    mistake(
        "RestrictPublicBuckets: true",
        "RestrictPublicBuckets: false",
        "public",
    ),
    mistake(
        "RetentionInDays: !Ref LogRetentionDays\n",
        "\n",
        "TTProducerLogs: no retention",
    ),
    mistake(
        "LogGroup: !Ref CaseCreationLogs",
        "LogGroup: elsewhere",
        "CaseCreation: log group",
    ),
    mistake(
        "Action: kinesis:PutRecords",
        "Action: kinesis:*",
        "wildcard action",
    ),
    mistake(
        "Resource: !GetAtt AuditStream.Arn",
        "Resource: \"*\"",
        "wildcard resource",
    ),
    mistake(
        "cloudwatch:namespace: !Ref",
        "aws:RequestedRegion: !Ref",
        "wildcard resource",
    ),
    mistake(
        "Properties:\n      AssumeRole",
        "Properties:\n      ManagedPolicyArns: [arn:aws:iam::aws:policy/ReadOnlyAccess]\n      AssumeRole",
        "managed policy",
    ),
    mistake(
        "MetricName: SFCaseFailed",
        "MetricName: SFCaseFailure",
        "alarms",
    ),
    mistake(
        "TreatMissingData: notBreaching",
        "TreatMissingData: breaching",
        "missing data",
    ),
    mistake(
        "MetricName: IteratorAge",
        "MetricName: IteratorsAge",
        "no alarm on IteratorAge of CaseCreation",
    ),
    mistake(
        "Value: !GetAtt FailedNotifications.QueueName",
        "Value: FailedNotifications",
        "no alarm on ApproximateNumberOfMessagesVisible of FailedNotifications",
    ),
    mistake(
        "MetricName: Errors",
        "MetricName: Throttles",
        "no alarm on Errors of TMSTokenManager",
    ),
    mistake(
        "Threshold: 1\n",
        "Threshold: 2\n",
        "no alarm at one failure",
    ),
    mistake("\"SFCaseCreated\"]", "\"SFCasesCreated\"]", "dashboard"),
    mistake(
        "\"stat\": \"Maximum\"",
        "\"stat\": \"Sum\"",
        "is not a Maximum",
    ),
    mistake(
        "IF(all >= 20, 100 *",
        "IF(all > 0, 100 *",
        "TTEventFailedRateAlarm: no expression with",
    ),
    mistake(
        "FILL(ok, 0) + FILL(failed, 0)",
        "FILL(okay, 0) + FILL(failed, 0)",
        "contains `okay`",
    ),
    mistake("Period: 21600", "Period: 21601", "21601 is no period"),
    mistake(
        "AND ALARM(\\\"${ObjectiveBurnFastShortAlarm}\\\")",
        "",
        "the error budget has no alarm in two windows",
    ),
    mistake(
        "MetricName: TTEventPublished}, Period: 300",
        "MetricName: TTEventPublished}, Period: 61",
        "S3RecordsReceivedBalanceAlarm: 61 is no period",
    ),
    mistake(
        "{Id: invocations,",
        "{Id: invoked,",
        "TTProducerSilentAlarm: `IF(invocations",
    ),
    mistake(
        "\"view\": \"singleValue\"",
        "\"view\": \"singleValues\"",
        "has an unknown view",
    ),
    mistake(
        "\"${FailedNotifications.QueueName}\"",
        "\"${FailedUploads.QueueName}\"",
        "dashboard: there is no `FailedUploads`",
    ),
    mistake(
        "Threshold: 80",
        "Threshold: 100",
        "SFApiUsagePercentAlarm: no alarm",
    ),
    mistake(
        "Schedule: rate(10 minutes)\n",
        "Schedule: rate(10 minutes)\n            Input: '{}'\n",
        "the schedule has an input",
    ),
    mistake(
        "rate(10 minutes)",
        "rate(12 minutes)",
        "a token can expire before the schedule",
    ),
    mistake(
        "[ERROR, WARN, INFO, DEBUG]",
        "[ERROR, WARN, INFO, DEBUG, TRACE]",
        "TRACE",
    ),
    mistake(
        "EVENT_STREAM_NAME: !Ref",
        "STREAM: !Ref",
        "TTProducer: would not start",
    ),
    mistake(
        "Default: v62.0",
        "Default: \"62.0\"",
        "CaseCreation: would not start",
    ),
    mistake(
        "Default: 900",
        "Default: 0",
        "TMSTokenManager: would not start",
    ),
    mistake(
        "Sub arn:${AWS::Partition}:s3:::${AWS::StackName}-${AWS::AccountId}-${AWS::Region}/incoming/*",
        "Sub ${Bucket.Arn}/incoming/*",
        "E3004",
    ),
];

#[test]
fn the_template_has_no_mistake() {
    let task = Task {
        text: packaged(),
        lint: true,
        login_urls: Vec::new(),
    };
    for checked in check(&[task]) {
        assert!(checked.template.is_some(), "{:?}", checked.findings);
        assert_eq!(mistakes(checked), Vec::<String>::new());
    }
}

#[test]
fn a_login_url_is_accepted_if_and_only_if_the_token_manager_starts_with_it() {
    let task = Task {
        text: packaged(),
        lint: false,
        login_urls: functions::LOGIN_URLS.to_vec(),
    };
    let good = functions::LOGIN_URLS.into_iter();
    let good: Vec<_> = good
        .filter(|url| functions::starts_with_login_url(url))
        .collect();
    assert_eq!(good.len(), 6);
    for checked in check(&[task]) {
        assert_eq!(checked.login_urls, good);
    }
}

#[test]
fn each_mistake_is_reported() {
    let template = packaged();
    let tasks: Vec<Task> = MISTAKES
        .iter()
        .map(|mistake| {
            assert!(
                template.contains(mistake.from),
                "the template does not contain `{}`",
                mistake.from
            );
            Task {
                text: template.replacen(mistake.from, mistake.to, 1),
                lint: mistake.reported_as.starts_with('E'),
                login_urls: Vec::new(),
            }
        })
        .collect();
    let checked = check(&tasks);
    assert_eq!(checked.len(), MISTAKES.len());
    let unreported: Vec<_> = MISTAKES
        .iter()
        .zip(checked.into_iter().map(mistakes))
        .filter(|(mistake, found)| !found.iter().any(|text| text.contains(mistake.reported_as)))
        .map(|(mistake, found)| (mistake.to, mistake.reported_as, found))
        .collect();
    assert!(unreported.is_empty(), "unreported: {unreported:#?}");
}
