//! Uploads a file and compares the growth of the metrics with what the file must cause.

pub mod expectation;

use std::{
    path::PathBuf,
    time::{Duration, Instant, SystemTime},
};

use aws_sdk_cloudwatch::{
    Client,
    primitives::DateTime,
    types::{Metric, MetricDataQuery, MetricStat, StateValue},
};
use serde::Serialize;

use super::{
    error::Error,
    live::{self, Function, Resource},
    settings::{Expected, Identity, Settings, Verify},
    target::Target,
};
use crate::{file::File, terminal::progress::Progress};
use expectation::{Outcome, Report, Sums};

const ALARM: &str = "AWS::CloudWatch::Alarm";
const DASHBOARD: &str = "AWS::CloudWatch::Dashboard";
/// The length of a period: metrics of standard resolution have one value a minute.
const PERIOD_SECONDS: i32 = 60;
/// How long before the upload the sums begin. Traffic in this time is compared, too.
const BEFORE: Duration = Duration::from_mins(5);
/// Replaced by the id of the run.
const RUN: &str = "{run}";

/// How to verify.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The file; that of the settings if it is absent.
    pub file: Option<PathBuf>,
    /// Expected growth of metrics, in addition to those of the settings.
    pub expect: Vec<Expected>,
    /// The longest wait for the metrics.
    pub timeout: Option<Duration>,
}

/// An upload and its expectations.
#[derive(Debug, Clone)]
pub struct Check {
    settings: Verify,
    identities: Vec<Identity>,
    expect: Vec<Expected>,
    file: File,
    timeout: Option<Duration>,
}

/// The result.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    /// The id of the run, which is a part of the object key.
    pub run: String,
    /// The address of the uploaded object.
    pub object: String,
    /// The namespace of the metrics.
    pub namespace: String,
    /// Expected and seen.
    #[serde(flatten)]
    pub report: Report,
    /// The alarms of the stack and their states.
    pub alarms: Vec<Alarm>,
    /// Pages of the console; none for a local stack.
    pub links: Vec<String>,
    /// From the upload to the last metric.
    pub seconds: u64,
}

/// An alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
}

impl Check {
    /// Reads the file and the expectations.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or nothing is expected of it.
    pub fn new(settings: &Settings, options: Options) -> Result<Self, Error> {
        let verify = settings.verify.clone().ok_or(Error::NoVerify)?;
        if options.file.is_some() && options.expect.is_empty() {
            return Err(Error::OtherFile);
        }
        // The settings have the counts of their own file.
        let defaults = if options.file.is_some() {
            Vec::new()
        } else {
            verify.expect.clone()
        };
        let expect = expectation::merged(defaults, options.expect);
        if expect.is_empty() {
            return Err(Error::NothingExpected);
        }
        let path = options.file;
        let path = path.unwrap_or_else(|| settings.directory.join(&verify.file));
        Ok(Self {
            file: File::read(&path)?,
            settings: verify,
            identities: settings.identities.clone(),
            expect,
            timeout: options.timeout,
        })
    }

    /// What the upload does, for the question before it.
    pub fn effect(&self) -> String {
        let name = &self.file.name;
        self.settings.creates.as_ref().map_or_else(
            || format!("uploads {name}, which the functions process as every other file"),
            |creates| format!("uploads {name}, which creates {creates}"),
        )
    }

    /// The names of the metrics that the result refers to.
    fn metrics(&self) -> Vec<String> {
        let identities = self.identities.iter();
        let in_identities = identities.flat_map(|one| one.parts.iter().chain([&one.whole]));
        let expected = self.expect.iter().map(|one| &one.metric);
        let names = expected.chain(&self.settings.traffic).chain(in_identities);
        let mut found: Vec<String> = Vec::new();
        for name in names {
            if !found.contains(name) {
                found.push(name.clone());
            }
        }
        found
    }

    fn report(&self, before: &Sums, after: &Sums) -> Report {
        let traffic = self.settings.traffic.as_deref();
        Report::of(&self.expect, &self.identities, traffic, before, after)
    }
}

