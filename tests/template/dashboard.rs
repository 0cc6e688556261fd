//! The promises of the dashboard: it shows every metric of the catalogue with a suitable statistic.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    functions,
    promises::{items, properties},
};

/// One sentence for each promise that the template breaks.
pub(crate) fn broken(template: &Value) -> Vec<String> {
    let body = &properties(template, "Dashboard")["DashboardBody"]["Fn::Sub"];
    let body: Value = match serde_json::from_str(body.as_str().unwrap_or_default()) {
        Ok(body) => body,
        Err(error) => return vec![format!("dashboard is not JSON: {error}")],
    };
    let metrics: Vec<&Value> = items(&body["widgets"])
        .into_iter()
        .flat_map(|widget| items(&widget["properties"]["metrics"]))
        .collect();
    let shown: BTreeSet<_> = metrics
        .iter()
        .filter_map(|metric| metric[1].as_str())
        .collect();
    let mut found = Vec::new();
    if shown != functions::metrics() {
        found.push(format!(
            "dashboard shows {shown:?} instead of the catalogue"
        ));
    }
    let counters = functions::counters();
    for widget in items(&body["widgets"]) {
        let widget = &widget["properties"];
        let of_widget = items(&widget["metrics"]);
        let mut names = of_widget.iter().filter_map(|metric| metric[1].as_str());
        let expected = if names.all(|name| counters.contains(name)) {
            "Sum"
        } else {
            "Maximum"
        };
        if widget["stat"] != expected {
            found.push(format!("{} is not a {expected}", widget["title"]));
        }
    }
    if metrics
        .iter()
        .any(|metric| metric[0] != "${MetricNamespace}")
    {
        found.push("dashboard: namespace is not the parameter".to_owned());
    }
    found
}
