//! Reads the code of the functions: the metrics that they declare, and whether they start with an environment.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

// The catalogue contains the metrics of linked crates only.
use case_creation as _;
use serde_json::{Value, json};
use tms_token_manager::request::Request;
use tt_metrics::{
    catalogue,
    catalogue::{Meaning, MetricKind},
};
use tt_producer as _;

/// The names of all metrics that the functions declare.
pub(crate) fn metrics() -> BTreeSet<&'static str> {
    catalogue().map(|declared| declared.metric).collect()
}

/// The names of the counters, which are the metrics with a meaningful sum.
pub(crate) fn counters() -> BTreeSet<&'static str> {
    let counters = catalogue().filter(|declared| declared.kind == MetricKind::Counter);
    counters.map(|declared| declared.metric).collect()
}

/// The names of the counters of failures.
pub(crate) fn failures() -> BTreeSet<&'static str> {
    let failures = catalogue().filter(|declared| declared.meaning == Meaning::Failure);
    failures.map(|declared| declared.metric).collect()
}

/// The error of each function that does not start with its environment in the template.
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

/// Valid and invalid login URLs.
pub(crate) const LOGIN_URLS: [&str; 14] = [
    "https://acme.my.salesforce.com",
    "https://acme--uat.sandbox.my.salesforce.com/",
    "https://login.salesforce.com:8443",
    "http://127.0.0.1:8080",
    "http://localhost:8080",
    "http://[::1]:8080/",
    "",
    "acme.my.salesforce.com",
    "http://acme.my.salesforce.com",
    "http://127.0.0.1.evil.org",
    "http://localhost.evil.org",
    "https://user:password@acme.my.salesforce.com",
    "https://acme.my.salesforce.com/services/oauth2/token",
    "https://acme.my.salesforce.com?x=1",
];

/// Whether TMS Token Manager starts with this login URL.
pub(crate) fn starts_with_login_url(url: &str) -> bool {
    !url.is_empty() && tms_token_manager::config::origin::Origin::parse(url).is_ok()
}

/// The remaining lifetime of a token below which the schedule refreshes it.
pub(crate) fn scheduled_ahead() -> Duration {
    let event = json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} });
    match Request::parse(&event) {
        Ok(Request::Refresh(refresh)) if refresh.is_scheduled => refresh.ahead,
        other => panic!("a scheduled event is parsed as {other:?}"),
    }
}

fn refusal<T, E: std::error::Error>(config: Result<T, E>) -> Option<String> {
    config
        .err()
        .map(|error| format!("would not start: {error}"))
}

/// A function's environment, with the defaults of parameters and the names of other references.
fn environment(template: &Value, function: &str) -> BTreeMap<String, String> {
    let function = &template["Resources"][function]["Properties"];
    let variables = function["Environment"]["Variables"].as_object();
    let variables = variables.into_iter().flatten();
    variables
        .filter_map(|(name, value)| Some((name.clone(), resolved(template, value)?)))
        .collect()
}

/// The value of a variable. A value with a condition is `None`, because its parameter is empty by default.
fn resolved(template: &Value, value: &Value) -> Option<String> {
    let references = value["Ref"].as_str().or(value["Fn::Sub"].as_str());
    let text = value.as_str().or(references)?;
    let default = match &template["Parameters"][text]["Default"] {
        Value::String(default) => default.clone(),
        Value::Number(default) => default.to_string(),
        _ => text.to_owned(),
    };
    Some(default)
}
