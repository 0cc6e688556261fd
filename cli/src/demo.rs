//! `cargo tt demo`: a file goes through the whole pipeline, and its metrics come back as a picture.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::{
    args,
    balance::Balance,
    error::Error,
    file::File,
    graph,
    interrupt::Interrupt,
    live::Live,
    metrics::{self, Patience, Series, WaitError},
    page::Page,
    picture::Picture,
    progress::{Progress, Terminal},
    report,
    screen::{self, Look, Style},
    stack::{LocalStack, Options},
    table,
    workspace::Workspace,
};

/// The namespace of the metrics: the default of `MetricNamespace` in template.yaml, see the test below.
pub(crate) const NAMESPACE: &str = "pkyc/Salesforce";
/// CloudWatch keeps the seconds apart on the local stack.
pub(crate) const PERIOD_SECONDS: i32 = 1;
/// The window starts this long before the upload, so that the first bar does not touch the axis.
const LEAD: Duration = Duration::from_secs(2);
/// How long the metrics may take, beside the time that the records need.
const PATIENCE: Duration = Duration::from_secs(60);
/// A pipeline slower than this is stuck.
const BYTES_PER_SECOND: usize = 5_000;
/// How long the sums stay the same before they are believed.
const QUIET: Duration = Duration::from_millis(300);
/// The same where nobody knows how many records to expect.
const QUIET_UNKNOWN: Duration = Duration::from_secs(2);

/// Runs the demo to its end.
///
/// # Errors
///
/// When something is missing, does not start, or a record has no outcome in the metrics. Whatever was started
/// is stopped before this returns.
pub async fn run(args: &args::Demo) -> Result<(), Error> {
    let file = match (&args.file, args.records) {
        (Some(path), _) => File::read(path)?,
        (None, Some(records)) => File::generated(records),
        (None, None) => File::shipped(),
    };
    let workspace = Workspace::find()?;
    let report = args
        .report
        .clone()
        .unwrap_or_else(|| workspace.scratch().join("report.html"));
    let mut interrupt = Interrupt::listen()?;
    let page = Page::serve(args.port.unwrap_or(0)).await?;

    let progress = Terminal::new();
    let options = Options {
        announce: true,
        ..Options::default()
    };
    let stack = tokio::select! {
        stack = LocalStack::start(options, &progress) => stack?,
        () = interrupt.wait() => return Err(Error::Interrupted),
    };
    let demo = Demo {
        stack: &stack,
        page: &page,
        report: &report,
        since: SystemTime::now() - LEAD,
        logs: workspace.scratch(),
    };
    let outcome = tokio::select! {
        outcome = demo.first(&file, progress) => outcome,
        () = interrupt.wait() => Err(Error::Interrupted),
    };
    let outcome = match outcome {
        Ok(picture) if !args.once => tokio::select! {
            outcome = Live::new(&demo, picture).follow() => outcome,
            () = interrupt.wait() => Ok(()),
        },
        outcome => outcome.map(drop),
    };
    match outcome {
        Ok(()) => stop(stack, &mut interrupt).await,
        Err(error) => {
            abandon(stack, &mut interrupt).await;
            Err(error)
        }
    }
}

/// What the first picture and the live ones need.
#[derive(Debug)]
pub(crate) struct Demo<'a> {
    pub(crate) stack: &'a LocalStack,
    pub(crate) page: &'a Page,
    pub(crate) report: &'a Path,
    pub(crate) since: SystemTime,
    logs: PathBuf,
}

