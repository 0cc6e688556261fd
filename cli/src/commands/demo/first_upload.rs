//! The first upload of the demo: uploads the file, waits for its metrics and prints them.

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tt_metrics::catalogue::Meaning;

use crate::{
    commands::error::Error,
    file::File,
    report::{
        balance::{self, RECEIVED},
        failures, graph,
        html::{
            document,
            live_page::{LivePage, Stored},
        },
        metrics::{self, Query, ReadError, Series, WaitError, WaitLimits},
        summary::{LONGEST_WINDOW, Origin, Summary},
        table,
    },
    settings::Funnel,
    stack::{self, LocalStack},
    terminal::{
        progress::Progress,
        screen::{self, Style, Terminal},
        spinner::Spinner,
    },
};

/// Space between the axis and the first bar.
const MARGIN: Duration = Duration::from_secs(2);
/// The longest wait for the metrics, in addition to the time for the records.
const TIMEOUT: Duration = Duration::from_mins(1);
/// The minimum throughput; a slower pipeline is stuck.
const BYTES_PER_SECOND: usize = 5_000;
/// How long the sums must stay the same before they are final.
const QUIET: Duration = Duration::from_millis(300);
/// The same if the number of records is unknown.
const QUIET_UNKNOWN: Duration = Duration::from_secs(2);
/// Rows of the terminal around the graph.
pub(super) const ROWS_AROUND: usize = 5;

/// The running demo: its stack, its page and its report.
#[derive(Debug)]
pub(super) struct Demo<'a> {
    pub(super) stack: &'a LocalStack,
    pub(super) page: &'a LivePage,
    report: &'a Path,
    cloudwatch: aws_sdk_cloudwatch::Client,
    query: Query,
    funnel: Arc<Funnel>,
}

impl<'a> Demo<'a> {
    pub(super) fn new(stack: &'a LocalStack, page: &'a LivePage, report: &'a Path) -> Self {
        let funnel = Funnel::of_this_workspace();
        if let Some(settings) = &funnel.failed_records {
            page.serve_objects(Stored {
                client: stack::s3(stack.sdk_config()),
                bucket: stack.bucket().to_owned(),
                prefix: settings.prefix.clone(),
            });
        }
        Self {
            stack,
            page,
            report,
            cloudwatch: aws_sdk_cloudwatch::Client::new(stack.sdk_config()),
            query: Query::since(SystemTime::now() - MARGIN),
            funnel: Arc::new(funnel),
        }
    }

    /// Uploads the file, waits until every record has an outcome, and returns the summary. Prints it if an outcome is
    /// missing.
    pub(super) async fn first_upload(
        &self,
        file: &File,
        progress: Spinner,
    ) -> Result<Summary, Error> {
        let size = size(file.body.len());
        progress.begin(&format!("uploading {} ({size})", file.name));
        self.stack.upload(&file.name, file.body.clone()).await?;
        progress.done("");

        progress.begin("reading the metrics back");
        let (series, timeout) = match self.wait(file, &progress).await {
            Ok(series) => (series, None),
            Err(WaitError::Timeout { timeout, last }) => (last, Some(timeout)),
            Err(WaitError::Read(error)) => return Err(error.into()),
        };
        let summary = self.with_failures(self.summary(series)).await;
        if timeout.is_none() {
            progress.done("");
        }
        drop(progress);
        self.publish(&summary)?;
        let Some(timeout) = timeout else {
            return Ok(summary);
        };
        print_graph(&summary);
        self.print_sums(&summary);
        Err(self.shortfall(&summary, file, timeout))
    }

    /// Adds the failed records by reason if there are any. The page and the report do without them if S3 does not answer.
    pub(super) async fn with_failures(&self, mut summary: Summary) -> Summary {
        let has_failures = summary
            .series
            .iter()
            .any(|series| series.metric.meaning == Meaning::Failure && series.total() > 0);
        if let Some(settings) = summary
            .funnel
            .failed_records
            .as_ref()
            .filter(|_| has_failures)
        {
            let s3 = stack::s3(self.stack.sdk_config());
            let read = failures::read(&s3, self.stack.bucket(), settings, summary.from).await;
            summary.failures = read.ok();
        }
        summary
    }

