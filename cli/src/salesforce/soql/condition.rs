//! One condition of `WHERE` or `HAVING`, and how values compare.

use std::cmp::Ordering;

use jiff::{Timestamp, fmt::strtime};
use serde_json::Value;

use super::{
    super::{record_id, store::Case},
    term::Term,
};

/// A term, how it compares, and with what.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) term: Term,
    pub(super) operator: Operator,
    /// One value, or those of a list; the empty text stands for `null`.
    pub(super) values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// `=` and `IN`.
    In,
    /// `!=`, `<>` and `NOT IN`.
    NotIn,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// `%` stands for any text, `_` for one character.
    Like,
}

impl Condition {
    pub(super) fn matches(&self, group: &[&Case]) -> bool {
        let found = self.term.of(group);
        let mut values = self.values.iter();
        match self.operator {
            Operator::In => values.any(|value| self.is(&found, value)),
            Operator::NotIn => !values.any(|value| self.is(&found, value)),
            // Nothing is above, below or like no value.
            _ if found.is_null() => false,
            Operator::Like => values.any(|pattern| {
                let found = text(&found).to_lowercase();
                is_like(&found, &pattern.to_lowercase())
            }),
            Operator::Less => values.all(|value| is(&found, value, Ordering::is_lt)),
            Operator::LessOrEqual => values.all(|value| is(&found, value, Ordering::is_le)),
            Operator::Greater => values.all(|value| is(&found, value, Ordering::is_gt)),
            Operator::GreaterOrEqual => values.all(|value| is(&found, value, Ordering::is_ge)),
        }
    }

    /// Ids are the same in either length.
    fn is(&self, found: &Value, value: &str) -> bool {
        if found.is_null() {
            return value.is_empty();
        }
        is(found, value, Ordering::is_eq)
            || (self.term.field == "Id"
                && self.term.function.is_none()
                && text(found) == record_id::to_18(value))
    }
}

/// Times by the moment they name, numbers by size, anything else as text without its case.
pub(super) fn compare(one: &Value, other: &Value) -> Ordering {
    let (one, other) = (text(one), text(other));
    if let (Some(one), Some(other)) = (time(&one), time(&other)) {
        return one.cmp(&other);
    }
    if let (Ok(one), Ok(other)) = (one.parse::<f64>(), other.parse::<f64>()) {
        return one.total_cmp(&other);
    }
    one.to_lowercase().cmp(&other.to_lowercase())
}

fn is(found: &Value, value: &str, wanted: impl Fn(Ordering) -> bool) -> bool {
    wanted(compare(found, &Value::from(value)))
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// As Salesforce writes it, or as a query may.
fn time(text: &str) -> Option<Timestamp> {
    let own = || {
        strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text)
            .ok()?
            .to_timestamp()
            .ok()
    };
    text.parse().ok().or_else(own)
}

fn is_like(text: &str, pattern: &str) -> bool {
    let Some(sign) = pattern.chars().next() else {
        return text.is_empty();
    };
    let rest = &pattern[sign.len_utf8()..];
    if sign == '%' {
        let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        return ends.into_iter().any(|at| is_like(&text[at..], rest));
    }
    let mut chars = text.chars();
    let first = chars.next();
    first.is_some_and(|first| (sign == '_' || sign == first) && is_like(chars.as_str(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_the_same_in_each_spelling() {
        let [own, utc, zoned] = [
            "2026-01-31T12:00:00.000+0000",
            "2026-01-31T12:00:00Z",
            "2026-01-31T13:00:00+01:00",
        ]
        .map(Value::from);
        assert_eq!(compare(&own, &utc), Ordering::Equal);
        assert_eq!(compare(&own, &zoned), Ordering::Equal);
        let later = Value::from("2026-01-31T12:00:01.000+0000");
        assert_eq!(compare(&later, &zoned), Ordering::Greater);
    }

    #[test]
    fn wildcards_stand_for_any_text_and_for_one_character() {
        assert!(is_like("review 12", "review%"));
        assert!(is_like("review 12", "%ew _2"));
        assert!(!is_like("review 12", "review _"));
        assert!(is_like("", "%") && !is_like("é", "e") && is_like("é", "_"));
    }
}
