//! The running demo: a file goes in, the metrics are read back and shown.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use super::{NAMESPACE, PERIOD_SECONDS};
use crate::{
    balance::Balance,
    error::Error,
    file::File,
    graph,
    metrics::{self, NAMES, Patience, ReadError, Series, WaitError},
    page::Page,
    picture::Picture,
    progress::{Progress, Terminal},
    report,
    screen::{self, Look, Style},
    stack::LocalStack,
    table,
};

/// The window starts this long before the upload, so that the first bar does not touch the axis.
const LEAD: Duration = Duration::from_secs(2);
/// How long the metrics may take, beside the time that the records need.
const PATIENCE: Duration = Duration::from_mins(1);
/// A pipeline slower than this is stuck.
const BYTES_PER_SECOND: usize = 5_000;
/// How long the sums stay the same before they are believed.
const QUIET: Duration = Duration::from_millis(300);
/// The same where nobody knows how many records to expect.
const QUIET_UNKNOWN: Duration = Duration::from_secs(2);
/// Rows of the terminal that the graph leaves to what stands around it.
pub(super) const ROWS_AROUND: usize = 5;

/// A stack, the file and the page that show its metrics.
#[derive(Debug)]
pub(super) struct Running<'a> {
    pub(super) stack: &'a LocalStack,
    pub(super) page: &'a Page,
    report: &'a Path,
    cloudwatch: aws_sdk_cloudwatch::Client,
    since: SystemTime,
}

impl<'a> Running<'a> {
    pub(super) fn new(stack: &'a LocalStack, page: &'a Page, report: &'a Path) -> Self {
        let cloudwatch = aws_sdk_cloudwatch::Client::new(stack.sdk_config());
        Self {
            stack,
            page,
            report,
            cloudwatch,
            since: SystemTime::now() - LEAD,
        }
    }

    /// Uploads the file, waits until every record has its outcome, and gives the picture, printed only if one is missing.
    pub(super) async fn first(&self, file: &File, progress: Terminal) -> Result<Picture, Error> {
        let what = format!("{} ({})", file.name, size(file.body.len()));
        progress.begin(&format!("uploading {what}"));
        self.stack.upload(&file.name, file.body.clone()).await?;
        progress.done("");

        progress.begin("reading the metrics back");
        let (series, waited) = match self.wait(file, &progress).await {
            Ok(series) => (series, None),
            Err(WaitError::Unsettled { patience, last }) => (last, Some(patience)),
            Err(WaitError::Read(error)) => return Err(error.into()),
        };
        let picture = self.picture(series);
        if waited.is_none() {
            progress.done("");
        }
        drop(progress);
        self.show(&picture)?;
        let Some(waited) = waited else {
            return Ok(picture);
        };
        print_graph(&picture);
        self.print_sums(&picture);
        Err(self.shortfall(&picture, file, waited))
    }

    /// Reads the metrics once.
    pub(super) async fn read(&self) -> Result<Picture, ReadError> {
        let series = metrics::read(&self.cloudwatch, NAMESPACE, self.since, PERIOD_SECONDS).await?;
        Ok(self.picture(series))
    }

    /// Puts a picture where browsers find it: on the live page and into the report.
    pub(super) fn show(&self, picture: &Picture) -> Result<(), Error> {
        self.page.show(picture.clone());
        let failed = |source| Error::WriteReport {
            path: self.report.into(),
            source,
        };
        fs::write(self.report, report::html(picture)).map_err(failed)
    }

    async fn wait(&self, file: &File, progress: &Terminal) -> Result<Vec<Series>, WaitError> {
        let work = u64::try_from(file.body.len() / BYTES_PER_SECOND).unwrap_or(0);
        let patience = Patience {
            at_most: PATIENCE + Duration::from_secs(work),
            quiet: if file.records.is_some() {
                QUIET
            } else {
                QUIET_UNKNOWN
            },
        };
        let mut last = None;
        let settled = |series: &[Series]| {
            let picture = self.picture(series.to_vec());
            let balance = Balance::of(&picture);
            if last.replace(balance) != Some(balance) {
                progress.detail(&balance.to_string());
                self.page.show(picture);
            }
            processed(series) && balance.missing(file.records).is_none()
        };
        let (client, period) = (&self.cloudwatch, PERIOD_SECONDS);
        metrics::wait_for(client, NAMESPACE, self.since, period, patience, settled).await
    }

    fn shortfall(&self, picture: &Picture, file: &File, waited: Duration) -> Error {
        let missing = if processed(&picture.series) {
            Balance::of(picture).missing(file.records)
        } else {
            Some("TT Producer has sent no metrics".into())
        };
        Error::Shortfall {
            missing: missing.unwrap_or_else(|| "the metrics still change".into()),
            seconds: waited.as_secs(),
            log: self.stack.log().into(),
        }
    }

    /// Prints the sums, whether they add up, and where the page is.
    pub(super) fn print_sums(&self, picture: &Picture) {
        let look = Look::of_stdout();
        let report = look.paint(Style::Bold, &self.report.display().to_string());
        let mut lines = vec![String::new()];
        lines.extend(table::lines(picture, &look));
        if Balance::of(picture).received == 0 {
            lines.extend([String::new(), "  the file holds no record".into()]);
        }
        lines.extend([String::new(), format!("  the same as a page: {report}")]);
        screen::print_lines(&lines);
    }

    fn picture(&self, series: Vec<Series>) -> Picture {
        Picture {
            namespace: NAMESPACE.into(),
            endpoint: self.stack.endpoint().into(),
            series,
            from: self.since,
            read_at: SystemTime::now(),
            period_seconds: PERIOD_SECONDS,
            cases: Some(self.stack.salesforce().cases().len()),
        }
    }
}

/// Whether TT Producer has handled an upload: it sends its metrics after each one, as zero for a file without records.
fn processed(series: &[Series]) -> bool {
    let received = series.iter().find(|series| series.name == NAMES[0]);
    received.is_some_and(|series| !series.points.is_empty())
}

/// Prints the sums over time.
pub(super) fn print_graph(picture: &Picture) {
    let look = Look::of_stdout();
    let rows = look.rows.saturating_sub(ROWS_AROUND);
    screen::print("\n");
    screen::print_lines(&graph::lines(picture, &Look { rows, ..look }));
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

    use super::{Series, processed, size};

    #[test]
    fn a_file_without_records_counts_as_handled_once_its_zeros_are_there() {
        let received = |points| Series {
            name: "S3RecordsReceived".into(),
            points,
        };
        assert!(!processed(&[received(Vec::new())]));
        assert!(processed(&[received(vec![(SystemTime::UNIX_EPOCH, 0.0)])]));
    }

    #[test]
    fn a_size_has_a_unit() {
        assert_eq!(
            [6, 12_345, 100_000_000].map(size),
            ["6 bytes", "12 kB", "100 MB"]
        );
    }
}
