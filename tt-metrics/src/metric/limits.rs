//! The limits of CloudWatch, as constants and as checks of single values.
//!
//! Sources: [`PutMetricData`](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html),
//! [`MetricDatum`](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html),
//! [`Dimension`](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html) and the
//! [embedded metric format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).

/// Longest metric name, in characters (`MetricDatum`).
pub(crate) const MAX_METRIC_NAME_LENGTH: usize = 255;
/// Longest namespace, in characters (`PutMetricData`).
pub(crate) const MAX_NAMESPACE_LENGTH: usize = 255;
/// Longest dimension name, in characters (embedded metric format; `PutMetricData` takes 255).
pub(crate) const MAX_DIMENSION_NAME_LENGTH: usize = 250;
/// Longest dimension value, in characters (`Dimension`).
pub(crate) const MAX_DIMENSION_VALUE_LENGTH: usize = 1024;
/// Most dimensions of one metric (`MetricDatum`, and keys of one EMF dimension set).
pub(crate) const MAX_DIMENSIONS: usize = 30;
/// Most metrics in one request (`PutMetricData`).
pub(crate) const MAX_REQUEST_METRICS: usize = 1000;
/// Largest request body, in bytes (`PutMetricData`).
pub(crate) const MAX_REQUEST_BYTES: usize = 1_048_576;
/// Most unique values of one datum (`MetricDatum`, `Values`).
pub(crate) const MAX_DATUM_VALUES: usize = 150;
/// Most metrics of one directive (embedded metric format).
pub(crate) const MAX_DOCUMENT_METRICS: usize = 100;
/// Most values of one metric in a document (embedded metric format).
pub(crate) const MAX_DOCUMENT_VALUES: usize = 100;
/// Largest document, in bytes: the log event that Lambda passes on uncut.
pub(crate) const MAX_DOCUMENT_BYTES: usize = 256 * 1024;
/// The reason for which CloudWatch would refuse a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// Too short or too long.
    #[error("{what} has {length} characters, allowed are 1 to {max}")]
    Length {
        /// What was checked.
        what: &'static str,
        /// Its length.
        length: usize,
        /// The greatest length.
        max: usize,
    },
    /// A character outside of printable ASCII, or nothing but spaces.
    #[error("{what} must be printable ASCII with at least one character that is not a space")]
    Characters {
        /// What was checked.
        what: &'static str,
    },
    /// A beginning that is reserved.
    #[error("{what} must not start with `{prefix}`")]
    Prefix {
        /// What was checked.
        what: &'static str,
        /// The reserved beginning.
        prefix: &'static str,
    },
    /// Too many of something.
    #[error("{number} {what}, allowed are at most {max}")]
    TooMany {
        /// What was counted.
        what: &'static str,
        /// How many there are.
        number: usize,
        /// How many are allowed.
        max: usize,
    },
    /// The same dimension name twice.
    #[error("dimension `{0}` is given twice")]
    DuplicateDimension(String),
    /// A value that is not a number, infinite, or beyond 2^360.
    #[error("value {0} is not a finite number within -2^360 to 2^360")]
    Value(String),
    /// Something that is not what the format says.
    #[error("{0}")]
    Malformed(String),
}

/// Checks a namespace.
///
/// # Errors
///
/// When its length, its characters or its beginning break the rules; `AWS/` is reserved.
pub(crate) fn check_namespace(namespace: &str) -> Result<(), Violation> {
    let what = "a namespace";
    check_text(what, namespace, MAX_NAMESPACE_LENGTH)?;
    check_prefix(what, namespace, ":")?;
    check_prefix(what, namespace, "AWS/")
}

/// Checks the dimensions of one metric.
///
/// # Errors
///
/// When there are too many, one is given twice, or a name or value breaks the rules.
pub(crate) fn check_dimensions<'a>(
    dimensions: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<(), Violation> {
    let mut seen = std::collections::BTreeSet::new();
    for (name, value) in dimensions {
        check_text("a dimension name", name, MAX_DIMENSION_NAME_LENGTH)?;
        check_prefix("a dimension name", name, ":")?;
        check_text("a dimension value", value, MAX_DIMENSION_VALUE_LENGTH)?;
        if !seen.insert(name) {
            return Err(Violation::DuplicateDimension(name.to_owned()));
        }
    }
    check_number("dimensions", seen.len(), MAX_DIMENSIONS)
}

