//! The accounting rules as equations over the sums: whether every record has an outcome.

use super::metrics::Series;

/// Records of uploaded files.
pub const RECEIVED: &str = "S3RecordsReceived";
/// Events that Kinesis acknowledged.
pub const PUBLISHED: &str = "TTEventPublished";
/// Records that were not published.
pub const UNPUBLISHED: &str = "TTEventFailed";
/// Cases that Salesforce created.
pub const CREATED: &str = "SFCaseCreated";
/// Events for which no Case is created.
pub const UNCREATED: &str = "SFCaseFailed";

/// Each metric on the left is the sum of those on the right.
const RULES: [(&str, [&str; 2]); 2] = [
    (RECEIVED, [PUBLISHED, UNPUBLISHED]),
    (PUBLISHED, [CREATED, UNCREATED]),
];

/// One equation with its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equation {
    /// For example `S3RecordsReceived 5 = TTEventPublished 5 + TTEventFailed 0`.
    pub text: String,
    /// Whether both sides are equal.
    pub holds: bool,
}

/// The sum of the metric called `name`; 0 when it is absent.
pub fn total(series: &[Series], name: &str) -> u64 {
    let found = series.iter().find(|one| one.metric.name == name);
    found.map_or(0, Series::total)
}

/// The accounting rules, and the number of Cases in Salesforce where it is known.
pub fn equations(series: &[Series], cases: Option<usize>) -> Vec<Equation> {
    let total = |name| total(series, name);
    let rules = RULES.into_iter().map(|(left, [first, second])| Equation {
        text: format!(
            "{left} {} = {first} {} + {second} {}",
            total(left),
            total(first),
            total(second)
        ),
        holds: total(left) == total(first) + total(second),
    });
    let created = total(CREATED);
    let in_salesforce = cases.map(|cases| Equation {
        text: format!("{CREATED} {created} = Cases in Salesforce {cases}"),
        holds: u64::try_from(cases).is_ok_and(|cases| cases == created),
    });
    rules.chain(in_salesforce).collect()
}

/// Describes what is missing after an upload of `expected` records (`None`: as many as were received); `None` when
/// every record has an outcome.
pub fn missing(series: &[Series], expected: Option<u64>) -> Option<String> {
    let received = total(series, RECEIVED);
    if let Some(expected) = expected.filter(|expected| *expected != received) {
        return Some(format!("{RECEIVED} is {received}, expected {expected}"));
    }
    let mut equations = equations(series, None).into_iter();
    let broken = equations.find(|equation| !equation.holds)?;
    Some(format!("{} is not balanced", broken.text))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{RULES, equations, missing};
    use crate::report::{
        metrics::{Series, counters},
        summary::tests::{five_records, summary},
    };

    fn mixed(created: f64) -> Vec<Series> {
        let sums = [100.0, 93.0, 7.0, created, 3.0].map(|sum| [(1, sum)]);
        summary(sums.each_ref().map(<[(u64, f64); 1]>::as_slice)).series
    }

    #[test]
    fn rules_cover_the_counters_of_the_catalogue() {
        let counters = counters();
        let names: BTreeSet<&str> = counters.iter().map(|metric| metric.name).collect();
        let mut required = BTreeSet::new();
        for (left, right) in RULES {
            required.extend([left, right[0], right[1]]);
        }
        assert!(required.is_subset(&names), "{required:?} of {names:?}");
    }

    #[test]
    fn five_records_and_five_cases_are_complete() {
        let series = five_records().series;
        assert_eq!(missing(&series, Some(5)), None);
        assert_eq!(missing(&series, None), None);
        assert!(
            equations(&series, Some(5))
                .iter()
                .all(|equation| equation.holds)
        );
    }

    #[test]
    fn failures_are_outcomes() {
        assert_eq!(missing(&mixed(90.0), Some(100)), None);
    }

    #[test]
    fn wrong_number_of_received_records_is_reported() {
        let missing_of = |expected| missing(&mixed(90.0), Some(expected));
        let message = missing_of(101);
        assert_eq!(
            message.as_deref(),
            Some("S3RecordsReceived is 100, expected 101")
        );
        assert!(missing_of(99).is_some());
        assert_eq!(missing(&[], None), None);
    }

    #[test]
    fn first_equation_that_does_not_hold_is_reported() {
        let message = missing(&mixed(10.0), Some(100));
        let expected = "TTEventPublished 93 = SFCaseCreated 10 + SFCaseFailed 3 is not balanced";
        assert_eq!(message.as_deref(), Some(expected));
    }

    #[test]
    fn equations_contain_the_numbers() {
        let equations = equations(&mixed(1.0), Some(2));
        let text = "S3RecordsReceived 100 = TTEventPublished 93 + TTEventFailed 7";
        assert_eq!(equations[0].text, text);
        let holds: Vec<bool> = equations.iter().map(|equation| equation.holds).collect();
        assert_eq!(holds, [true, false, false]);
        assert_eq!(equations[2].text, "SFCaseCreated 1 = Cases in Salesforce 2");
    }
}