impl Demo<'_> {
    /// Uploads the file and waits until every record has its outcome.
    async fn first(&self, file: &File, progress: Terminal) -> Result<Picture, Error> {
        progress.begin(&format!(
            "uploading {} ({})",
            file.name,
            size(file.body.len())
        ));
        let uploaded = self.stack.upload(&file.name, file.body.clone()).await?;
        progress.done(&format!("s3://{}/{}", uploaded.bucket, uploaded.key));

        progress.begin("waiting for the metrics");
        let settled = self.wait(file, &progress).await;
        if let Ok(series) = &settled {
            progress.done(&totals(series));
        }
        drop(progress);
        match settled {
            Ok(series) => {
                let picture = self.picture(series);
                self.show(&picture)?;
                self.conclude(&picture);
                Ok(picture)
            }
            Err(WaitError::Unsettled { patience, last }) => {
                let picture = self.picture(last);
                self.show(&picture)?;
                self.conclude(&picture);
                let missing = Balance::of(&picture).missing(file.records);
                Err(Error::Shortfall {
                    missing: missing.unwrap_or_else(|| "the metrics still change".into()),
                    seconds: patience.as_secs(),
                    logs: self.logs.clone(),
                })
            }
            Err(WaitError::Read(error)) => Err(error.into()),
        }
    }

    async fn wait(&self, file: &File, progress: &Terminal) -> Result<Vec<Series>, WaitError> {
        let records = u64::try_from(file.body.len() / BYTES_PER_SECOND).unwrap_or(0);
        let patience = Patience {
            at_most: PATIENCE + Duration::from_secs(records),
            quiet: if file.records.is_some() {
                QUIET
            } else {
                QUIET_UNKNOWN
            },
        };
        let mut shown = Vec::new();
        let settled = |series: &[Series]| {
            if shown != series {
                shown = series.to_vec();
                progress.detail(&totals(series));
                self.page.show(self.picture(series.to_vec()));
            }
            Balance::of(&self.picture(series.to_vec()))
                .missing(file.records)
                .is_none()
        };
        let (client, namespace) = (self.cloudwatch(), NAMESPACE);
        metrics::wait_for(
            &client,
            namespace,
            self.since,
            PERIOD_SECONDS,
            patience,
            settled,
        )
        .await
    }

    /// Reads the metrics once.
    pub(crate) async fn read(&self) -> Result<Picture, metrics::ReadError> {
        let (client, namespace) = (self.cloudwatch(), NAMESPACE);
        metrics::read(&client, namespace, self.since, PERIOD_SECONDS)
            .await
            .map(|series| self.picture(series))
    }

    /// Puts a picture where browsers find it: on the live page and into the report.
    pub(crate) fn show(&self, picture: &Picture) -> Result<(), Error> {
        self.page.show(picture.clone());
        let failed = |source| Error::WriteReport {
            path: self.report.into(),
            source,
        };
        if let Some(directory) = self.report.parent() {
            fs::create_dir_all(directory).map_err(failed)?;
        }
        fs::write(self.report, report::html(picture)).map_err(failed)
    }

    fn conclude(&self, picture: &Picture) {
        let look = Look::of_stdout();
        let mut lines = vec![String::new()];
        lines.extend(graph::lines(picture, &look));
        lines.push(String::new());
        lines.extend(table::lines(picture, &look));
        lines.push(String::new());
        lines.push(format!(
            "  report  {}",
            look.paint(Style::Bold, &self.report.display().to_string())
        ));
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

    fn cloudwatch(&self) -> aws_sdk_cloudwatch::Client {
        aws_sdk_cloudwatch::Client::new(self.stack.sdk_config())
    }
}

/// Ends everything that was started and removes what it wrote; a second signal does not wait for it.
async fn stop(stack: LocalStack, interrupt: &mut Interrupt) -> Result<(), Error> {
    let progress = Terminal::new();
    progress.begin("stopping everything");
    tokio::select! {
        stopped = stack.stop() => {
            stopped?;
            progress.done("nothing is left running");
            Ok(())
        }
        () = interrupt.wait() => leave(progress),
    }
}

/// Ends everything that was started and keeps what it wrote, the logs above all.
async fn abandon(stack: LocalStack, interrupt: &mut Interrupt) {
    let progress = Terminal::new();
    progress.begin("stopping everything");
    tokio::select! {
        _ = tokio::task::spawn_blocking(|| drop(stack)) => progress.done("nothing is left running"),
        () = interrupt.wait() => leave(progress),
    }
}

/// Ends this process at once; the supervisor of the AWS endpoint notices and kills what still runs.
fn leave(progress: Terminal) -> ! {
    drop(progress);
    screen::tell("killed; the last processes end within two seconds\n");
    std::process::exit(130)
}

/// `S3RecordsReceived 5, TTEventPublished 5, ..`.
pub(crate) fn totals(series: &[Series]) -> String {
    let totals = series
        .iter()
        .map(|one| format!("{} {}", one.name, one.total()));
    totals.collect::<Vec<_>>().join(", ")
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
    use super::{NAMESPACE, size, totals};
    use crate::picture::tests::five_records;

    #[test]
    fn the_wait_shows_all_five_sums() {
        assert_eq!(
            totals(&five_records().series),
            "S3RecordsReceived 5, TTEventPublished 5, TTEventFailed 0, SFCaseCreated 5, SFCaseFailed 0"
        );
    }

    #[test]
    fn the_namespace_is_the_default_of_the_template() {
        let template = include_str!("../../template.yaml");
        let parameter = template
            .split("MetricNamespace:")
            .nth(1)
            .unwrap_or_default();
        let default = parameter
            .lines()
            .find_map(|line| line.trim().strip_prefix("Default: "));
        assert_eq!(default, Some(NAMESPACE));
    }

    #[test]
    fn a_size_has_a_unit() {
        assert_eq!(
            [6, 12_345, 100_000_000].map(size),
            ["6 bytes", "12 kB", "100 MB"]
        );
    }
}
