//! The promises of the alarms.

use std::collections::BTreeSet;

use cloudwatch_stand_in::{check_alarm, check_composite_alarm};
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
const LIBRARY_FAILURES: [&str; 3] = ["FlushAmbiguous", "FlushFailed", "MetricsDropped"];

/// The alarms on expressions: id of the resource, and what its expressions must contain.
const OF_EXPRESSIONS: [(&str, &str); 10] = [
    ("TTEventFailedRateAlarm", "IF(all >= 20"),
    ("SFCaseFailedRateAlarm", "IF(all >= 20"),
    ("ObjectiveBurnFastLongAlarm", "FILL(good, 0)"),
    ("ObjectiveBurnFastShortAlarm", "FILL(good, 0)"),
    ("ObjectiveBurnSlowLongAlarm", "FILL(good, 0)"),
    ("ObjectiveBurnSlowShortAlarm", "FILL(good, 0)"),
    (
        "S3RecordsReceivedBalanceAlarm",
        "FILL(whole, 0) - FILL(part1, 0) - FILL(part2, 0)",
    ),
    ("TTProducerSilentAlarm", "invocations > 0"),
    ("CaseCreationSilentAlarm", "invocations > 0"),
    ("EmfErrorsAlarm", "SUM(METRICS())"),
];

/// The limits of gauges, and the values from which they are an alarm.
const LIMITS: [(&str, u64); 1] = [("SFApiUsagePercent", 80)];

type Alarm<'t> = (&'t str, &'t Value);

/// One sentence for each promise that the template breaks.
pub(crate) fn broken(template: &Value) -> Vec<String> {
    let alarms: Vec<Alarm<'_>> = resources(template, "AWS::CloudWatch::Alarm")
        .map(|(name, alarm)| (name, &alarm["Properties"]))
        .collect();
    let mut found = limits(template, &alarms);
    for (name, alarm) in &alarms {
        if alarm["TreatMissingData"] != "notBreaching" {
            found.push(format!("{name}: missing data is an alarm"));
        }
    }
    let (expressions, alarms): (Vec<_>, Vec<_>) = alarms
        .into_iter()
        .partition(|(_, alarm)| alarm["Metrics"].is_array());
    let (ours, theirs): (Vec<_>, Vec<_>) = alarms
        .into_iter()
        .partition(|(_, alarm)| alarm["Namespace"] == json!({"Ref": "MetricNamespace"}));
    found.extend(on_own_metrics(&ours));
    found.extend(on_metrics_of_aws(&theirs));
    found.extend(on_expressions(template, &expressions));
    found.extend(notified(template, &ours, &theirs, &expressions));
    found
}

