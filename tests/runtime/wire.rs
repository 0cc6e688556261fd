//! What arrived: values of metrics out of requests and documents.

use std::collections::BTreeMap;

use crate::lambda::Seen;

/// The values of all metrics, whichever way they arrived.
pub(crate) fn totals(seen: &[Seen]) -> BTreeMap<String, f64> {
    let mut totals = BTreeMap::new();
    for (name, value) in seen.iter().flat_map(values) {
        *totals.entry(name).or_default() += value;
    }
    totals
}

fn values(seen: &Seen) -> Vec<(String, f64)> {
    match seen {
        Seen::Stored(data) => data.clone().into_iter().collect(),
        Seen::Emf(document) => {
            let metrics = document["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array();
            let names = metrics
                .into_iter()
                .flatten()
                .filter_map(|metric| metric["Name"].as_str());
            let value = |name: &str| document[name].as_f64().expect("is a number");
            names.map(|name| (name.to_owned(), value(name))).collect()
        }
        _ => Vec::new(),
    }
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