/// Checks a value.
///
/// # Errors
///
/// When it is not a number, infinite, or beyond 2^360.
pub(crate) fn check_value(value: f64) -> Result<(), Violation> {
    if value.abs() <= 2_f64.powi(360) {
        return Ok(());
    }
    Err(Violation::Value(value.to_string()))
}

/// Checks a number of things against its maximum.
///
/// # Errors
///
/// When there are more than `max`.
pub(crate) fn check_number(what: &'static str, number: usize, max: usize) -> Result<(), Violation> {
    if number <= max {
        return Ok(());
    }
    Err(Violation::TooMany { what, number, max })
}

pub(crate) const fn is_plain_ascii(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        if !matches!(first, b' '..=b'~') {
            return false;
        }
        rest = tail;
    }
    true
}

pub(crate) const fn has_visible_character(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        if *first != b' ' {
            return true;
        }
        rest = tail;
    }
    false
}

pub(crate) const fn starts_with_colon(bytes: &[u8]) -> bool {
    matches!(bytes, [b':', ..])
}

fn check_text(what: &'static str, text: &str, max: usize) -> Result<(), Violation> {
    let length = text.chars().count();
    if length == 0 || length > max {
        return Err(Violation::Length { what, length, max });
    }
    if !is_plain_ascii(text.as_bytes()) || !has_visible_character(text.as_bytes()) {
        return Err(Violation::Characters { what });
    }
    Ok(())
}

fn check_prefix(what: &'static str, text: &str, prefix: &'static str) -> Result<(), Violation> {
    if text.starts_with(prefix) {
        return Err(Violation::Prefix { what, prefix });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_namespace_of_the_project_is_valid() {
        assert_eq!(check_namespace("shop/Orders"), Ok(()));
    }

    #[test]
    fn reserved_empty_and_long_namespaces_are_refused() {
        for bad in ["", "AWS/Lambda", ":x", "a\nb", "é", " ", &"n".repeat(256)] {
            assert!(check_namespace(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn texts_pass_up_to_their_length_and_not_beyond() {
        let text = |length| "n".repeat(length);
        let dimension = |name, value| check_dimensions([(&*text(name), &*text(value))]);
        assert_eq!(check_namespace(&text(255)), Ok(()));
        assert_eq!(dimension(250, 1_024), Ok(()));
        for (refused, length, max) in [
            (check_namespace(&text(256)), 256, 255),
            (dimension(251, 1), 251, 250),
            (dimension(1, 1_025), 1_025, 1_024),
            (check_namespace(""), 0, 255),
            (dimension(0, 1), 0, 250),
            (dimension(1, 0), 0, 1_024),
        ] {
            assert!(
                matches!(refused, Err(Violation::Length { length: found, max: limit, .. }) if (found, limit) == (length, max))
            );
        }
    }

    #[test]
    fn names_begin_with_no_colon_and_values_may() {
        let what = |violation| match violation {
            Err(Violation::Prefix { what, prefix: ":" }) => what,
            other => panic!("{other:?}"),
        };
        assert_eq!(what(check_namespace(":n")), "a namespace");
        assert_eq!(what(check_dimensions([(":n", "v")])), "a dimension name");
        assert_eq!(check_dimensions([("n:", ":v")]), Ok(()));
    }

    #[test]
    fn thirty_dimensions_pass_and_one_more_does_not() {
        let names: Vec<String> = (0..31).map(|number| format!("d{number}")).collect();
        let pairs = |n| names.iter().take(n).map(|name| (name.as_str(), "v"));
        assert_eq!(check_dimensions(pairs(30)), Ok(()));
        assert!(check_dimensions(pairs(31)).is_err());
        assert!(check_dimensions([("a", "1"), ("a", "2")]).is_err());
    }

    #[test]
    fn values_that_are_no_finite_number_are_refused() {
        assert_eq!(check_value(2_f64.powi(360)), Ok(()));
        for bad in [f64::NAN, f64::INFINITY, -2_f64.powi(361)] {
            assert!(check_value(bad).is_err());
        }
    }
}
