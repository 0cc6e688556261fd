//! The names of the metrics of one attribute: each is valid, and has one meaning.

use quote::ToTokens;
use syn::{Error, ExprPath, LitStr, Path};

use crate::{
    diagnostics::Mistakes,
    parse::{Arguments, Metric},
};

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>
const MAX_NAME_LENGTH: usize = 255;
/// The keys of the properties of an EMF document, beside its metrics.
pub(super) const PROPERTIES: [&str; 3] = ["_aws", "request_id", "cold_start"];

/// The arguments that name a metric, each with a field of the same name in the declaration.
const METRICS: [&str; 7] = [
    "calls",
    "success",
    "failure",
    "neutral",
    "interrupted",
    "latency",
    "in_flight",
];

/// What a constant must differ from. The compiler compares, since only it has the value.
pub(crate) struct ConstantCheck {
    /// The field of the declaration.
    pub(crate) field: &'static str,
    pub(crate) constant: ExprPath,
    /// Other fields, each with the message for equal names.
    pub(crate) fields: Vec<(&'static str, String)>,
    /// Names of dimensions, each with the message for an equal name.
    pub(crate) dimensions: Vec<(String, String)>,
    /// The message for the name of a property.
    pub(crate) property: String,
}

/// The metrics of an attribute with their arguments.
pub(super) fn metrics(arguments: &Arguments) -> Vec<(&'static str, &Metric)> {
    let given = METRICS.into_iter();
    given
        .filter_map(|name| Some((name, arguments.metric(name)?)))
        .collect()
}

/// Compares the names that are literals, and the paths of constants.
pub(super) fn check(arguments: &Arguments, mistakes: &mut Mistakes) {
    let metrics = metrics(arguments);
    for (index, (argument, metric)) in metrics.iter().enumerate() {
        match metric {
            Metric::Literal(literal) => {
                mistakes.keep(literal_name(literal));
            }
            Metric::Constant(constant) if names_self(&constant.path) => {
                let message =
                    "`Self` is not available where metrics are declared, write the type's name";
                mistakes.push(Error::new_spanned(constant, message));
            }
            Metric::Constant(_) => {}
        }
        let mut earlier = metrics.iter().take(index);
        if let Some((other, _)) = earlier.find(|(_, other)| is_same(metric, other)) {
            let message = same_metric(argument, other);
            mistakes.push(match metric {
                Metric::Literal(literal) => Error::new(literal.span(), message),
                Metric::Constant(constant) => Error::new_spanned(constant, message),
            });
        }
    }
}

/// The comparisons that only the compiler can make; none without constants.
pub(super) fn constant_checks(arguments: &Arguments) -> Vec<ConstantCheck> {
    let metrics = metrics(arguments);
    let dimensions = dimension_names(arguments);
    let mut checks = Vec::new();
    for (index, (field, metric)) in metrics.iter().enumerate() {
        let Metric::Constant(constant) = metric else {
            continue;
        };
        let fields = metrics.iter().enumerate().filter_map(|(other, named)| {
            let (other_field, metric) = named;
            // Two constants are compared where the later one is.
            match other.cmp(&index) {
                std::cmp::Ordering::Less => Some((*other_field, same_metric(field, other_field))),
                std::cmp::Ordering::Greater if matches!(metric, Metric::Literal(_)) => {
                    Some((*other_field, same_metric(other_field, field)))
                }
                _ => None,
            }
        });
        let text = constant.to_token_stream().to_string().replace(' ', "");
        checks.push(ConstantCheck {
            field,
            constant: (*constant).clone(),
            fields: fields.collect(),
            dimensions: dimensions
                .iter()
                .map(|name| (name.clone(), equal_dimension(name)))
                .collect(),
            property: property(&text),
        });
    }
    checks
}

fn dimension_names(arguments: &Arguments) -> Vec<String> {
    let given = arguments.dimensions().iter();
    let given = given.map(|dimension| dimension.name.value());
    let error = arguments.path("failure_by").map(|_| "Error".to_owned());
    given.chain(error).collect()
}

/// Whether a metric is written with this name.
pub(super) fn has_literal(arguments: &Arguments, name: &str) -> bool {
    let metrics = metrics(arguments).into_iter();
    metrics
        .into_iter()
        .any(|(_, metric)| matches!(metric, Metric::Literal(it) if it.value() == name))
}

fn same_metric(argument: &str, other: &str) -> String {
    let other = match other {
        "calls" => "the calls".to_owned(),
        other => format!("`{other}`"),
    };
    format!("`{argument}` has the same metric as {other}")
}

/// Why a dimension cannot have the name of a metric.
pub(super) fn equal_dimension(name: &str) -> String {
    format!("`{name}` is also the name of a metric, and both are the same key of the EMF document")
}

/// Why nothing can have the name of a property.
pub(super) fn property(name: &str) -> String {
    format!("`{name}` is a property of each flush, choose another name")
}

fn literal_name(literal: &LitStr) -> Result<(), Error> {
    let name = literal.value();
    let refuse = |message: String| Err(Error::new(literal.span(), message));
    if name.is_empty() {
        return refuse("a metric name has at least one character".to_owned());
    }
    if let Some(other) = name.chars().find(|char| !char.is_ascii()) {
        return refuse(format!(
            "a metric name has only ASCII characters, found `{other}`"
        ));
    }
    if let Some(control) = name.chars().find(char::is_ascii_control) {
        let control = control.escape_default();
        return refuse(format!(
            "a metric name has no control characters, found `{control}`"
        ));
    }
    if name.bytes().all(|byte| byte == b' ') {
        return refuse("a metric name has at least one character that is no space".to_owned());
    }
    if PROPERTIES.contains(&name.as_str()) {
        return refuse(property(&name));
    }
    if name.starts_with(':') {
        return refuse("a metric name does not begin with `:`".to_owned());
    }
    if name.len() > MAX_NAME_LENGTH {
        let length = name.len();
        return refuse(format!(
            "a metric name has at most {MAX_NAME_LENGTH} characters, found {length}"
        ));
    }
    Ok(())
}

fn names_self(path: &Path) -> bool {
    path.segments
        .first()
        .is_some_and(|first| first.ident == "Self")
}

fn is_same(one: &Metric, other: &Metric) -> bool {
    match (one, other) {
        (Metric::Literal(one), Metric::Literal(other)) => one.value() == other.value(),
        (Metric::Constant(one), Metric::Constant(other)) => {
            one.to_token_stream().to_string() == other.to_token_stream().to_string()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;

    use super::*;

    fn is_valid(name: &str) -> bool {
        literal_name(&LitStr::new(name, Span::call_site())).is_ok()
    }

    #[test]
    fn a_valid_name_is_one_that_cloudwatch_accepts() {
        assert!(is_valid("Orders shipped"));
        assert!(is_valid(" a "));
        assert!(is_valid("a:b"));
        assert!(is_valid("!~"));
        assert!(is_valid(&"a".repeat(255)));
        assert!(!is_valid(&"a".repeat(256)));
        assert!(!is_valid(""));
        assert!(!is_valid("  "));
        assert!(!is_valid(":a"));
        assert!(!is_valid("a\u{7f}"));
        assert!(!is_valid("caf\u{e9}"));
        assert!(PROPERTIES.iter().all(|property| !is_valid(property)));
    }
}
