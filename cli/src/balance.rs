//! The accounting rules as equations over the five sums: does every record have an outcome?

use std::fmt;

use crate::{metrics::NAMES, picture::Picture};

/// The five sums, by what they count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// `S3RecordsReceived`.
    pub received: u64,
    /// `TTEventPublished`.
    pub published: u64,
    /// `TTEventFailed`.
    pub unpublished: u64,
    /// `SFCaseCreated`.
    pub created: u64,
    /// `SFCaseFailed`.
    pub refused: u64,
}

/// One equation with its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equation {
    /// For example `received 5 = published 5 + failed 0`.
    pub text: String,
    /// Whether both sides are equal.
    pub holds: bool,
}

impl Balance {
    /// Takes the five sums out of a picture.
    pub fn of(picture: &Picture) -> Self {
        let [received, published, unpublished, created, refused] =
            NAMES.map(|name| picture.total(name));
        Self {
            received,
            published,
            unpublished,
            created,
            refused,
        }
    }

    /// `received = published + failed` and `published = created + failed`.
    pub fn equations(&self) -> [Equation; 2] {
        let Self {
            received,
            published,
            unpublished,
            created,
            refused,
        } = *self;
        [
            Equation {
                text: format!("received {received} = published {published} + failed {unpublished}"),
                holds: received == published + unpublished,
            },
            Equation {
                text: format!("published {published} = created {created} + failed {refused}"),
                holds: published == created + refused,
            },
        ]
    }

    /// The equations, and the Cases that Salesforce holds where their number is known.
    pub fn checks(&self, cases: Option<usize>) -> Vec<Equation> {
        let created = self.created;
        let in_salesforce = cases.map(|cases| Equation {
            text: format!("created {created} = Cases in Salesforce {cases}"),
            holds: u64::try_from(cases).is_ok_and(|cases| cases == created),
        });
        self.equations().into_iter().chain(in_salesforce).collect()
    }

    /// What is still missing when `expected` records were uploaded (`None`: as many as were received); `None` when every
    /// record has its outcome.
    pub fn missing(&self, expected: Option<u64>) -> Option<String> {
        let [
            received_name,
            published_name,
            unpublished_name,
            created_name,
            refused_name,
        ] = NAMES;
        let Self {
            received,
            published,
            unpublished,
            created,
            refused,
        } = *self;
        let wanted = expected.unwrap_or(received);
        if received != wanted {
            return Some(format!("{received_name} is {received}, expected {wanted}"));
        }
        if received != published + unpublished {
            return Some(format!(
                "{published_name} ({published}) and {unpublished_name} ({unpublished}) add up to {}, \
                 but {received_name} is {received}",
                published + unpublished
            ));
        }
        (published != created + refused).then(|| {
            format!(
                "{created_name} ({created}) and {refused_name} ({refused}) add up to {}, \
                 but {published_name} is {published}",
                created + refused
            )
        })
    }
}

impl fmt::Display for Balance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            received,
            published,
            unpublished,
            created,
            refused,
        } = self;
        write!(
            formatter,
            "received {received}, published {published}, failed {unpublished}, \
             Cases {created}, failed {refused}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Balance;
    use crate::picture::tests::five_records;

    const MIXED: Balance = Balance {
        received: 100,
        published: 93,
        unpublished: 7,
        created: 90,
        refused: 3,
    };

    #[test]
    fn five_records_and_five_cases_miss_nothing() {
        let balance = Balance::of(&five_records());
        assert_eq!(balance.missing(Some(5)), None);
        assert_eq!(balance.missing(None), None);
        assert!(balance.equations().iter().all(|equation| equation.holds));
    }

    #[test]
    fn failures_count_as_outcomes() {
        assert_eq!(MIXED.missing(Some(100)), None);
    }

    #[test]
    fn nothing_received_is_missing_unless_the_number_is_unknown() {
        let missing = Balance::default().missing(Some(1));
        assert_eq!(
            missing.as_deref(),
            Some("S3RecordsReceived is 0, expected 1")
        );
        assert_eq!(Balance::default().missing(None), None);
    }

    #[test]
    fn too_many_received_is_not_a_success() {
        assert!(MIXED.missing(Some(99)).is_some());
    }

    #[test]
    fn the_first_metric_that_falls_short_is_named() {
        let unpublished = Balance {
            published: 90,
            ..MIXED
        }
        .missing(Some(100));
        assert!(unpublished.is_some_and(|text| text.starts_with("TTEventPublished (90)")));
        let uncreated = Balance {
            created: 10,
            ..MIXED
        }
        .missing(Some(100));
        assert!(uncreated.is_some_and(|text| text.starts_with("SFCaseCreated (10)")));
    }

    #[test]
    fn the_five_sums_fit_on_a_line() {
        let line = MIXED.to_string();
        assert_eq!(
            line,
            "received 100, published 93, failed 7, Cases 90, failed 3"
        );
    }

    #[test]
    fn an_equation_shows_its_numbers_and_whether_it_holds() {
        let [first, second] = Balance {
            created: 1,
            ..MIXED
        }
        .equations();
        assert_eq!(first.text, "received 100 = published 93 + failed 7");
        assert!(first.holds && !second.holds);
    }
}