    /// Reads the metrics once.
    pub(super) async fn read(&self) -> Result<Summary, ReadError> {
        let series = metrics::read(&self.cloudwatch, &self.query).await?;
        Ok(self.summary(series))
    }

    /// Updates the live page and the report.
    pub(super) fn publish(&self, summary: &Summary) -> Result<(), Error> {
        self.page.update(summary.clone());
        let failed = |source| Error::WriteReport {
            path: self.report.into(),
            source,
        };
        fs::write(self.report, document::file(summary)).map_err(failed)
    }

    async fn wait(&self, file: &File, progress: &Spinner) -> Result<Vec<Series>, WaitError> {
        let seconds = u64::try_from(file.body.len() / BYTES_PER_SECOND).unwrap_or(0);
        let is_known = file.records.is_some();
        let limits = WaitLimits {
            timeout: TIMEOUT + Duration::from_secs(seconds),
            quiet: if is_known { QUIET } else { QUIET_UNKNOWN },
        };
        let mut last = Vec::new();
        let is_complete = |series: &[Series]| {
            let missing = balance::missing(series, file.records);
            if last != series {
                series.clone_into(&mut last);
                progress.detail(&metrics::totals(series));
                self.page.update(self.summary(last.clone()));
            }
            is_processed(series) && missing.is_none()
        };
        metrics::wait_for(&self.cloudwatch, &self.query, limits, is_complete).await
    }

    fn shortfall(&self, summary: &Summary, file: &File, timeout: Duration) -> Error {
        let missing = if is_processed(&summary.series) {
            balance::missing(&summary.series, file.records)
        } else {
            Some("TT Producer has sent no metrics".into())
        };
        Error::Shortfall {
            missing: missing.unwrap_or_else(|| "the metrics still change".into()),
            seconds: timeout.as_secs(),
            log: self.stack.log().into(),
        }
    }

    /// Prints the sums, the equations, and the path of the report.
    pub(super) fn print_sums(&self, summary: &Summary) {
        let terminal = Terminal::of_stdout();
        let report = terminal.paint(Style::Bold, &self.report.display().to_string());
        let mut lines = vec![String::new()];
        lines.extend(table::lines(summary, &terminal));
        if balance::total(&summary.series, RECEIVED) == 0 {
            lines.extend([String::new(), "  the file contains no records".into()]);
        }
        lines.extend([String::new(), format!("  report: {report}")]);
        screen::print_lines(&lines);
    }

    fn summary(&self, series: Vec<Series>) -> Summary {
        Summary {
            namespace: self.query.namespace.clone(),
            origin: Origin::local(self.stack.endpoint()),
            series,
            from: self.query.since,
            read_at: SystemTime::now(),
            period_seconds: self.query.period_seconds,
            longest: LONGEST_WINDOW,
            cases: Some(self.stack.salesforce().cases().len()),
            funnel: Arc::clone(&self.funnel),
            failures: None,
        }
    }
}

/// Whether TT Producer has processed an upload: it sends its metrics after each one, as zero without records.
fn is_processed(series: &[Series]) -> bool {
    let received = series.iter().find(|one| one.metric.name == RECEIVED);
    received.is_some_and(|series| !series.points.is_empty())
}

/// Prints the graph.
pub(super) fn print_graph(summary: &Summary) {
    let terminal = Terminal::of_stdout();
    let rows = terminal.rows.saturating_sub(ROWS_AROUND);
    screen::print("\n");
    screen::print_lines(&graph::lines(summary, &Terminal { rows, ..terminal }));
}

fn size(bytes: usize) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::{Series, is_processed, size};
    use crate::report::metrics::tests::FIVE;

    #[test]
    fn file_without_records_is_processed_when_its_zeros_are_stored() {
        let received = |points| Series {
            metric: FIVE[0].clone(),
            points,
        };
        assert!(!is_processed(&[received(Vec::new())]));
        assert!(is_processed(&[received(vec![(
            SystemTime::UNIX_EPOCH,
            0.0
        )])]));
    }

    #[test]
    fn size_has_a_unit() {
        assert_eq!(
            [6, 12_345, 100_000_000].map(size),
            ["6 bytes", "12 kB", "100 MB"]
        );
    }
}