/// Uploads the file, waits for the metrics, and compares them.
///
/// # Errors
///
/// When the stack cannot be read or S3 refuses the file. Metrics that are not as expected are no error here.
pub async fn run(
    target: &Target,
    check: &Check,
    progress: &dyn Progress,
) -> Result<Verified, Error> {
    let resources = live::resources(target).await?;
    let functions = live::functions(target, &resources).await?;
    let namespace = namespace(&functions)?;
    let bucket = live::physical_id(target, &resources, &check.settings.bucket)?;
    let metrics = check.metrics();
    let reader = Reader {
        client: Client::new(target.sdk()),
        namespace,
        metrics: &metrics,
        since: SystemTime::now() - BEFORE,
    };
    let run = run_id(SystemTime::now());

    progress.begin("reading the metrics before the upload");
    let before = reader.sums().await?;
    progress.done("");

    progress.begin(&format!("uploading {} as run {run}", check.file.name));
    let key = format!("{}{run}-{}", check.settings.prefix, check.file.name);
    let put = target.s3().put_object().bucket(bucket).key(&key);
    put.body(with_run(&check.file.body, &run).into())
        .send()
        .await
        .map_err(Error::aws(format!("upload {key} to {bucket}")))?;
    progress.done("");

    progress.begin("waiting for the metrics");
    let uploaded_at = Instant::now();
    let report = wait(target, check, &reader, &before, progress).await?;
    let seconds = uploaded_at.elapsed().as_secs();
    if report.passed {
        progress.done("");
    } else {
        progress.failed("not as expected");
    }
    Ok(Verified {
        object: format!("s3://{bucket}/{key}"),
        namespace: namespace.to_owned(),
        report,
        alarms: alarms(target, &resources).await?,
        links: links(target, namespace, &resources),
        run,
        seconds,
    })
}

/// Reads until the growth is at least as expected and stays the same, or is certainly wrong.
async fn wait(
    target: &Target,
    check: &Check,
    reader: &Reader<'_>,
    before: &Sums,
    progress: &dyn Progress,
) -> Result<Report, Error> {
    // Values of the functions reach CloudWatch at different times.
    let (poll, quiet, timeout) = if target.is_local {
        (
            Duration::from_millis(500),
            Duration::from_secs(2),
            Duration::from_mins(1),
        )
    } else {
        (
            Duration::from_secs(5),
            Duration::from_secs(30),
            Duration::from_mins(5),
        )
    };
    let timeout = check.timeout.unwrap_or(timeout);
    let started_at = Instant::now();
    let mut last = reader.sums().await?;
    let mut unchanged_since = Instant::now();
    loop {
        let report = check.report(before, &last);
        progress.detail(&report.summary());
        let is_decided = report.is_complete
            || report
                .metrics
                .iter()
                .any(|one| one.outcome == Outcome::Unexpected);
        let is_quiet = unchanged_since.elapsed() >= quiet;
        if (is_decided && is_quiet) || started_at.elapsed() >= timeout {
            return Ok(report);
        }
        tokio::time::sleep(poll).await;
        let next = reader.sums().await?;
        if next != last {
            last = next;
            unchanged_since = Instant::now();
        }
    }
}

/// The one namespace of the functions.
fn namespace(functions: &[Function]) -> Result<&str, Error> {
    let mut names = functions
        .iter()
        .filter_map(|function| function.namespace.as_deref());
    let first = names.next().ok_or(Error::NoNamespace)?;
    if names.any(|name| name != first) {
        return Err(Error::NoNamespace);
    }
    Ok(first)
}

struct Reader<'a> {
    client: Client,
    namespace: &'a str,
    metrics: &'a [String],
    since: SystemTime,
}

impl Reader<'_> {
    /// The sum of each metric since `since`.
    async fn sums(&self) -> Result<Sums, Error> {
        let queries = self.metrics.iter().enumerate().map(|(index, name)| {
            let metric = Metric::builder()
                .namespace(self.namespace)
                .metric_name(name)
                .build();
            let stat = MetricStat::builder()
                .metric(metric)
                .period(PERIOD_SECONDS)
                .stat("Sum")
                .build();
            MetricDataQuery::builder()
                .id(format!("m{index}"))
                .metric_stat(stat)
                .return_data(true)
                .build()
        });
        let period = Duration::from_secs(PERIOD_SECONDS.unsigned_abs().into());
        // CloudWatch returns a period only if its start is in the range.
        let mut pages = self
            .client
            .get_metric_data()
            .set_metric_data_queries(Some(queries.collect()))
            .start_time(DateTime::from(start_of_minute(self.since)))
            .end_time(DateTime::from(SystemTime::now() + period))
            .into_paginator()
            .send();
        let mut sums: Sums = self.metrics.iter().map(|name| (name.clone(), 0)).collect();
        while let Some(page) = pages.next().await {
            let action = format!("read the metrics of `{}`", self.namespace);
            let page = page.map_err(Error::aws(action))?;
            for result in page.metric_data_results() {
                let index = result
                    .id()
                    .and_then(|id| id.strip_prefix('m')?.parse::<usize>().ok());
                let name = index.and_then(|index| self.metrics.get(index));
                if let Some(sum) = name.and_then(|name| sums.get_mut(name)) {
                    *sum += expectation::whole(result.values().iter().sum());
                }
            }
        }
        Ok(sums)
    }
}

