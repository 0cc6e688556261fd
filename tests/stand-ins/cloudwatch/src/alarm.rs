//! The checks of an alarm: the properties of a resource of a template.
//!
//! Sources: [`PutMetricAlarm`](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html),
//! [`PutCompositeAlarm`](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html),
//! [`MetricDataQuery`](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html) and the
//! [quotas](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    limits::{Refusal, check_metric_name, check_number, refuse},
    math,
};

const PROPERTIES: [&str; 16] = [
    "AlarmActions",
    "AlarmDescription",
    "AlarmName",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluationPeriods",
    "MetricName",
    "Metrics",
    "Namespace",
    "OKActions",
    "Period",
    "Statistic",
    "Threshold",
    "TreatMissingData",
    "Unit",
];
const OF_ONE_METRIC: [&str; 5] = [
    "Dimensions",
    "MetricName",
    "Namespace",
    "Period",
    "Statistic",
];
const OPERATORS: [&str; 4] = [
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanOrEqualToThreshold",
    "LessThanThreshold",
];
const STATISTICS: [&str; 5] = ["Average", "Maximum", "Minimum", "SampleCount", "Sum"];
const MISSING_DATA: [&str; 4] = ["breaching", "ignore", "missing", "notBreaching"];
const MAX_DESCRIPTION: usize = 1024;
const MAX_QUERIES: usize = 20;
const MAX_QUERIED_METRICS: usize = 10;
const MAX_ACTIONS: usize = 5;
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
const MAX_RULE: usize = 10_240;
const MAX_CHILDREN: usize = 100;

/// Checks the properties of an `AWS::CloudWatch::Alarm`. A reference of the template is accepted in place of a text.
///
/// # Errors
///
/// When CloudWatch would refuse it.
pub fn check_alarm(alarm: &Value) -> Result<(), Refusal> {
    for property in alarm.as_object().into_iter().flat_map(|alarm| alarm.keys()) {
        if !PROPERTIES.contains(&property.as_str()) {
            return refuse(format!("an alarm has no property `{property}`"));
        }
    }
    let description = alarm["AlarmDescription"].as_str().unwrap_or_default();
    check_number(
        "characters of a description",
        description.chars().count(),
        MAX_DESCRIPTION,
    )?;
    check_one_of(&alarm["ComparisonOperator"], &OPERATORS)?;
    check_one_of(&alarm["TreatMissingData"], &MISSING_DATA)?;
    if alarm["Threshold"].as_f64().is_none() {
        return refuse("an alarm has no threshold");
    }
    let actions = alarm["AlarmActions"].as_array().map_or(0, Vec::len);
    check_number("actions", actions, MAX_ACTIONS)?;
    let periods = if let Some(queries) = alarm["Metrics"].as_array() {
        let mut mixed = OF_ONE_METRIC
            .iter()
            .filter(|property| !alarm[**property].is_null());
        if let Some(property) = mixed.next() {
            return refuse(format!("an alarm has `Metrics` and `{property}`"));
        }
        check_queries(queries)?
    } else {
        check_metric(alarm)?;
        check_one_of(&alarm["Statistic"], &STATISTICS)?;
        vec![period(&alarm["Period"])?]
    };
    let evaluated = alarm["EvaluationPeriods"].as_u64().unwrap_or_default();
    let breaching = alarm["DatapointsToAlarm"].as_u64().unwrap_or(evaluated);
    if evaluated == 0 || breaching == 0 || breaching > evaluated {
        return refuse(format!("{breaching} of {evaluated} periods are evaluated"));
    }
    for period in periods {
        let most = if period < HOUR { DAY } else { 7 * DAY };
        if evaluated * period > most {
            return refuse(format!(
                "{evaluated} periods of {period} s are longer than {most} s"
            ));
        }
    }
    Ok(())
}

/// Checks the properties of an `AWS::CloudWatch::CompositeAlarm`; `alarms` are the logical ids of the alarms of its template.
///
/// # Errors
///
/// When CloudWatch would refuse it.
pub fn check_composite_alarm(alarm: &Value, alarms: &BTreeSet<&str>) -> Result<(), Refusal> {
    let rule = alarm["AlarmRule"]
        .as_str()
        .or(alarm.pointer("/AlarmRule/Fn::Sub").and_then(Value::as_str));
    let rule = rule.unwrap_or_default();
    if rule.is_empty() || rule.len() > MAX_RULE {
        return refuse(format!("a rule has {} characters", rule.len()));
    }
    let mut children = 0;
    let mut rest = rule.to_owned();
    while let Some((before, after)) = rest.split_once("ALARM(\"${") {
        let Some((name, after)) = after.split_once("}\")") else {
            return refuse(format!("`{rule}` does not end the name of an alarm"));
        };
        if !alarms.contains(name) {
            return refuse(format!("`{rule}` refers to `{name}`, which is no alarm"));
        }
        children += 1;
        rest = format!("{before}TRUE{after}");
    }
    let words = rest
        .split(|part: char| !part.is_ascii_alphabetic())
        .filter(|word| !word.is_empty());
    for word in words {
        if !["AND", "OR", "NOT", "TRUE", "FALSE"].contains(&word) {
            return refuse(format!("`{rule}` contains `{word}`"));
        }
    }
    if children == 0 || rest.matches('(').count() != rest.matches(')').count() {
        return refuse(format!("`{rule}` is not a rule"));
    }
    check_number("alarms of a rule", children, MAX_CHILDREN)
}

