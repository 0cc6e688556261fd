//! `template.yaml`, transformed as AWS would and then checked, is deployable and keeps its promises.
//!
//! The transform and the linter run in a virtual environment of their own (`requirements-template.txt`).

#[cfg(test)]
#[path = "template/alarms.rs"]
mod alarms;
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

use std::collections::BTreeSet;

use tt_cli::metrics::NAMES;

use transform::{Checked, Task, check, packaged};

/// Everything that is wrong with a template.
fn mistakes(checked: Checked) -> Vec<String> {
    let mut found = checked.findings;
    found.extend(checked.template.iter().flat_map(promises::broken));
    found
}

/// One way to spoil the template and the words in which it must be noticed.
struct Mistake {
    from: &'static str,
    to: &'static str,
    noticed_as: &'static str,
}

const fn mistake(from: &'static str, to: &'static str, noticed_as: &'static str) -> Mistake {
    Mistake {
        from,
        to,
        noticed_as,
    }
}

/// The first four are those that linting the SAM file without the transform does not notice.
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
        "an outage outlasts the retries",
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
        "nobody counts what the mapping discards",
    ),
    mistake("Value: incoming/", "Value: parked/", "upload prefix"),
    mistake("RecursiveLoop: Allow\n", "\n", "runaway loop"),
    mistake(
        "Queue: !GetAtt UnfinishedUploads.Arn",
        "Queue: !GetAtt FailedNotifications.Arn",
        "nobody reads on",
    ),
    mistake(
        "BatchSize: 1\n",
        "BatchSize: 5\n",
        "files share an invocation",
    ),
    mistake(
        "FifoQueue: true",
        "FifoQueue: false",
        "a message may come twice",
    ),
    mistake(
        "VisibilityTimeout: 5400",
        "VisibilityTimeout: 900",
        "visible again",
    ),
    mistake(
        "deadLetterTargetArn: !GetAtt AbandonedUploads.Arn\n        maxReceiveCount: 5",
        "redriveAllowPolicy: none",
        "tried for ever",
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
        "one failure is no alarm",
    ),
    mistake("\"SFCaseCreated\"]", "\"SFCasesCreated\"]", "dashboard"),
    mistake(
        "\"Maximum\", \"period\"",
        "\"Sum\", \"period\"",
        "is not a Maximum",
    ),
    mistake(
        "Schedule: rate(10 minutes)\n",
        "Schedule: rate(10 minutes)\n            Input: '{}'\n",
        "the schedule sends something else",
    ),
    mistake(
        "rate(10 minutes)",
        "rate(12 minutes)",
        "a token may end before the schedule",
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
fn the_metrics_read_back_are_those_that_the_functions_declare() {
    assert_eq!(BTreeSet::from(NAMES), functions::counters());
}

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
fn each_mistake_is_noticed() {
    let template = packaged();
    let tasks: Vec<Task> = MISTAKES
        .iter()
        .map(|mistake| {
            assert!(
                template.contains(mistake.from),
                "`{}` is gone",
                mistake.from
            );
            Task {
                text: template.replacen(mistake.from, mistake.to, 1),
                lint: mistake.noticed_as.starts_with('E'),
                login_urls: Vec::new(),
            }
        })
        .collect();
    let checked = check(&tasks);
    assert_eq!(checked.len(), MISTAKES.len());
    let unnoticed: Vec<_> = MISTAKES
        .iter()
        .zip(checked.into_iter().map(mistakes))
        .filter(|(mistake, found)| !found.iter().any(|text| text.contains(mistake.noticed_as)))
        .map(|(mistake, found)| (mistake.to, mistake.noticed_as, found))
        .collect();
    assert!(unnoticed.is_empty(), "unnoticed: {unnoticed:#?}");
}
