//! The promises of the dashboard: it shows every metric of the catalogue with a suitable statistic, and what can go wrong around them.

use std::collections::BTreeSet;

use cloudwatch_stand_in::check_dashboard;
use serde_json::Value;

use crate::{
    functions,
    promises::{items, properties},
};

/// The namespace of the metrics of the functions.
const OWN: &str = "${MetricNamespace}";

/// The metrics that the library sends about itself.
const OF_THE_LIBRARY: [&str; 3] = ["FlushAmbiguous", "FlushFailed", "MetricsDropped"];

/// The metrics of AWS: namespace, name, and the value of the dimension.
const OF_AWS: [(&str, &str, &str); 12] = [
    ("AWS/Lambda", "Invocations", "${TTProducer}"),
    ("AWS/Lambda", "Errors", "${TTProducer}"),
    ("AWS/Lambda", "Throttles", "${CaseCreation}"),
    ("AWS/Lambda", "IteratorAge", "${CaseCreation}"),
    ("AWS/Lambda", "Errors", "${TMSTokenManager}"),
    (
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        "${FailedNotifications.QueueName}",
    ),
    (
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        "${AbandonedUploads.QueueName}",
    ),
    ("AWS/Logs", "EMFParsingErrors", "${TTProducerLogs}"),
    ("AWS/Logs", "EMFValidationErrors", "${TTProducerLogs}"),
    ("AWS/Logs", "EMFParsingErrors", "${CaseCreationLogs}"),
    ("AWS/Logs", "EMFValidationErrors", "${CaseCreationLogs}"),
    ("AWS/Logs", "EMFValidationErrors", "${TMSTokenManagerLogs}"),
];

/// Parts of expressions: a share of failures, the balance, the error budget, and silence.
const EXPRESSIONS: [&str; 4] = [
    ">= 20, 100 * FILL(failed1, 0)",
    "FILL(whole1, 0) - FILL(part1_1, 0) - FILL(part1_2, 0)",
    "bad0 + FILL(good0, 0)",
    "SUM([samples1, TIME_SERIES(0)]) < 1",
];

/// One sentence for each promise that the template breaks.
pub(crate) fn broken(template: &Value) -> Vec<String> {
    let text = &properties(template, "Dashboard")["DashboardBody"]["Fn::Sub"];
    let text = text.as_str().unwrap_or_default();
    let body: Value = match serde_json::from_str(text) {
        Ok(body) => body,
        Err(error) => return vec![format!("dashboard is not JSON: {error}")],
    };
    let mut found: Vec<String> = check_dashboard(&body)
        .err()
        .map(|refusal| format!("dashboard: {refusal}"))
        .into_iter()
        .collect();
    let metrics: Vec<&Value> = items(&body["widgets"])
        .into_iter()
        .flat_map(|widget| rows(&widget["properties"]))
        .collect();
    let shown: BTreeSet<_> = metrics
        .iter()
        .filter(|metric| metric[0] == OWN)
        .filter_map(|metric| metric[1].as_str())
        .collect();
    let mut expected = functions::metrics();
    expected.extend(OF_THE_LIBRARY);
    if shown != expected {
        found.push(format!(
            "dashboard shows {shown:?} instead of the catalogue"
        ));
    }
    for (namespace, name, value) in OF_AWS {
        if !metrics
            .iter()
            .any(|metric| metric[0] == namespace && metric[1] == name && metric[3] == value)
        {
            found.push(format!("dashboard: no {name} of {value}"));
        }
    }
    for part in EXPRESSIONS {
        let mut expressions = metrics
            .iter()
            .filter_map(|metric| metric[0]["expression"].as_str());
        if !expressions.any(|expression| expression.contains(part)) {
            found.push(format!("dashboard: no expression with `{part}`"));
        }
    }
    found.extend(statistics(&body));
    found.extend(unresolved(template, text));
    found
}

fn rows(widget: &Value) -> Vec<&Value> {
    widget["metrics"].as_array().into_iter().flatten().collect()
}

/// Counters are summed. A gauge and a metric of AWS that is a level have a maximum.
fn statistics(body: &Value) -> Vec<String> {
    const LEVELS: [&str; 2] = ["IteratorAge", "ApproximateNumberOfMessagesVisible"];
    let counters = functions::counters();
    let gauges: BTreeSet<_> = functions::metrics();
    let gauges: BTreeSet<_> = gauges.difference(&counters).copied().collect();
    let mut found = Vec::new();
    for widget in items(&body["widgets"]) {
        let widget = &widget["properties"];
        let rows = rows(widget);
        if rows.is_empty() {
            continue;
        }
        let mut names = rows.iter().filter_map(|metric| metric[1].as_str());
        let expected = if names.any(|name| gauges.contains(name) || LEVELS.contains(&name)) {
            "Maximum"
        } else {
            "Sum"
        };
        if widget["stat"] != expected {
            found.push(format!("{} is not a {expected}", widget["title"]));
        }
    }
    found
}

/// The variables that refer to nothing.
fn unresolved(template: &Value, text: &str) -> Vec<String> {
    let variables = text.split("${").skip(1);
    let variables = variables.filter_map(|rest| rest.split('}').next());
    let names = variables.filter(|name| !name.starts_with("AWS::"));
    let logical_ids = names.map(|name| name.split('.').next().unwrap_or(name));
    let is_missing =
        |id: &&str| template["Resources"][*id].is_null() && template["Parameters"][*id].is_null();
    logical_ids
        .filter(is_missing)
        .map(|id| format!("dashboard: there is no `{id}`"))
        .collect()
}
