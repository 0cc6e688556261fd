//! The content of a report: the metrics in one window of time, and how they were read.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{failures::Failures, metrics::Series};
use crate::settings::Funnel;

/// The shortest window, so that a single burst does not fill the whole axis.
pub const SHORTEST_WINDOW: Duration = Duration::from_secs(24);
/// The longest window, so that the bars of a long demo stay apart.
pub const LONGEST_WINDOW: Duration = Duration::from_hours(1);

/// The content of the graph, the table and the HTML report.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// `CloudWatch` namespace, for example `pkyc/Salesforce`.
    pub namespace: String,
    /// Where the metrics were read.
    pub origin: Origin,
    /// The metrics in the order in which a record reaches them.
    pub series: Vec<Series>,
    /// Start of the window.
    pub from: SystemTime,
    /// When the metrics were read.
    pub read_at: SystemTime,
    /// Period of the sums, in seconds.
    pub period_seconds: i32,
    /// The longest time axis.
    pub longest: Duration,
    /// The number of Cases in Salesforce, if it is known.
    pub cases: Option<usize>,
    /// How the metrics relate.
    pub funnel: Arc<Funnel>,
    /// The failed records that are stored, if they were read.
    pub failures: Option<Failures>,
}

/// Where metrics were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The account, if it is known.
    pub account: Option<String>,
    /// The Region.
    pub region: String,
    /// The address of the endpoint, or `None` for that of AWS.
    pub endpoint: Option<String>,
    /// The stack.
    pub stack: Option<String>,
}

impl Origin {
    /// The local AWS services at this address, whose account and Region are fixed.
    pub fn local(endpoint: &str) -> Self {
        Self {
            account: Some("000000000000".to_owned()),
            region: "us-east-1".to_owned(),
            endpoint: Some(endpoint.to_owned()),
            stack: None,
        }
    }

    /// Whether the endpoint is on this machine.
    pub fn is_local(&self) -> bool {
        let host = self
            .endpoint
            .as_deref()
            .and_then(|url| url.split("://").nth(1));
        host.is_some_and(|host| {
            ["127.0.0.1", "localhost", "[::1]"]
                .iter()
                .any(|local| host.starts_with(local))
        })
    }

    /// One line: account, Region, endpoint and stack.
    pub fn line(&self) -> String {
        let account = self.account.as_deref().unwrap_or("unknown");
        let endpoint = self.endpoint.as_deref().unwrap_or("AWS");
        let stack = self
            .stack
            .as_ref()
            .map_or(String::new(), |stack| format!(", stack {stack}"));
        format!(
            "account {account}, Region {}, endpoint {endpoint}{stack}",
            self.region
        )
    }
}

impl Summary {
    /// Start and end of the time axis.
    pub fn window(&self) -> (SystemTime, SystemTime) {
        let oldest = self.read_at.checked_sub(self.longest);
        let from = self.from.max(oldest.unwrap_or(self.from));
        (from, self.read_at.max(from + SHORTEST_WINDOW))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{
        sync::Arc,
        time::{Duration, SystemTime},
    };

    use super::{LONGEST_WINDOW, Origin, SHORTEST_WINDOW, Summary};
    use crate::{
        report::metrics::{Series, tests::FIVE},
        settings::Funnel,
    };

    /// A summary of [`FIVE`] from 2026-01-02 03:04:05 UTC; points are (seconds after that, value).
    pub(crate) fn summary(points: [&[(u64, f64)]; 5]) -> Summary {
        let from = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045);
        let series = FIVE.into_iter().zip(points).map(|(metric, points)| Series {
            metric,
            points: points
                .iter()
                .map(|(after, value)| (from + Duration::from_secs(*after), *value))
                .collect(),
        });
        Summary {
            namespace: "pkyc/Salesforce".into(),
            origin: Origin::local("http://127.0.0.1:4566"),
            series: series.collect(),
            from,
            read_at: from + Duration::from_secs(20),
            period_seconds: 1,
            longest: LONGEST_WINDOW,
            cases: None,
            funnel: Arc::new(Funnel::of_this_workspace()),
            failures: None,
        }
    }

    /// Five records without a failure.
    pub(crate) fn five_records() -> Summary {
        summary([
            &[(3, 5.0)],
            &[(3, 5.0)],
            &[(3, 0.0)],
            &[(4, 2.0), (5, 3.0)],
            &[(4, 0.0)],
        ])
    }

    #[test]
    fn origin_is_one_line() {
        let local = Origin::local("http://127.0.0.1:1");
        assert_eq!(
            local.line(),
            "account 000000000000, Region us-east-1, endpoint http://127.0.0.1:1"
        );
        assert!(local.is_local());
        let aws = Origin {
            account: None,
            region: "eu-central-1".into(),
            endpoint: None,
            stack: Some("tt-prod".into()),
        };
        assert_eq!(
            aws.line(),
            "account unknown, Region eu-central-1, endpoint AWS, stack tt-prod"
        );
        assert!(!aws.is_local());
    }

    #[test]
    fn window_has_at_least_the_shortest_length() {
        let summary = five_records();
        let expected = (summary.from, summary.from + SHORTEST_WINDOW);
        assert_eq!(summary.window(), expected);
    }

    #[test]
    fn window_has_at_most_the_longest_length() {
        let mut summary = five_records();
        summary.read_at = summary.from + 3 * LONGEST_WINDOW;
        let (from, to) = summary.window();
        assert_eq!(to, summary.read_at);
        assert_eq!(from, summary.from + 2 * LONGEST_WINDOW);
    }
}
