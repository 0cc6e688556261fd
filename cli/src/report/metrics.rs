//! Metrics, read back from `CloudWatch`: those of a catalogue, or any of a namespace.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    error::Error as StdError,
    time::{Duration, Instant, SystemTime},
};

use aws_sdk_cloudwatch::{
    Client,
    primitives::DateTime,
    types::{Dimension, MetricDataQuery, MetricStat, ScanBy},
};
use tt_metrics::catalogue::{Meaning, MetricKind};

use crate::catalogue::{Catalogue, Declared};

/// The default of `MetricNamespace` in template.yaml.
const NAMESPACE: &str = "pkyc/Salesforce";

/// How often [`wait_for`] reads.
const POLL: Duration = Duration::from_millis(250);

/// The most queries of one request. `CloudWatch` accepts 500; smaller requests stay below its limit of data points.
const MAX_QUERIES: usize = 100;

/// A metric to read: of a catalogue, or any other one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Names and values of its dimensions.
    pub dimensions: Vec<(String, String)>,
    /// Its unit, or empty if it is unknown.
    pub unit: Cow<'static, str>,
    /// How the values of a period are combined.
    pub statistic: Statistic,
    /// What it counts of the function.
    pub meaning: Meaning,
    /// The path of the counted function, or empty if it is unknown.
    pub function: Cow<'static, str>,
    /// The documentation of the function.
    pub doc: Cow<'static, str>,
}

/// How the values of a period are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// Of counters.
    Sum,
    /// Of gauges and durations.
    Maximum,
}

/// One metric over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The metric.
    pub metric: Metric,
    /// Start and sum of each period, oldest first. Periods without data are absent.
    pub points: Vec<(SystemTime, f64)>,
}

/// Name and dimensions of a metric of a namespace.
pub type Listed = (String, Vec<(String, String)>);

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

/// The counters that the functions of this workspace declare, in the order in which a record reaches them.
pub fn counters() -> Vec<Metric> {
    let catalogue = Catalogue::of_this_workspace();
    let metrics = catalogue.metrics().into_iter();
    let counters = metrics.filter(|one| one.kind == MetricKind::Counter);
    counters.map(Metric::of).collect()
}

/// The names and dimensions of all metrics of a namespace that had data in the last two weeks, sorted.
///
/// # Errors
///
/// When `CloudWatch` does not answer.
pub async fn list(client: &Client, namespace: &str) -> Result<BTreeSet<Listed>, ReadError> {
    let mut pages = client
        .list_metrics()
        .namespace(namespace)
        .into_paginator()
        .send();
    let mut listed = BTreeSet::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| ReadError {
            namespace: namespace.to_owned(),
            source: Box::new(error),
        })?;
        for metric in page.metrics() {
            let dimensions = metric.dimensions().iter().filter_map(|dimension| {
                Some((dimension.name()?.to_owned(), dimension.value()?.to_owned()))
            });
            let name = metric.metric_name().unwrap_or_default().to_owned();
            listed.insert((name, dimensions.collect()));
        }
    }
    Ok(listed)
}

/// Reads the metrics with `GetMetricData`, one series for each metric of the query.
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
    let metrics = query.metrics.iter();
    let mut series: Vec<Series> = metrics
        .map(|metric| Series {
            metric: metric.clone(),
            points: Vec::new(),
        })
        .collect();
    let queries = query.metric_data_queries();
    for queries in queries.chunks(MAX_QUERIES) {
        let mut pages = client
            .get_metric_data()
            .set_metric_data_queries(Some(queries.to_vec()))
            .start_time(DateTime::from(start))
            .end_time(DateTime::from(end))
            .scan_by(ScanBy::TimestampAscending)
            .into_paginator()
            .send();
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
        .map(|one| format!("{} {}", one.metric.label(), one.total()));
    totals.collect::<Vec<_>>().join(", ")
}

impl Metric {
    /// A metric of a catalogue, without dimensions.
    pub fn of(declared: &Declared) -> Self {
        Self {
            name: declared.metric.clone().into(),
            dimensions: Vec::new(),
            unit: declared.unit.clone().into(),
            statistic: match declared.kind {
                MetricKind::Counter => Statistic::Sum,
                _ => Statistic::Maximum,
            },
            meaning: declared.meaning,
            function: declared.function.clone().into(),
            doc: declared.doc.clone().into(),
        }
    }

    /// A metric of which only the name is known.
    pub fn unknown((name, dimensions): Listed, statistic: Statistic) -> Self {
        Self {
            name: name.into(),
            dimensions,
            unit: Cow::Borrowed(""),
            statistic,
            meaning: Meaning::Calls,
            function: Cow::Borrowed(""),
            doc: Cow::Borrowed(""),
        }
    }

    /// The name, and the dimensions if there are any: `Invocations {FunctionName=ship}`.
    pub fn label(&self) -> Cow<'_, str> {
        if self.dimensions.is_empty() {
            return Cow::Borrowed(&self.name);
        }
        let dimensions = self
            .dimensions
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let dimensions: Vec<String> = dimensions.collect();
        Cow::Owned(format!("{} {{{}}}", self.name, dimensions.join(", ")))
    }

    /// What the metric counts, in one line: meaning and function, and the first paragraph of its documentation.
    pub fn description(&self) -> String {
        if self.function.is_empty() {
            return String::new();
        }
        let function = self.function.rsplit("::").next().unwrap_or(&self.function);
        let meaning = self.meaning.as_str();
        let paragraph = self.doc.split("\n\n").next().unwrap_or_default();
        let words: Vec<&str> = paragraph.split_whitespace().collect();
        if words.is_empty() {
            return format!("{meaning} of `{function}`");
        }
        format!("{meaning} of `{function}`: {}", words.join(" "))
    }
}

impl Statistic {
    /// The name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sum => "Sum",
            Self::Maximum => "Maximum",
        }
    }

    /// Combines two values of one metric.
    pub fn combine(self, one: f64, other: f64) -> f64 {
        match self {
            Self::Sum => one + other,
            Self::Maximum => one.max(other),
        }
    }
}

impl Series {
    /// The sum over all periods, or the largest value.
    pub fn total(&self) -> u64 {
        let statistic = self.metric.statistic;
        whole(
            self.points
                .iter()
                .fold(0.0, |total, (_, value)| statistic.combine(total, *value)),
        )
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
            let dimensions = metric.dimensions.iter();
            let dimensions = dimensions
                .map(|(name, value)| Dimension::builder().name(name).value(value).build());
            let named = aws_sdk_cloudwatch::types::Metric::builder()
                .namespace(&self.namespace)
                .metric_name(&*metric.name)
                .set_dimensions(Some(dimensions.collect()))
                .build();
            let stat = MetricStat::builder()
                .metric(named)
                .period(self.period_seconds)
                .stat(metric.statistic.as_str())
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
