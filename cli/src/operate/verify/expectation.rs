//! The decisions of a verification: expected and seen growth of metrics.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::operate::settings::{Expected, Identity};

/// The sum of each metric.
pub type Sums = BTreeMap<String, u64>;

/// Expected and seen growth of all metrics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// One entry for each expected metric.
    pub metrics: Vec<Compared>,
    /// One entry for each identity.
    pub identities: Vec<Equation>,
    /// Whether other files were processed at the same time.
    pub other_traffic: bool,
    /// Whether every metric has grown at least as expected.
    pub is_complete: bool,
    /// Whether the result is as expected.
    pub passed: bool,
}

/// Expected and seen growth of a metric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// The metric.
    pub metric: String,
    /// The expected growth.
    pub expected: u64,
    /// The growth since the upload.
    pub seen: u64,
    /// The comparison.
    pub outcome: Outcome,
}

/// The comparison of one metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As expected.
    Exactly,
    /// More than expected, and other traffic explains it.
    AtLeast,
    /// Less than expected.
    Missing,
    /// More than expected without other traffic.
    Unexpected,
}

/// An identity with its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Equation {
    /// For example `Received 5 = Sent 4 + Failed 1`.
    pub text: String,
    /// Whether both sides are equal.
    pub holds: bool,
}

impl Report {
    /// Compares the sums before the upload with those after it.
    ///
    /// Other traffic was active if the metric `traffic` has grown by more than expected, or the identities did not hold before
    /// the upload, because records were in flight. Without such a metric it is assumed.
    pub(super) fn of(
        expected: &[Expected],
        identities: &[Identity],
        traffic: Option<&str>,
        before: &Sums,
        after: &Sums,
    ) -> Self {
        let sum = |sums: &Sums, name: &str| sums.get(name).copied().unwrap_or(0);
        let growth = |name: &str| sum(after, name).saturating_sub(sum(before, name));
        let expected_traffic = expected
            .iter()
            .find(|one| Some(one.metric.as_str()) == traffic);
        let has_other_files = match (traffic, expected_traffic) {
            (Some(traffic), Some(expected)) => growth(traffic) > expected.count,
            _ => true,
        };
        let in_flight = equations(identities, |name| sum(before, name));
        let other_traffic = has_other_files || in_flight.iter().any(|equation| !equation.holds);
        let metrics: Vec<Compared> = expected
            .iter()
            .map(|one| {
                let seen = growth(&one.metric);
                Compared {
                    metric: one.metric.clone(),
                    expected: one.count,
                    seen,
                    outcome: Outcome::of(one.count, seen, other_traffic),
                }
            })
            .collect();
        let identities = equations(identities, growth);
        let holds = other_traffic || identities.iter().all(|equation| equation.holds);
        let is_complete = metrics.iter().all(|one| one.outcome != Outcome::Missing) && holds;
        Self {
            passed: holds && metrics.iter().all(|one| one.outcome.passed()),
            metrics,
            identities,
            other_traffic,
            is_complete,
        }
    }

    /// Name, seen and expected growth of each metric, for the progress.
    pub fn summary(&self) -> String {
        let metrics = self.metrics.iter();
        let texts = metrics.map(|one| format!("{} {} of {}", one.metric, one.seen, one.expected));
        texts.collect::<Vec<_>>().join(", ")
    }

    /// What is not as expected; `None` if everything is.
    pub fn failure(&self) -> Option<String> {
        if self.passed {
            return None;
        }
        let metrics = self.metrics.iter().filter(|one| !one.outcome.passed());
        let metrics =
            metrics.map(|one| format!("{} is {}, expected {}", one.metric, one.seen, one.expected));
        let identities = self.identities.iter().filter(|equation| !equation.holds);
        let identities = identities.map(|equation| format!("{} is not balanced", equation.text));
        Some(metrics.chain(identities).collect::<Vec<_>>().join("; "))
    }
}

impl Outcome {
    fn of(expected: u64, seen: u64, other_traffic: bool) -> Self {
        match seen.cmp(&expected) {
            std::cmp::Ordering::Equal => Self::Exactly,
            std::cmp::Ordering::Less => Self::Missing,
            std::cmp::Ordering::Greater if other_traffic => Self::AtLeast,
            std::cmp::Ordering::Greater => Self::Unexpected,
        }
    }

    /// Whether the metric is as expected.
    pub fn passed(self) -> bool {
        matches!(self, Self::Exactly | Self::AtLeast)
    }

    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exactly => "exactly",
            Self::AtLeast => "at least, other traffic was active",
            Self::Missing => "missing",
            Self::Unexpected => "too many",
        }
    }
}

