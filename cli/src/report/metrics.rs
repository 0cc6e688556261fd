//! The metrics of the catalogue, read back from `CloudWatch`.

use std::{
    collections::BTreeSet,
    error::Error as StdError,
    time::{Duration, Instant, SystemTime},
};

use aws_sdk_cloudwatch::{
    Client,
    primitives::DateTime,
    types::{MetricDataQuery, MetricStat, ScanBy},
};
// The catalogue contains only what is linked.
use case_creation as _;
use tms_token_manager as _;
use tt_metrics::catalogue::{Meaning, MetricKind};
use tt_producer as _;

use crate::stack::functions::build::FUNCTIONS;

/// The default of `MetricNamespace` in template.yaml.
const NAMESPACE: &str = "pkyc/Salesforce";

/// How often [`wait_for`] reads.
const POLL: Duration = Duration::from_millis(250);

/// A counter of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// What it counts of the function.
    pub meaning: Meaning,
    /// The path of the counted function.
    pub function: &'static str,
    /// The documentation of the function.
    pub doc: &'static str,
}

/// One metric over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The metric.
    pub metric: Metric,
    /// Start and sum of each period, oldest first. Periods without data are absent.
    pub points: Vec<(SystemTime, f64)>,
}

/// What to read.
#[derive(Debug, Clone)]
pub struct Query {
    /// The namespace.
    pub namespace: String,
    /// The metrics, in the order of the result.
    pub metrics: Vec<Metric>,
    /// The start of the first period.
    pub since: SystemTime,
    /// The length of a period.
    pub period_seconds: i32,
}

/// How long [`wait_for`] waits.
#[derive(Debug, Clone, Copy)]
pub struct WaitLimits {
    /// The longest wait.
    pub timeout: Duration,
    /// How long a result must stay the same before it is final.
    pub quiet: Duration,
}

/// Why the metrics could not be read.
#[derive(Debug, thiserror::Error)]
#[error("failed to read the metrics of namespace `{namespace}` from CloudWatch")]
pub struct ReadError {
    namespace: String,
    source: Box<dyn StdError + Send + Sync>,
}

/// Why [`wait_for`] failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// `CloudWatch` did not answer.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The timeout was reached.
    #[error("the metrics did not settle within {} s: {}", timeout.as_secs(), totals(last))]
    Timeout {
        /// The timeout.
        timeout: Duration,
        /// The last result.
        last: Vec<Series>,
    },
}

/// The counters that the functions declare, in the order in which a record reaches them.
pub fn counters() -> Vec<Metric> {
    let mut entries: Vec<_> = tt_metrics::catalogue()
        .filter(|entry| entry.kind == MetricKind::Counter)
        .collect();
    // Link order is unspecified. Within an attribute it is that of the arguments, which a stable sort keeps.
    entries.sort_by_key(|entry| (stage(entry.function), entry.file, entry.line));
    let mut seen = BTreeSet::new();
    let distinct = entries.iter().filter(|entry| seen.insert(entry.metric));
    distinct
        .map(|entry| Metric {
            name: entry.metric,
            unit: entry.unit,
            meaning: entry.meaning,
            function: entry.function,
            doc: entry.doc,
        })
        .collect()
}

/// The position of a function's crate in the pipeline.
fn stage(function: &str) -> usize {
    let package = function.split("::").next().unwrap_or_default();
    let package = package.replace('_', "-");
    let stage = FUNCTIONS.iter().position(|function| *function == package);
    stage.unwrap_or(FUNCTIONS.len())
}

/// Reads the sums of the metrics with `GetMetricData`, one series for each metric of the query.
///
/// A metric without data has no points; one that was sent as zero has points of zero. The local stack stores one value
/// for each second. On AWS these metrics have standard resolution: a period below 60 seconds is refused for a start older
/// than 3 hours and never shows more than one point a minute
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricStat.html>).
///
/// # Errors
///
/// When `CloudWatch` does not answer.
pub async fn read(client: &Client, query: &Query) -> Result<Vec<Series>, ReadError> {
    let failed = |source: Box<dyn StdError + Send + Sync>| ReadError {
        namespace: query.namespace.clone(),
        source,
    };
    // The end is exclusive, and the clock of a function may be slightly ahead of this one.
    let end = SystemTime::now() + Duration::from_mins(1);
    let start = start_of_period(query.since, query.period_seconds);
    let mut pages = client
        .get_metric_data()
        .set_metric_data_queries(Some(query.metric_data_queries()))
        .start_time(DateTime::from(start))
        .end_time(DateTime::from(end))
        .scan_by(ScanBy::TimestampAscending)
        .into_paginator()
        .send();

    let metrics = query.metrics.iter();
    let mut series: Vec<Series> = metrics
        .map(|metric| Series {
            metric: *metric,
            points: Vec::new(),
        })
        .collect();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failed(Box::new(error)))?;
        for result in page.metric_data_results() {
            let index = result.id().and_then(index_of);
            let Some(one) = index.and_then(|index| series.get_mut(index)) else {
                continue;
            };
            for (at, value) in result.timestamps().iter().zip(result.values()) {
                let at = SystemTime::try_from(*at).map_err(|error| failed(Box::new(error)))?;
                one.points.push((at, *value));
            }
        }
    }
    for one in &mut series {
        one.points.sort_by_key(|(at, _)| *at);
    }
    Ok(series)
}

