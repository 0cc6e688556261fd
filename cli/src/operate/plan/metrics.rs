//! The metrics of the live programs beside dashboards, alarms and the namespace.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::Client;
use serde_json::Value;

use super::finding::{Finding, Level};
use crate::operate::{error::Error, live::Resource, program::DeclaredMetric, target::Target};

const ALARM: &str = "AWS::CloudWatch::Alarm";
const DASHBOARD: &str = "AWS::CloudWatch::Dashboard";
/// The most names in one request
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html>).
const MAX_NAMES: usize = 100;

/// The metrics that tt-metrics itself can send. No program declares them.
const HEALTH: [&str; 7] = [
    "MetricsDropped",
    "FlushFailed",
    "FlushAmbiguous",
    "FlushFellBackToEmf",
    "TimeoutImminent",
    "EmptyInvocations",
    "ColdStart",
];

/// The catalogue of a live program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// The function.
    pub logical_id: String,
    /// The namespace in its environment.
    pub namespace: Option<String>,
    /// The metrics; `None` without a catalogue.
    pub metrics: Option<Vec<DeclaredMetric>>,
}

/// What refers to metrics of the namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// The metrics of each dashboard, by logical id.
    pub dashboards: BTreeMap<String, BTreeSet<String>>,
    /// The metrics of each alarm, by logical id.
    pub alarms: BTreeMap<String, BTreeSet<String>>,
    /// The metrics that `CloudWatch` lists.
    pub listed: BTreeSet<String>,
}

/// The namespaces of the functions that declare metrics.
pub fn namespaces(declared: &[Declared]) -> BTreeSet<&str> {
    let counting = declared.iter().filter(|one| one.metrics.is_some());
    counting
        .filter_map(|one| one.namespace.as_deref())
        .collect()
}

/// Reads the dashboards and alarms of the stack, and the metrics of the namespace.
pub(super) async fn observe(
    target: &Target,
    resources: &[Resource],
    declared: &[Declared],
) -> Result<Observed, Error> {
    let client = Client::new(target.sdk());
    let namespaces = namespaces(declared);
    let mut observed = Observed::default();
    for resource in resources.iter().filter(|one| one.kind == DASHBOARD) {
        let dashboard = client
            .get_dashboard()
            .dashboard_name(&resource.physical_id)
            .send()
            .await
            .map_err(Error::aws(format!(
                "read the dashboard `{}`",
                resource.physical_id
            )))?;
        let body = serde_json::from_str(dashboard.dashboard_body().unwrap_or_default());
        let metrics = shown(&body.unwrap_or(Value::Null), &namespaces);
        observed
            .dashboards
            .insert(resource.logical_id.clone(), metrics);
    }
    let alarms: Vec<&Resource> = resources.iter().filter(|one| one.kind == ALARM).collect();
    for alarms in alarms.chunks(MAX_NAMES) {
        let described = client
            .describe_alarms()
            .set_alarm_names(Some(
                alarms.iter().map(|one| one.physical_id.clone()).collect(),
            ))
            .send()
            .await
            .map_err(Error::aws("read the alarms"))?;
        for alarm in described.metric_alarms() {
            let in_maths = alarm
                .metrics()
                .iter()
                .filter_map(|query| query.metric_stat()?.metric());
            let in_maths = in_maths.map(|metric| (metric.namespace(), metric.metric_name()));
            let own = in_maths.chain([(alarm.namespace(), alarm.metric_name())]);
            let own = own.filter_map(|(namespace, name)| {
                namespaces
                    .contains(namespace?)
                    .then(|| name.map(str::to_owned))?
            });
            let resource = alarms
                .iter()
                .find(|resource| alarm.alarm_name() == Some(&resource.physical_id));
            if let Some(resource) = resource {
                observed
                    .alarms
                    .insert(resource.logical_id.clone(), own.collect());
            }
        }
    }
    for namespace in &namespaces {
        let mut pages = client
            .list_metrics()
            .namespace(*namespace)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(Error::aws(format!("list the metrics of `{namespace}`")))?;
            let names = page
                .metrics()
                .iter()
                .filter_map(|metric| metric.metric_name());
            observed.listed.extend(names.map(str::to_owned));
        }
    }
    Ok(observed)
}

