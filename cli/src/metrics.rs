//! The five metrics, read back from `CloudWatch`.

use std::{
    error::Error as StdError,
    time::{Duration, Instant, SystemTime},
};

use aws_sdk_cloudwatch::{
    Client,
    primitives::DateTime,
    types::{Metric, MetricDataQuery, MetricStat, ScanBy},
};

/// The metrics of the pipeline in the order in which a record meets them; a test compares them with the catalogue.
pub const NAMES: [&str; 5] = [
    "S3RecordsReceived",
    "TTEventPublished",
    "TTEventFailed",
    "SFCaseCreated",
    "SFCaseFailed",
];

/// How often [`wait_for`] reads.
const POLL: Duration = Duration::from_millis(250);

/// One metric over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Metric name.
    pub name: String,
    /// (start of the period, sum over it), oldest first; periods without a datum are absent.
    pub points: Vec<(SystemTime, f64)>,
}

impl Series {
    /// Sum over all periods; zero, not the `-0` that `sum` gives, when there is none.
    pub fn total(&self) -> f64 {
        self.points.iter().fold(0.0, |sum, (_, value)| sum + value)
    }
}

/// Why the metrics could not be read.
#[derive(Debug, thiserror::Error)]
#[error("failed to read the metrics of namespace `{namespace}` from CloudWatch")]
pub struct ReadError {
    namespace: String,
    source: Box<dyn StdError + Send + Sync>,
}

/// Why [`wait_for`] gave up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// `CloudWatch` did not answer.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The metrics did not become what was waited for.
    #[error("the metrics did not settle within {} s: {}", patience.as_secs(), totals(last))]
    Unsettled {
        /// How long it was waited.
        patience: Duration,
        /// What was read last.
        last: Vec<Series>,
    },
}

/// Reads the sums of [`NAMES`] since `since` with `GetMetricData`, in the order of `NAMES`.
///
/// A metric that nobody sent has no points; one that was sent as zero has points of zero. The local stack
/// keeps every second apart; on AWS these metrics have standard resolution, where a period below 60 seconds
/// is refused for a start older than 3 hours and never shows more than one point a minute
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricStat.html>).
///
/// # Errors
///
/// When `CloudWatch` does not answer.
pub async fn read(
    client: &Client,
    namespace: &str,
    since: SystemTime,
    period_seconds: i32,
) -> Result<Vec<Series>, ReadError> {
    let failed = |source: Box<dyn StdError + Send + Sync>| ReadError {
        namespace: namespace.to_owned(),
        source,
    };
    let queries = (0..)
        .zip(NAMES)
        .map(|(index, name)| query(namespace, index, name, period_seconds));
    // The end is exclusive, and the clock of a function may be a little ahead of this one.
    let end = SystemTime::now() + Duration::from_mins(1);
    let mut pages = client
        .get_metric_data()
        .set_metric_data_queries(Some(queries.collect()))
        .start_time(DateTime::from(start_of_period(since, period_seconds)))
        .end_time(DateTime::from(end))
        .scan_by(ScanBy::TimestampAscending)
        .into_paginator()
        .send();

    let mut series = NAMES.map(|name| Series {
        name: name.to_owned(),
        points: Vec::new(),
    });
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failed(Box::new(error)))?;
        for result in page.metric_data_results() {
            let position = result.id().and_then(position);
            let Some(one) = position.and_then(|position| series.get_mut(position)) else {
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
    Ok(series.into())
}

/// What to wait for, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// When to give up.
    pub at_most: Duration,
    /// How long a reading must stay the same before it counts as settled.
    pub quiet: Duration,
}

/// Reads four times a second until `settled` says yes to a reading that then stays the same for `patience.quiet`.
///
/// `settled` sees every reading, so it may also show progress.
///
/// # Errors
///
/// When `CloudWatch` does not answer, and with the last reading when `patience.at_most` is over.
pub async fn wait_for(
    client: &Client,
    namespace: &str,
    since: SystemTime,
    period_seconds: i32,
    patience: Patience,
    mut settled: impl FnMut(&[Series]) -> bool,
) -> Result<Vec<Series>, WaitError> {
    let began = Instant::now();
    let mut last = read(client, namespace, since, period_seconds).await?;
    let mut unchanged_since = Instant::now();
    loop {
        if settled(&last) && unchanged_since.elapsed() >= patience.quiet {
            return Ok(last);
        }
        if began.elapsed() >= patience.at_most {
            return Err(WaitError::Unsettled {
                patience: patience.at_most,
                last,
            });
        }
        tokio::time::sleep(POLL).await;
        let next = read(client, namespace, since, period_seconds).await?;
        if next != last {
            last = next;
            unchanged_since = Instant::now();
        }
    }
}

fn query(namespace: &str, index: usize, name: &str, period_seconds: i32) -> MetricDataQuery {
    let metric = Metric::builder()
        .namespace(namespace)
        .metric_name(name)
        .build();
    let stat = MetricStat::builder()
        .metric(metric)
        .period(period_seconds)
        .stat("Sum")
        .build();
    MetricDataQuery::builder()
        .id(format!("m{index}"))
        .metric_stat(stat)
        .return_data(true)
        .build()
}

/// The index that [`query`] put into an id.
fn position(id: &str) -> Option<usize> {
    id.strip_prefix('m')?.parse().ok()
}

/// `CloudWatch` gives a datum the time at which its period starts, so a start within a period would lose it.
fn start_of_period(since: SystemTime, period_seconds: i32) -> SystemTime {
    let period = u64::try_from(period_seconds).unwrap_or(1).max(1);
    let since = since
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    SystemTime::UNIX_EPOCH + Duration::from_secs(since - since % period)
}

fn totals(series: &[Series]) -> String {
    let totals: Vec<String> = series
        .iter()
        .map(|one| format!("{} {}", one.name, one.total()))
        .collect();
    totals.join(", ")
}

#[cfg(test)]
mod tests;
