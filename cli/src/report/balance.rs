//! The accounting rules as equations over the sums: whether every record has an outcome.

use super::{metrics::Series, number::grouped};
use crate::settings::Funnel;

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

/// One equation with its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equation {
    /// For example `S3RecordsReceived 5 = TTEventPublished 5 + TTEventFailed 0`.
    pub text: String,
    /// What it means that both sides are equal, or what the difference is.
    pub words: String,
    /// Whether both sides are equal.
    pub holds: bool,
}

/// The sum of the metric called `name`; 0 when it is absent.
pub fn total(series: &[Series], name: &str) -> u64 {
    let found = series.iter().find(|one| one.metric.name == name);
    found.map_or(0, Series::total)
}

/// The balances of the settings, and the number of Cases in Salesforce where it is known. A balance with a metric that is
/// not in the series is absent.
pub fn equations(funnel: &Funnel, series: &[Series], cases: Option<usize>) -> Vec<Equation> {
    let has = |name: &String| series.iter().any(|one| one.metric.name == **name);
    let total = |name: &str| total(series, name);
    let complete = funnel
        .balances
        .iter()
        .filter(|balance| has(&balance.whole) && balance.parts.iter().all(has));
    let balances = complete.map(|balance| {
        let whole = total(&balance.whole);
        let sum: u64 = balance.parts.iter().map(|part| total(part)).sum();
        let parts: Vec<String> = balance
            .parts
            .iter()
            .map(|part| format!("{part} {}", total(part)))
            .collect();
        Equation {
            text: format!("{} {whole} = {}", balance.whole, parts.join(" + ")),
            words: if whole == sum {
                capitalised(&balance.holds)
            } else {
                format!("{} {}", grouped(whole.abs_diff(sum)), balance.open)
            },
            holds: whole == sum,
        }
    });
    let created = total(CREATED);
    let in_salesforce = cases.map(|cases| {
        let cases = u64::try_from(cases).unwrap_or(u64::MAX);
        Equation {
            text: format!("{CREATED} {created} = Cases in Salesforce {cases}"),
            words: if cases == created {
                "Every counted Case is in Salesforce".to_owned()
            } else {
                format!(
                    "{} Cases are counted and missing, or not counted",
                    grouped(cases.abs_diff(created))
                )
            },
            holds: cases == created,
        }
    });
    balances.chain(in_salesforce).collect()
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

/// Describes what is missing after an upload of `expected` records (`None`: as many as were received); `None` when
/// every record has an outcome.
pub fn missing(series: &[Series], expected: Option<u64>) -> Option<String> {
    let received = total(series, RECEIVED);
    if let Some(expected) = expected.filter(|expected| *expected != received) {
        return Some(format!("{RECEIVED} is {received}, expected {expected}"));
    }
    let mut equations = equations(&Funnel::of_this_workspace(), series, None).into_iter();
    let broken = equations.find(|equation| !equation.holds)?;
    Some(format!("{} is not balanced", broken.text))
}

#[cfg(test)]
mod tests {
    use super::{Equation, missing};
    use crate::{
        report::{
            metrics::Series,
            summary::tests::{five_records, summary},
        },
        settings::Funnel,
    };

    fn equations(series: &[Series], cases: Option<usize>) -> Vec<Equation> {
        super::equations(&Funnel::of_this_workspace(), series, cases)
    }

    fn mixed(created: f64) -> Vec<Series> {
        let sums = [100.0, 93.0, 7.0, created, 3.0].map(|sum| [(1, sum)]);
        summary(sums.each_ref().map(<[(u64, f64); 1]>::as_slice)).series
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

    #[test]
    fn equations_are_in_words() {
        let equations = equations(&mixed(1.0), Some(1));
        let words: Vec<&str> = equations
            .iter()
            .map(|equation| equation.words.as_str())
            .collect();
        let expected = [
            "Every received record was published or failed",
            "89 published events in flight, or replayed",
            "Every counted Case is in Salesforce",
        ];
        assert_eq!(words, expected);
    }

    #[test]
    fn balance_of_metrics_that_were_not_read_is_absent() {
        let series = &mixed(1.0)[..3];
        assert_eq!(equations(series, None).len(), 1);
    }
}