/// The metrics of these namespaces in the body of a dashboard. A row can repeat the values of the row above as dots
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html>).
fn shown(body: &Value, namespaces: &BTreeSet<&str>) -> BTreeSet<String> {
    let list = |value: &Value, path: &str| -> Vec<Value> {
        let found = value.pointer(path).and_then(Value::as_array);
        found.cloned().unwrap_or_default()
    };
    let mut found = BTreeSet::new();
    for widget in list(body, "/widgets") {
        let rows = list(&widget, "/properties/metrics");
        let mut above: [Option<&str>; 2] = [None; 2];
        for row in &rows {
            let mut cells = [0, 1].map(|index| row.get(index).and_then(Value::as_str));
            for (cell, above) in cells.iter_mut().zip(above) {
                if *cell == Some(".") {
                    *cell = above;
                }
            }
            above = cells;
            if let [Some(namespace), Some(metric)] = cells
                && namespaces.contains(namespace)
            {
                found.insert(metric.to_owned());
            }
        }
    }
    found
}

/// What does not agree.
pub fn findings(declared: &[Declared], observed: &Observed) -> Vec<Finding> {
    let mut found = Vec::new();
    for one in declared.iter().filter(|one| one.metrics.is_some()) {
        if one.namespace.is_none() {
            let text = "it declares metrics and has no variable TT_METRICS_NAMESPACE";
            found.push(Finding::new(Level::Note, &one.logical_id, text));
        }
    }
    let namespaces = namespaces(declared);
    if namespaces.len() > 1 {
        let names: Vec<&str> = namespaces.into_iter().collect();
        let text = format!(
            "the functions have different namespaces: {}",
            names.join(", ")
        );
        found.push(Finding::new(Level::Drift, "TT_METRICS_NAMESPACE", text));
    }
    let metrics = || {
        declared
            .iter()
            .filter_map(|one| one.metrics.as_ref())
            .flatten()
    };
    let names: BTreeSet<&str> = metrics().map(|metric| metric.name.as_str()).collect();
    for (kind, references) in [
        ("dashboard", &observed.dashboards),
        ("alarm", &observed.alarms),
    ] {
        for (logical_id, referenced) in references {
            let unknown = referenced.iter().filter(|name| {
                let name = name.as_str();
                !names.contains(name) && !HEALTH.contains(&name)
            });
            found.extend(unknown.map(|name| {
                let text = format!("the {kind} refers to `{name}`, which no live program declares");
                Finding::new(Level::Drift, logical_id, text)
            }));
        }
    }
    let shown: BTreeSet<&String> = observed.dashboards.values().flatten().collect();
    let watched: BTreeSet<&String> = observed.alarms.values().flatten().collect();
    let mut seen = BTreeSet::new();
    for metric in metrics().filter(|metric| seen.insert(&metric.name)) {
        let mut note = |text: &str| found.push(Finding::new(Level::Note, &metric.name, text));
        if !observed.dashboards.is_empty() && !shown.contains(&metric.name) {
            note("no dashboard of the stack shows it");
        }
        if metric.is_failure && !watched.contains(&metric.name) {
            note("it counts failures, and no alarm of the stack watches it");
        }
        if !observed.listed.contains(&metric.name) {
            note("it has no data in the last two weeks");
        }
    }
    let old = observed
        .listed
        .iter()
        .filter(|name| !names.contains(name.as_str()) && !HEALTH.contains(&name.as_str()));
    found.extend(old.map(|name| {
        let text = "it has data in the namespace, and no live program declares it";
        Finding::new(Level::Note, name, text)
    }));
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn declared(namespace: &str, metrics: &[&str]) -> Declared {
        let metrics = metrics.iter().map(|name| DeclaredMetric {
            name: (*name).to_owned(),
            is_failure: name.ends_with("Failed"),
            is_counter: true,
        });
        Declared {
            logical_id: "F".to_owned(),
            namespace: Some(namespace.to_owned()),
            metrics: Some(metrics.collect()),
        }
    }

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn agreeing() -> (Vec<Declared>, Observed) {
        let observed = Observed {
            dashboards: [("D".to_owned(), names(&["Sent", "SendFailed"]))].into(),
            alarms: [("A".to_owned(), names(&["SendFailed", "FlushFailed"]))].into(),
            listed: names(&["Sent", "SendFailed", "ColdStart"]),
        };
        (vec![declared("shop", &["Sent", "SendFailed"])], observed)
    }

    #[test]
    fn agreeing_metrics_have_no_finding() {
        let (declared, observed) = agreeing();
        assert_eq!(findings(&declared, &observed), []);
    }

    #[test]
    fn dashboard_and_alarm_of_an_undeclared_metric_are_drift() {
        let (declared, mut observed) = agreeing();
        observed
            .dashboards
            .insert("D".to_owned(), names(&["Sent", "SendFailed", "Old"]));
        observed.alarms.insert("B".to_owned(), names(&["Older"]));
        let found = findings(&declared, &observed);
        let subjects: Vec<_> = found
            .iter()
            .map(|one| (one.level, one.subject.as_str()))
            .collect();
        assert_eq!(subjects, [(Level::Drift, "D"), (Level::Drift, "B")]);
        assert!(found[0].text.contains("`Old`") && found[1].text.contains("`Older`"));
    }

    #[test]
    fn missing_references_and_data_are_notes() {
        let (declared, mut observed) = agreeing();
        observed.dashboards.insert("D".to_owned(), names(&["Sent"]));
        observed.alarms.clear();
        observed.listed = names(&["Sent", "Old"]);
        let found = findings(&declared, &observed);
        assert!(
            found.iter().all(|one| one.level == Level::Note),
            "{found:?}"
        );
        let subjects: Vec<_> = found.iter().map(|one| one.subject.as_str()).collect();
        assert_eq!(subjects, ["SendFailed", "SendFailed", "SendFailed", "Old"]);
    }

    #[test]
    fn different_namespaces_are_drift() {
        let (mut both, observed) = agreeing();
        both.push(declared("other", &["Sent"]));
        let found = findings(&both, &observed);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].level, Level::Drift);
        // A function that declares no metric needs no namespace.
        let program = Declared {
            metrics: None,
            ..declared("third", &[])
        };
        assert_eq!(namespaces(&[program]).len(), 0);
    }

    #[test]
    fn metrics_of_a_dashboard_are_found_also_behind_dots() {
        let body = json!({"widgets": [
            {"properties": {"metrics": [
                ["shop", "Sent"],
                [".", "SendFailed", {"color": "#d62728"}],
                [{"expression": "m1"}],
                ["AWS/Lambda", "Errors", "FunctionName", "f"],
                [".", "Throttles"],
            ]}},
            {"type": "text", "properties": {"markdown": "x"}},
        ]});
        let namespaces = BTreeSet::from(["shop"]);
        assert_eq!(shown(&body, &namespaces), names(&["Sent", "SendFailed"]));
        assert!(shown(&Value::Null, &namespaces).is_empty());
    }

    #[test]
    fn health_metrics_are_those_of_the_library() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tt-metrics/src/flush/health.rs"
        );
        let source = std::fs::read_to_string(path).unwrap();
        let listed = source.split("pub(crate) const NAMES").nth(1).unwrap();
        let listed = listed.split("];").next().unwrap();
        let names: Vec<&str> = listed.split('"').skip(1).step_by(2).collect();
        assert_eq!(names, HEALTH);
    }
}