/// What CloudWatch would refuse.
fn limits(template: &Value, alarms: &[Alarm<'_>]) -> Vec<String> {
    let ids: BTreeSet<&str> = alarms.iter().map(|(name, _)| *name).collect();
    let metric = alarms
        .iter()
        .map(|(name, alarm)| (*name, check_alarm(alarm)));
    let composite = resources(template, "AWS::CloudWatch::CompositeAlarm");
    let composite = composite.map(|(name, alarm)| {
        let refusal = check_composite_alarm(&alarm["Properties"], &ids);
        (name, refusal)
    });
    let refused = metric.chain(composite);
    refused
        .filter_map(|(name, answer)| Some(format!("{name}: {}", answer.err()?)))
        .collect()
}

/// One failure is an alarm, and so are the counts that the library could not deliver.
fn on_own_metrics(alarms: &[Alarm<'_>]) -> Vec<String> {
    let mut found = Vec::new();
    let names: BTreeSet<_> = alarms
        .iter()
        .filter_map(|(_, alarm)| alarm["MetricName"].as_str())
        .collect();
    let mut expected = functions::failures();
    expected.extend(LIBRARY_FAILURES);
    expected.extend(LIMITS.iter().map(|(gauge, _)| gauge));
    if names != expected {
        found.push(format!("alarms are on {names:?} instead of {expected:?}"));
    }
    for (name, alarm) in alarms {
        let limit = LIMITS
            .iter()
            .find(|(gauge, _)| alarm["MetricName"] == *gauge);
        let (statistic, threshold) = limit.map_or(("Sum", 1), |(_, from)| ("Maximum", *from));
        if alarm["Statistic"] != statistic {
            found.push(format!("{name}: failures are not summed"));
        }
        if alarm["Threshold"] != threshold {
            found.push(format!("{name}: no alarm at one failure"));
        }
    }
    found
}

fn on_metrics_of_aws(alarms: &[Alarm<'_>]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, alarm) in alarms {
        if alarm["MetricName"] != "IteratorAge" && alarm["Threshold"] != 1 {
            found.push(format!("{name}: no alarm at one failure"));
        }
    }
    for (resource, namespace, metric, dimensions) in of_aws() {
        let is_it = |alarm: &Value| {
            alarm["Namespace"] == namespace
                && alarm["MetricName"] == metric
                && alarm["Dimensions"] == dimensions
        };
        if !alarms.iter().any(|(_, alarm)| is_it(alarm)) {
            found.push(format!("no alarm on {metric} of {resource}"));
        }
    }
    if alarms.len() != of_aws().len() {
        found.push(format!("{} alarms on metrics of AWS", alarms.len()));
    }
    found
}

fn on_expressions(template: &Value, alarms: &[Alarm<'_>]) -> Vec<String> {
    let mut found = Vec::new();
    for (id, part) in OF_EXPRESSIONS {
        let alarm = alarms.iter().find(|(name, _)| *name == id);
        let queries = alarm.map(|(_, alarm)| items(&alarm["Metrics"]));
        let mut expressions = queries
            .iter()
            .flatten()
            .filter_map(|query| query["Expression"].as_str());
        if !expressions.any(|expression| expression.contains(part)) {
            found.push(format!("{id}: no expression with `{part}`"));
        }
    }
    if alarms.len() != OF_EXPRESSIONS.len() {
        found.push(format!("{} alarms on expressions", alarms.len()));
    }
    let rejected: BTreeSet<String> = alarms
        .iter()
        .flat_map(|(_, alarm)| items(&alarm["Metrics"]))
        .filter_map(rejected_documents)
        .collect();
    if rejected != all_rejected_documents(template) {
        found.push(format!("no alarm on rejected documents: {rejected:?}"));
    }
    found
}

/// Every alarm notifies, except those that a composite alarm combines.
fn notified(
    template: &Value,
    ours: &[Alarm<'_>],
    theirs: &[Alarm<'_>],
    expressions: &[Alarm<'_>],
) -> Vec<String> {
    let composite: Vec<Alarm<'_>> = resources(template, "AWS::CloudWatch::CompositeAlarm")
        .map(|(name, alarm)| (name, &alarm["Properties"]))
        .collect();
    let rules: String = composite
        .iter()
        .map(|(_, alarm)| alarm["AlarmRule"].to_string())
        .collect();
    let mut found: Vec<String> = [ours, theirs, expressions, &composite]
        .concat()
        .into_iter()
        .filter(|(_, alarm)| alarm["AlarmActions"].is_null())
        .filter(|(name, _)| !rules.contains(&format!("${{{name}}}")))
        .map(|(name, _)| format!("{name}: no topic is notified"))
        .collect();
    let rule = "(ALARM(\"${ObjectiveBurnFastLongAlarm}\") AND ALARM(\"${ObjectiveBurnFastShortAlarm}\")) OR \
        (ALARM(\"${ObjectiveBurnSlowLongAlarm}\") AND ALARM(\"${ObjectiveBurnSlowShortAlarm}\"))";
    if composite
        .iter()
        .map(|(_, alarm)| &alarm["AlarmRule"]["Fn::Sub"])
        .ne([rule])
    {
        found.push("the error budget has no alarm in two windows".to_owned());
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