/// Reads four times a second until `is_complete` accepts a result that then stays the same for `limits.quiet`.
///
/// `is_complete` receives each result, so it can also report progress.
///
/// # Errors
///
/// When `CloudWatch` does not answer, and with the last result when `limits.timeout` is reached.
pub async fn wait_for(
    client: &Client,
    query: &Query,
    limits: WaitLimits,
    mut is_complete: impl FnMut(&[Series]) -> bool,
) -> Result<Vec<Series>, WaitError> {
    let started_at = Instant::now();
    let mut last = read(client, query).await?;
    let mut unchanged_since = Instant::now();
    loop {
        if is_complete(&last) && unchanged_since.elapsed() >= limits.quiet {
            return Ok(last);
        }
        if started_at.elapsed() >= limits.timeout {
            let timeout = limits.timeout;
            return Err(WaitError::Timeout { timeout, last });
        }
        tokio::time::sleep(POLL).await;
        let next = read(client, query).await?;
        if next != last {
            last = next;
            unchanged_since = Instant::now();
        }
    }
}

/// Name and total of each metric, for a message.
pub fn totals(series: &[Series]) -> String {
    let totals = series
        .iter()
        .map(|one| format!("{} {}", one.metric.name, one.total()));
    totals.collect::<Vec<_>>().join(", ")
}

impl Metric {
    /// What the metric counts, in one line: meaning and function, and the first paragraph of its documentation.
    pub fn description(&self) -> String {
        let function = self.function.rsplit("::").next().unwrap_or(self.function);
        let meaning = self.meaning.as_str();
        let paragraph = self.doc.split("\n\n").next().unwrap_or_default();
        let words: Vec<&str> = paragraph.split_whitespace().collect();
        format!("{meaning} of `{function}`: {}", words.join(" "))
    }
}

impl Series {
    /// The sum over all periods.
    pub fn total(&self) -> u64 {
        whole(self.points.iter().fold(0.0, |sum, (_, value)| sum + value))
    }
}

impl Query {
    /// The counters of the functions on the local stack, which stores one value for each second.
    pub fn since(since: SystemTime) -> Self {
        Self {
            namespace: NAMESPACE.to_owned(),
            metrics: counters(),
            since,
            period_seconds: 1,
        }
    }

    fn metric_data_queries(&self) -> Vec<MetricDataQuery> {
        let queries = self.metrics.iter().enumerate().map(|(index, metric)| {
            let metric = aws_sdk_cloudwatch::types::Metric::builder()
                .namespace(&self.namespace)
                .metric_name(metric.name)
                .build();
            let stat = MetricStat::builder()
                .metric(metric)
                .period(self.period_seconds)
                .stat("Sum")
                .build();
            MetricDataQuery::builder()
                .id(format!("m{index}"))
                .metric_stat(stat)
                .return_data(true)
                .build()
        });
        queries.collect()
    }
}

/// The integer of a sum that `CloudWatch` reports as a float.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and a sum of counts is an integer that is not negative"
)]
pub fn whole(sum: f64) -> u64 {
    sum.round() as u64
}

/// The index in the id of a query.
fn index_of(id: &str) -> Option<usize> {
    id.strip_prefix('m')?.parse().ok()
}

/// The start of the period that contains `since`: `CloudWatch` returns a period only if its start is in the range.
fn start_of_period(since: SystemTime, period_seconds: i32) -> SystemTime {
    let period = u64::try_from(period_seconds).unwrap_or(1).max(1);
    let since = since.duration_since(SystemTime::UNIX_EPOCH);
    let since = since.unwrap_or_default().as_secs();
    SystemTime::UNIX_EPOCH + Duration::from_secs(since - since % period)
}

#[cfg(test)]
pub(crate) mod tests;