/// The periods of the metrics.
fn check_queries(queries: &[Value]) -> Result<Vec<u64>, Refusal> {
    check_number("queries", queries.len(), MAX_QUERIES)?;
    let ids: BTreeSet<&str> = queries
        .iter()
        .filter_map(|query| query["Id"].as_str())
        .collect();
    if ids.len() != queries.len() {
        return refuse("a query has no id, or that of another one");
    }
    let returned = queries
        .iter()
        .filter(|query| query["ReturnData"] != false)
        .count();
    if returned != 1 {
        return refuse(format!("{returned} queries return data instead of one"));
    }
    let mut periods = Vec::new();
    for query in queries {
        math::check_id(query["Id"].as_str().unwrap_or_default())?;
        let stat = &query["MetricStat"];
        match (query["Expression"].as_str(), stat.is_null()) {
            (Some(expression), true) => math::check_expression(expression, &ids)?,
            (None, false) => {
                check_metric(&stat["Metric"])?;
                check_one_of(&stat["Stat"], &STATISTICS)?;
                periods.push(period(&stat["Period"])?);
            }
            _ => return refuse("a query is either a metric or an expression"),
        }
    }
    check_number(
        "metrics of an expression",
        periods.len(),
        MAX_QUERIED_METRICS,
    )?;
    Ok(periods)
}

fn check_metric(metric: &Value) -> Result<(), Refusal> {
    check_metric_name(metric["MetricName"].as_str().unwrap_or_default())?;
    if metric["Namespace"].is_null() {
        return refuse("a metric has no namespace");
    }
    let dimensions = metric["Dimensions"].as_array().into_iter().flatten();
    for dimension in dimensions {
        if dimension["Name"].as_str().is_none_or(str::is_empty) || dimension["Value"].is_null() {
            return refuse("a dimension has no name or value");
        }
    }
    Ok(())
}

fn check_one_of(value: &Value, allowed: &[&str]) -> Result<(), Refusal> {
    if value.as_str().is_some_and(|value| allowed.contains(&value)) {
        return Ok(());
    }
    refuse(format!("{value} is not one of {allowed:?}"))
}

fn period(value: &Value) -> Result<u64, Refusal> {
    match value.as_u64() {
        Some(seconds @ (10 | 20 | 30)) => Ok(seconds),
        Some(seconds) if seconds > 0 && seconds.is_multiple_of(60) => Ok(seconds),
        _ => refuse(format!("{value} is no period of an alarm")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::{check_alarm, check_composite_alarm};

    fn math() -> Value {
        let metric = |id: &str| {
            json!({"Id": id, "ReturnData": false, "MetricStat": {
                "Metric": {"Namespace": {"Ref": "N"}, "MetricName": "M"}, "Period": 60, "Stat": "Sum"}})
        };
        json!({
            "Metrics": [{"Id": "r", "Expression": "FILL(a, 0) / b"}, metric("a"), metric("b")],
            "EvaluationPeriods": 5, "DatapointsToAlarm": 3, "Threshold": 5.5,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": "notBreaching",
        })
    }

    #[test]
    fn each_mistake_of_an_alarm_is_refused() {
        check_alarm(&math()).unwrap();
        let mistakes: [(&str, Value, &str); 11] = [
            ("/Metrics/0/Expression", json!("FILL(a, 0) / c"), "`c`"),
            ("/Metrics/0/Id", json!("R"), "not an id"),
            ("/Metrics/1/Id", json!("b"), "that of another"),
            ("/Metrics/1/ReturnData", json!(true), "2 queries return"),
            ("/Metrics/1/MetricStat/Period", json!(90), "90 is no period"),
            (
                "/Metrics/1/MetricStat/Period",
                json!(86_400),
                "longer than 604800",
            ),
            (
                "/Metrics/1/MetricStat/Stat",
                json!("Total"),
                "is not one of",
            ),
            (
                "/Metrics/1/MetricStat/Metric/MetricName",
                json!(":M"),
                "start with",
            ),
            ("/DatapointsToAlarm", json!(6), "6 of 5"),
            ("/TreatMissingData", json!("ok"), "is not one of"),
            ("/Threshold", json!("1"), "no threshold"),
        ];
        for (pointer, value, message) in mistakes {
            let mut alarm = math();
            *alarm.pointer_mut(pointer).unwrap() = value;
            if message.starts_with("longer") {
                alarm["EvaluationPeriods"] = json!(8);
            }
            let refusal = check_alarm(&alarm).unwrap_err().to_string();
            assert!(refusal.contains(message), "{refusal} instead of {message}");
        }
        for (property, value) in [("Period", json!(60)), ("Alarm", json!(1))] {
            let mut alarm = math();
            alarm[property] = value;
            assert!(check_alarm(&alarm).is_err(), "{property}");
        }
        let mut alarm = math();
        let metric = alarm["Metrics"][1].clone();
        for number in 0..9 {
            let mut metric = metric.clone();
            metric["Id"] = json!(format!("m{number}"));
            alarm["Metrics"].as_array_mut().unwrap().push(metric);
        }
        assert!(
            check_alarm(&alarm)
                .unwrap_err()
                .to_string()
                .contains("11 metrics")
        );
    }

    #[test]
    fn rule_refers_to_alarms() {
        let alarms = BTreeSet::from(["A", "B"]);
        let check =
            |rule: &str| check_composite_alarm(&json!({"AlarmRule": {"Fn::Sub": rule}}), &alarms);
        check("(ALARM(\"${A}\") AND ALARM(\"${B}\")) OR NOT ALARM(\"${A}\")").unwrap();
        for rule in [
            "",
            "ALARM(\"${C}\")",
            "ALARM(\"${A}\") XOR ALARM(\"${B}\")",
            "(ALARM(\"${A}\")",
            "TRUE",
            "ALARM(\"${A}",
        ] {
            assert!(check(rule).is_err(), "{rule}");
        }
    }
}