fn equations(identities: &[Identity], value: impl Fn(&str) -> u64) -> Vec<Equation> {
    let equation = |identity: &Identity| {
        let parts = identity.parts.iter().map(|name| (name, value(name)));
        let parts: Vec<(&String, u64)> = parts.collect();
        let total = value(&identity.whole);
        let texts: Vec<String> = parts
            .iter()
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        Equation {
            text: format!("{} {total} = {}", identity.whole, texts.join(" + ")),
            holds: total == parts.iter().map(|(_, value)| value).sum::<u64>(),
        }
    };
    identities.iter().map(equation).collect()
}

/// The defaults, of which those with the same metric are replaced, and then the others.
pub(super) fn merged(defaults: Vec<Expected>, others: Vec<Expected>) -> Vec<Expected> {
    let mut merged = defaults;
    for other in others {
        match merged.iter_mut().find(|one| one.metric == other.metric) {
            Some(one) => one.count = other.count,
            None => merged.push(other),
        }
    }
    merged
}

/// The integer of a sum that `CloudWatch` reports as a float.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and a sum of counts is an integer that is not negative"
)]
pub(super) fn whole(sum: f64) -> u64 {
    sum.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(counts: [u64; 3]) -> Vec<Expected> {
        let names = ["In", "Out", "Failed"].into_iter().zip(counts);
        let expected = names.map(|(metric, count)| Expected {
            metric: metric.to_owned(),
            count,
        });
        expected.collect()
    }

    fn sums(counts: [u64; 3]) -> Sums {
        let names = ["In", "Out", "Failed"].into_iter().zip(counts);
        names
            .map(|(name, count)| (name.to_owned(), count))
            .collect()
    }

    fn report(before: [u64; 3], after: [u64; 3]) -> Report {
        let identity = Identity {
            whole: "In".to_owned(),
            parts: vec!["Out".to_owned(), "Failed".to_owned()],
        };
        let expected = expected([5, 5, 0]);
        Report::of(
            &expected,
            &[identity],
            Some("In"),
            &sums(before),
            &sums(after),
        )
    }

    fn outcomes(report: &Report) -> Vec<Outcome> {
        report.metrics.iter().map(|one| one.outcome).collect()
    }

    #[test]
    fn growth_as_expected_is_exact() {
        let report = report([7, 6, 1], [12, 11, 1]);
        assert_eq!(outcomes(&report), [Outcome::Exactly; 3]);
        assert!(report.passed && report.is_complete && !report.other_traffic);
        assert_eq!(report.identities[0].text, "In 5 = Out 5 + Failed 0");
        assert_eq!(report.failure(), None);
    }

    #[test]
    fn missing_and_failed_records_do_not_pass() {
        let missing = report([0; 3], [5, 3, 0]);
        assert_eq!(missing.metrics[1].outcome, Outcome::Missing);
        assert!(!missing.passed && !missing.is_complete);
        let failure = missing.failure().unwrap();
        assert_eq!(
            failure,
            "Out is 3, expected 5; In 5 = Out 3 + Failed 0 is not balanced"
        );
        let failed = report([0; 3], [5, 4, 1]);
        assert_eq!(failed.metrics[2].outcome, Outcome::Unexpected);
        assert!(!failed.passed);
    }

    #[test]
    fn record_that_is_counted_twice_does_not_pass() {
        let doubled = report([0; 3], [5, 10, 0]);
        assert_eq!(doubled.metrics[1].outcome, Outcome::Unexpected);
        assert!(!doubled.passed);
    }

    #[test]
    fn other_traffic_explains_more_but_not_less() {
        let busy = report([0; 3], [9, 8, 1]);
        assert!(busy.other_traffic && busy.passed);
        assert_eq!(outcomes(&busy), [Outcome::AtLeast; 3]);
        let short = report([0; 3], [9, 4, 0]);
        assert!(!short.passed && short.other_traffic);
        // Records that were in flight at the upload.
        let in_flight = report([4, 1, 0], [9, 9, 0]);
        assert!(in_flight.other_traffic && in_flight.passed);
        assert_eq!(in_flight.metrics[1].outcome, Outcome::AtLeast);
    }

    #[test]
    fn without_a_metric_of_traffic_more_is_accepted() {
        let expected = expected([5, 5, 0]);
        let report = Report::of(&expected, &[], None, &sums([0; 3]), &sums([5, 6, 0]));
        assert!(report.passed && report.other_traffic);
    }

    #[test]
    fn expectation_of_the_command_line_replaces_that_of_the_settings() {
        let other = |metric: &str, count| Expected {
            metric: metric.to_owned(),
            count,
        };
        let merged = merged(expected([5, 5, 0]), vec![other("Out", 4), other("More", 1)]);
        let counts: Vec<u64> = merged.iter().map(|one| one.count).collect();
        assert_eq!(counts, [5, 4, 0, 1]);
    }
}
