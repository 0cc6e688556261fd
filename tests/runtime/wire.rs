//! What arrived: values of metrics out of requests and documents.

use std::collections::BTreeMap;

use crate::lambda::Seen;

/// The values of all metrics, in requests and in documents. A series with dimensions is left out where it is zero.
pub(crate) fn totals(seen: &[Seen]) -> BTreeMap<String, f64> {
    let mut totals = BTreeMap::new();
    for (name, value) in seen.iter().flat_map(values) {
        *totals.entry(name).or_default() += value;
    }
    totals.retain(|name, value| *value != 0.0 || !name.contains(' '));
    totals
}

fn values(seen: &Seen) -> Vec<(String, f64)> {
    match seen {
        Seen::Stored(data) => data.clone().into_iter().collect(),
        Seen::Emf(document) => values_under("_aws", document),
        _ => Vec::new(),
    }
}

/// The values of a document whose first key is this one.
fn values_under(key: &str, document: &serde_json::Value) -> Vec<(String, f64)> {
    let directive = &document[key]["CloudWatchMetrics"][0];
    let text = |value: &serde_json::Value| value.as_str().expect("is text").to_owned();
    let names = directive["Dimensions"][0].as_array().expect("is a list");
    let dimensions: Vec<_> = names
        .iter()
        .map(|name| (text(name), text(&document[text(name)])))
        .filter(|(name, _)| name != "stage")
        .collect();
    let dimensions: Vec<_> = dimensions
        .iter()
        .map(|(name, value)| (name, value))
        .collect();
    let metrics = directive["Metrics"].as_array().expect("is a list");
    let values = metrics.iter().map(|metric| {
        let name = text(&metric["Name"]);
        let value = document[&name].as_f64().expect("is a number");
        (series(&name, &dimensions), value)
    });
    values.collect()
}

/// The name of a metric, with its own dimensions if it has any.
pub(crate) fn series(metric: &str, dimensions: &[(&String, &String)]) -> String {
    let dimensions = dimensions
        .iter()
        .map(|(name, value)| format!(" {name}={value}"));
    dimensions.fold(metric.to_owned(), |series, it| series + &it)
}

/// The counts that were given up, as the log contains them.
pub(crate) fn given_up(seen: &[Seen]) -> BTreeMap<String, f64> {
    let mut given_up = BTreeMap::new();
    for seen in seen {
        if let Seen::Unconfirmed(document) = seen {
            given_up.extend(values_under("tt_metrics_unconfirmed", document));
        }
    }
    given_up
}

fn counts(pairs: &[(&str, f64)]) -> BTreeMap<String, f64> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), *value))
        .collect()
}

/// What one flush carries.
pub(crate) fn flushed(
    received: f64,
    done: f64,
    failed: f64,
    interrupted: f64,
) -> BTreeMap<String, f64> {
    counts(&[
        ("Received", received),
        ("Done", done),
        ("Failed", failed),
        ("Interrupted", interrupted),
    ])
}

/// How many documents are in the log.
pub(crate) fn emf_lines(seen: &[Seen]) -> usize {
    seen.iter()
        .filter(|seen| matches!(seen, Seen::Emf(_)))
        .count()
}

/// What CloudWatch stored, request by request.
pub(crate) fn stored(seen: &[Seen]) -> Vec<&BTreeMap<String, f64>> {
    let data = seen.iter().filter_map(|seen| match seen {
        Seen::Stored(data) => Some(data),
        _ => None,
    });
    data.collect()
}
