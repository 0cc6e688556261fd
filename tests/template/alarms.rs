//! The promises of the alarms.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    functions,
    promises::{items, resources},
};

/// The alarms on metrics of AWS, for failures that change no metric of the catalogue.
fn of_aws() -> [(&'static str, &'static str, &'static str, Value); 4] {
    let queue = |name| json!([{"Name": "QueueName", "Value": {"Fn::GetAtt": [name, "QueueName"]}}]);
    let function = |name| json!([{"Name": "FunctionName", "Value": {"Ref": name}}]);
    [
        (
            "FailedNotifications",
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            queue("FailedNotifications"),
        ),
        (
            "AbandonedUploads",
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            queue("AbandonedUploads"),
        ),
        (
            "CaseCreation",
            "AWS/Lambda",
            "IteratorAge",
            function("CaseCreation"),
        ),
        (
            "TMSTokenManager",
            "AWS/Lambda",
            "Errors",
            function("TMSTokenManager"),
        ),
    ]
}

/// The failures that the metrics library counts itself.
const LIBRARY_FAILURES: [&str; 2] = ["FlushAmbiguous", "FlushFailed"];

/// One sentence for each promise that the template breaks.
pub(crate) fn broken(template: &Value) -> Vec<String> {
    let alarms = resources(template, "AWS::CloudWatch::Alarm")
        .map(|(name, alarm)| (name, &alarm["Properties"]));
    let (rejections, alarms): (Vec<_>, Vec<_>) =
        alarms.partition(|(_, alarm)| alarm["Metrics"].is_array());
    let (ours, theirs): (Vec<_>, Vec<_>) = alarms
        .into_iter()
        .partition(|(_, alarm)| alarm["Namespace"] == json!({"Ref": "MetricNamespace"}));
    let mut found = Vec::new();
    let names = ours.iter().filter_map(|(_, a)| a["MetricName"].as_str());
    let names: BTreeSet<_> = names.collect();
    let mut expected = functions::failures();
    expected.extend(LIBRARY_FAILURES);
    if names != expected {
        found.push(format!("alarms are on {names:?} instead of {expected:?}"));
    }
    for (name, alarm) in &ours {
        if alarm["Statistic"] != "Sum" {
            found.push(format!("{name}: failures are not summed"));
        }
    }
    for (name, alarm) in ours.iter().chain(&theirs).chain(&rejections) {
        if alarm["TreatMissingData"] != "notBreaching" {
            found.push(format!("{name}: missing data is an alarm"));
        }
        if alarm["MetricName"] != "IteratorAge" && alarm["Threshold"] != 1 {
            found.push(format!("{name}: no alarm at one failure"));
        }
        if alarm["AlarmActions"].is_null() {
            found.push(format!("{name}: no topic is notified"));
        }
    }
    for (resource, namespace, metric, dimensions) in of_aws() {
        let is_it = |alarm: &Value| {
            alarm["Namespace"] == namespace
                && alarm["MetricName"] == metric
                && alarm["Dimensions"] == dimensions
        };
        if !theirs.iter().any(|(_, alarm)| is_it(alarm)) {
            found.push(format!("no alarm on {metric} of {resource}"));
        }
    }
    let rejected: BTreeSet<String> = rejections
        .iter()
        .flat_map(|(_, alarm)| items(&alarm["Metrics"]))
        .filter_map(rejected_documents)
        .collect();
    if rejected != all_rejected_documents(template) {
        found.push(format!("no alarm on rejected documents: {rejected:?}"));
    }
    if theirs.len() != of_aws().len() {
        found.push(format!("{} alarms on metrics of AWS", theirs.len()));
    }
    found
}

/// The metric of one query of an alarm, with its log group.
fn rejected_documents(query: &Value) -> Option<String> {
    let metric = &query["MetricStat"]["Metric"];
    let group = metric.pointer("/Dimensions/0/Value/Ref")?.as_str()?;
    (metric["Namespace"] == "AWS/Logs").then(|| format!("{} of {group}", metric["MetricName"]))
}

/// The metrics that count documents which CloudWatch Logs rejects, for each log group.
fn all_rejected_documents(template: &Value) -> BTreeSet<String> {
    let groups = resources(template, "AWS::Logs::LogGroup").map(|(name, _)| name);
    let metrics = ["EMFParsingErrors", "EMFValidationErrors"];
    groups
        .flat_map(|group| metrics.map(|metric| format!("\"{metric}\" of {group}")))
        .collect()
}
