//! What the functions' own code says: which metrics they declare, and which environment they start with.

use std::collections::{BTreeMap, BTreeSet};

// What the linker leaves out is not in the catalogue.
use case_creation as _;
use serde_json::Value;
use tms_token_manager as _;
use tt_metrics::{Meaning, catalogue};
use tt_producer as _;

/// The names of all metrics that the functions declare.
pub(crate) fn metrics() -> BTreeSet<&'static str> {
    catalogue()
        .map(|declared| declared.metric.as_str())
        .collect()
}

/// The names of those that count failures.
pub(crate) fn failures() -> BTreeSet<&'static str> {
    let failures = catalogue().filter(|declared| declared.meaning == Meaning::Failure);
    failures.map(|declared| declared.metric.as_str()).collect()
}

/// What a function says about its environment in the template, if it would not start with it.
pub(crate) fn refusals(template: &Value) -> Vec<String> {
    let look_up = |function: &str| {
        let environment = environment(template, function);
        move |name: &str| environment.get(name).cloned()
    };
    let answers = [
        (
            "TTProducer",
            refusal(tt_producer::Config::read(look_up("TTProducer"))),
        ),
        (
            "CaseCreation",
            refusal(case_creation::Config::from_lookup(look_up("CaseCreation"))),
        ),
        (
            "TMSTokenManager",
            refusal(tms_token_manager::config::Config::from_lookup(look_up(
                "TMSTokenManager",
            ))),
        ),
    ];
    let refused = answers
        .into_iter()
        .filter_map(|(function, refusal)| Some(format!("{function}: {}", refusal?)));
    refused.collect()
}

fn refusal<T, E: std::error::Error>(config: Result<T, E>) -> Option<String> {
    config
        .err()
        .map(|error| format!("would not start: {error}"))
}

/// A function's environment, with parameters at their defaults and other references as their names.
fn environment(template: &Value, function: &str) -> BTreeMap<String, String> {
    let function = &template["Resources"][function]["Properties"];
    let variables = function["Environment"]["Variables"].as_object();
    let variables = variables.into_iter().flatten();
    variables
        .filter_map(|(name, value)| Some((name.clone(), resolved(template, value)?)))
        .collect()
}

/// `None` for what depends on a condition: each stands for a parameter that is empty by default.
fn resolved(template: &Value, value: &Value) -> Option<String> {
    let text = value.as_str().or(value["Ref"].as_str())?;
    let default = match &template["Parameters"][text]["Default"] {
        Value::String(default) => default.clone(),
        Value::Number(default) => default.to_string(),
        _ => text.to_owned(),
    };
    Some(default)
}