fn start_of_minute(at: SystemTime) -> SystemTime {
    let seconds = at
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds - seconds % 60)
}

/// For example `verify-20261201T153000Z-1a2b`. The process id distinguishes runs of the same second.
fn run_id(at: SystemTime) -> String {
    let at = jiff::Timestamp::try_from(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let time = at.strftime("%Y%m%dT%H%M%SZ");
    format!("verify-{time}-{:04x}", std::process::id() & 0xffff)
}

/// The file with the id of the run. A file that is not text is not changed.
fn with_run(body: &[u8], run: &str) -> Vec<u8> {
    let text = std::str::from_utf8(body);
    text.map_or_else(
        |_| body.to_vec(),
        |text| text.replace(RUN, run).into_bytes(),
    )
}

async fn alarms(target: &Target, resources: &[Resource]) -> Result<Vec<Alarm>, Error> {
    let names = resources.iter().filter(|resource| resource.kind == ALARM);
    let names: Vec<String> = names.map(|resource| resource.physical_id.clone()).collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let described = Client::new(target.sdk())
        .describe_alarms()
        // More than 100 names are refused.
        .set_alarm_names(Some(names.into_iter().take(100).collect()))
        .send()
        .await
        .map_err(Error::aws("read the alarms"))?;
    let alarms = described.metric_alarms().iter().map(|alarm| Alarm {
        name: alarm.alarm_name().unwrap_or_default().to_owned(),
        state: alarm
            .state_value()
            .map_or("unknown", StateValue::as_str)
            .to_owned(),
    });
    Ok(alarms.collect())
}

/// Pages of the `CloudWatch` console: the metrics of the namespace and the dashboards of the stack.
fn links(target: &Target, namespace: &str, resources: &[Resource]) -> Vec<String> {
    if target.is_local || target.partition != "aws" {
        return Vec::new();
    }
    let region = &target.region;
    let console =
        format!("https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#");
    // The console escapes with `*` in this part of the address.
    let namespace: String = namespace
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_string()
            } else {
                format!("*{:02x}", u32::from(c))
            }
        })
        .collect();
    let metrics = format!("{console}metricsV2:graph=~();query=~'{namespace}");
    let dashboards = resources
        .iter()
        .filter(|resource| resource.kind == DASHBOARD);
    let dashboards =
        dashboards.map(|one| format!("{console}dashboards/dashboard/{}", one.physical_id));
    [metrics].into_iter().chain(dashboards).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn run_id_is_in_the_file_and_sorts_by_time() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_mins(29_935_650);
        let run = run_id(at);
        assert!(run.starts_with("verify-20261201T153000Z-"), "{run}");
        assert_eq!(with_run(b"{run}-1,{run}", "a"), b"a-1,a");
        assert_eq!(with_run(b"\xff{run}", "a"), b"\xff{run}");
    }

    #[test]
    fn sums_begin_at_the_start_of_a_period() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(start_of_minute(at(179)), at(120));
        assert_eq!(start_of_minute(at(180)), at(180));
    }

    fn settings() -> Settings {
        Settings::load(None, Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    #[test]
    fn file_of_this_repository_has_the_expected_number_of_marked_records() {
        let check = Check::new(&settings(), Options::default()).unwrap();
        let received = check
            .expect
            .iter()
            .find(|one| one.metric == "S3RecordsReceived");
        let text = String::from_utf8(with_run(&check.file.body, "verify-1")).unwrap();
        let rows: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(received.map(|one| one.count), Some(rows.len() as u64));
        assert!(
            rows.iter().all(|row| row.matches("verify-1").count() >= 2),
            "{text}"
        );
        assert!(check.effect().contains("Salesforce"), "{}", check.effect());
    }

    #[test]
    fn another_file_needs_its_own_expectations() {
        let options = Options {
            file: Some("Cargo.toml".into()),
            ..Options::default()
        };
        assert!(matches!(
            Check::new(&settings(), options),
            Err(Error::OtherFile)
        ));
        let nothing = Check::new(&Settings::default(), Options::default());
        assert!(matches!(nothing, Err(Error::NoVerify)));
    }
}
