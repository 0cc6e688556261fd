//! `cargo tt graph`: reads metrics of the running demo, a stack or a namespace, and prints them.

use std::{
    collections::BTreeSet,
    env, fs,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use tokio::time::sleep;

use super::{error::Error, picture, sources};
use crate::{
    account::Account,
    args::{self, GivenStatistic},
    catalogue::Catalogue,
    operate::{ENDPOINT, Endpoint},
    report::{
        balance,
        failures::{self, Failures},
        graph,
        html::document,
        metrics::{self, Metric, Query, Statistic},
        summary::{Origin, Summary},
        table,
    },
    settings::Funnel,
    stack::{self, RunningStack},
    terminal::{
        drawn::Drawn,
        screen::{self, Style, Terminal},
    },
};

/// Space between the axis and the first bar.
const MARGIN: Duration = Duration::from_secs(2);
/// The most metrics of one graph.
const MAX_METRICS: usize = 40;
/// Rows of the terminal around a graph that is redrawn.
const ROWS_AROUND: usize = 5;
/// How often the local stack is read.
const POLL_LOCAL: Duration = Duration::from_secs(1);
/// How often AWS is read, which charges each metric that is read.
const POLL_AWS: Duration = Duration::from_secs(15);

/// How long `CloudWatch` keeps periods of each length on AWS, and the length in seconds:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention>.
const RETENTION: [(Duration, i32); 2] = [
    (Duration::from_hours(15 * 24), 60),
    (Duration::from_hours(63 * 24), 300),
];
/// The period of older metrics, in seconds.
const LONGEST_PERIOD: i32 = 3600;
/// How far back the local stack is read by seconds.
const LONGEST_SECONDS: Duration = Duration::from_hours(3);

/// What is read, from where.
struct Reader {
    origin: Origin,
    cloudwatch: aws_sdk_cloudwatch::Client,
    /// The client and bucket of failed records.
    stored: Option<(aws_sdk_s3::Client, String)>,
    query: Query,
    since: Duration,
    funnel: Arc<Funnel>,
}

/// Reads the metrics and prints a graph and a table, JSON, or a page.
pub(super) async fn run(args: &args::Graph) -> Result<(), Error> {
    let mut reader = Reader::new(args).await?;
    if !args.json {
        screen::print(&format!("{}\n", reader.origin.line()));
    }
    let left_out = reader.choose(args).await?;
    if left_out > 0 {
        screen::print_status(&format!(
            "{left_out} more metrics; choose with `--metric`\n"
        ));
    }
    if args.live {
        return reader.follow().await;
    }
    let summary = reader.read().await?;
    if args.json {
        screen::print(&format!("{:#}\n", json(&summary)));
    } else {
        print(&summary);
    }
    let page = || document::file(&summary);
    if let Some(path) = &args.html {
        fs::write(path, page()).map_err(|source| Error::WriteReport {
            path: path.clone(),
            source,
        })?;
        screen::print_status(&format!("page: {}\n", path.display()));
    }
    if let Some(path) = &args.png {
        picture::draw(&page(), path).await?;
        screen::print_status(&format!("picture: {}\n", path.display()));
    }
    Ok(())
}

impl Reader {
    async fn new(args: &args::Graph) -> Result<Self, Error> {
        let (_, funnel) = sources::programs_and_settings(&args.program, args.settings.as_deref())?;
        let bucket_id = funnel
            .failed_records
            .as_ref()
            .map(|records| records.bucket.clone());
        let mut query = Query::since(SystemTime::now());
        let (origin, sdk, bucket);
        if args.stack.is_none() && args.namespace.is_none() {
            let demo = RunningStack::find()?;
            (origin, sdk) = (Origin::local(&demo.endpoint), demo.sdk_config());
            bucket = Some(demo.bucket);
        } else {
            let endpoint = Endpoint::choose(
                args.endpoint.as_deref(),
                env::var(ENDPOINT).ok(),
                RunningStack::find,
            )?;
            let account = Account::at(&endpoint).await?;
            let stack = match &args.stack {
                Some(name) => Some(account.stack(name).await?),
                None => None,
            };
            query.namespace = match (&args.namespace, &stack) {
                (Some(namespace), _) => namespace.clone(),
                (None, Some(stack)) => account.namespace(stack).await?,
                (None, None) => query.namespace,
            };
            let id = match stack.as_ref().and_then(|stack| stack.account.clone()) {
                Some(id) => Some(id),
                None => account.id().await,
            };
            origin = Origin {
                account: id,
                region: account.region.clone(),
                endpoint: account.endpoint().map(str::to_owned),
                stack: args.stack.clone(),
            };
            let resource = |id: &String| stack.as_ref()?.resource(id).map(str::to_owned);
            bucket = bucket_id.as_ref().and_then(resource);
            sdk = account.sdk;
        }
        query.period_seconds = period(args.since, origin.is_local());
        Ok(Self {
            origin,
            cloudwatch: aws_sdk_cloudwatch::Client::new(&sdk),
            stored: bucket.map(|bucket| (stack::s3(&sdk), bucket)),
            query,
            since: args.since,
            funnel: Arc::new(funnel),
        })
    }

    /// Chooses the metrics: of the catalogue if the namespace has any of them, then all others. Returns how many are left
    /// out.
    async fn choose(&mut self, args: &args::Graph) -> Result<usize, Error> {
        let namespace = &self.query.namespace;
        let listed = metrics::list(&self.cloudwatch, namespace).await?;
        let catalogue = if args.program.is_empty() {
            Catalogue::of_this_workspace()
        } else {
            Catalogue::read(&args.program)?
        };
        let statistic = match args.statistic {
            GivenStatistic::Sum => Statistic::Sum,
            GivenStatistic::Maximum => Statistic::Maximum,
        };
        let is_known = !args.program.is_empty() || args.stack.is_none() && args.namespace.is_none();
        let mut metrics = of_namespace(listed, &catalogue, &self.funnel, statistic, is_known);
        if !args.metric.is_empty() {
            metrics.retain(|metric| args.metric.iter().any(|name| *name == metric.name));
        }
        if metrics.is_empty() {
            return Err(Error::NoMetrics {
                namespace: namespace.clone(),
                filtered: !args.metric.is_empty(),
                place: self.origin.line(),
            });
        }
        let left_out = metrics.len().saturating_sub(MAX_METRICS);
        metrics.truncate(MAX_METRICS);
        self.query.metrics = metrics;
        Ok(left_out)
    }

    async fn read(&mut self) -> Result<Summary, Error> {
        let read_at = SystemTime::now();
        self.query.since = read_at - self.since;
        let series = metrics::read(&self.cloudwatch, &self.query).await?;
        let points = series.iter().flat_map(|series| &series.points);
        let first = points.map(|(at, _)| *at).min().map(|first| first - MARGIN);
        let failures = self.failures().await;
        Ok(Summary {
            namespace: self.query.namespace.clone(),
            origin: self.origin.clone(),
            series,
            // An hour with one burst would have one bar.
            from: first
                .filter(|_| self.origin.is_local())
                .unwrap_or(self.query.since),
            read_at,
            period_seconds: self.query.period_seconds,
            longest: self.since,
            cases: None,
            funnel: Arc::clone(&self.funnel),
            failures,
        })
    }

    /// The stored failed records. Not everybody who may read metrics may read the bucket, so an error is a note.
    async fn failures(&self) -> Option<Failures> {
        let (settings, (client, bucket)) =
            (self.funnel.failed_records.as_ref()?, self.stored.as_ref()?);
        match failures::read(client, bucket, settings, self.query.since).await {
            Ok(failures) => Some(failures),
            Err(error) => {
                screen::print_status(&format!("note: {error}\n"));
                None
            }
        }
    }

    /// Redraws until Ctrl-C. Without a terminal, prints the totals when they change.
    async fn follow(&mut self) -> Result<(), Error> {
        let poll = if self.origin.is_local() {
            POLL_LOCAL
        } else {
            POLL_AWS
        };
        // The page is not written, so the failed records are not needed.
        self.stored = None;
        let mut drawn = Drawn::default();
        let mut last = None;
        loop {
            let summary = tokio::select! {
                summary = self.read() => summary?,
                stopped = tokio::signal::ctrl_c() => return stopped.map_err(Error::Signals),
            };
            let terminal = Terminal::of_stdout();
            if terminal.interactive {
                let lines = screenful(&summary, terminal);
                if last.is_none() {
                    drawn.draw(&lines, terminal);
                } else {
                    drawn.redraw(&lines, terminal);
                }
            } else if last.as_ref() != Some(&summary.series) {
                screen::print(&format!("{}\n", metrics::totals(&summary.series)));
            }
            last = Some(summary.series);
            tokio::select! {
                () = sleep(poll) => {}
                stopped = tokio::signal::ctrl_c() => return stopped.map_err(Error::Signals),
            }
        }
    }
}

/// The metrics of a namespace: those of the catalogue in the order of the funnel, then the others by name.
fn of_namespace(
    listed: BTreeSet<metrics::Listed>,
    catalogue: &Catalogue,
    funnel: &Funnel,
    statistic: Statistic,
    is_known: bool,
) -> Vec<Metric> {
    let declared = catalogue.metrics();
    let has_any = declared
        .iter()
        .any(|one| listed.iter().any(|(name, _)| *name == one.metric));
    let mut metrics: Vec<Metric> = Vec::new();
    if is_known || has_any {
        let with_total = declared.iter().filter(|one| one.has_total());
        metrics.extend(with_total.map(|one| Metric::of(one)));
        // Gauges after the counters, which share a scale.
        metrics.sort_by_key(|metric| metric.statistic != Statistic::Sum);
    }
    let is_listed = |metric: &Metric| listed.contains(&(metric.name.to_string(), Vec::new()));
    if !is_known && funnel.stages.is_empty() {
        metrics.retain(is_listed);
    }
    for (name, dimensions) in listed {
        let known = metrics
            .iter()
            .any(|metric| metric.name == *name && metric.dimensions == dimensions);
        if known {
            continue;
        }
        let declared = catalogue.get(&name).filter(|_| is_known || has_any);
        metrics.push(match declared {
            Some(declared) => Metric {
                dimensions,
                ..Metric::of(declared)
            },
            None => Metric::unknown((name, dimensions), statistic),
        });
    }
    metrics
}

/// The shortest period that `CloudWatch` still has for all of the time.
fn period(since: Duration, is_local: bool) -> i32 {
    if is_local && since <= LONGEST_SECONDS {
        return 1;
    }
    let kept = RETENTION.into_iter().find(|(age, _)| since <= *age);
    kept.map_or(LONGEST_PERIOD, |(_, period)| period)
}

fn print(summary: &Summary) {
    let terminal = Terminal::of_stdout();
    screen::print_lines(&graph::lines(summary, &terminal));
    screen::print("\n");
    screen::print_lines(&table::lines(summary, &terminal));
}

/// At most one screen, so that all of it can be redrawn.
fn screenful(summary: &Summary, terminal: Terminal) -> Vec<String> {
    let rows = terminal.rows.saturating_sub(ROWS_AROUND);
    let mut lines = graph::lines(summary, &Terminal { rows, ..terminal });
    lines.truncate(rows);
    lines.extend([String::new(), terminal.paint(Style::Dim, "  Ctrl-C stops")]);
    lines
}

fn json(summary: &Summary) -> Value {
    let seconds = |at: SystemTime| at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let series = summary.series.iter().map(|series| {
        let points: Vec<(u64, f64)> = series
            .points
            .iter()
            .map(|(at, value)| (seconds(*at), *value))
            .collect();
        let dimensions: serde_json::Map<String, Value> = series
            .metric
            .dimensions
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        json!({
            "metric": series.metric.name,
            "dimensions": dimensions,
            "unit": series.metric.unit,
            "statistic": series.metric.statistic.as_str(),
            "total": series.total(),
            "points": points,
        })
    });
    let series: Vec<Value> = series.collect();
    let equations = balance::equations(&summary.funnel, &summary.series, summary.cases);
    let identities: Vec<Value> = equations
        .iter()
        .map(|equation| json!({ "text": equation.text, "words": equation.words, "holds": equation.holds }))
        .collect();
    let failures = summary.failures.as_ref().map(|failures| {
        let reasons = failures.reasons.iter();
        let reasons: Vec<Value> = reasons
            .map(|reason| json!({ "reason": reason.text, "records": reason.records, "keys": reason.keys }))
            .collect();
        json!({ "bucket": failures.bucket, "reasons": reasons, "objects_not_read": failures.unread })
    });
    json!({
        "account": summary.origin.account,
        "region": summary.origin.region,
        "endpoint": summary.origin.endpoint,
        "stack": summary.origin.stack,
        "namespace": summary.namespace,
        "from": seconds(summary.from),
        "read_at": seconds(summary.read_at),
        "period_seconds": summary.period_seconds,
        "series": series,
        "identities": identities,
        "failures": failures,
    })
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, time::Duration};

    use super::{of_namespace, period};
    use crate::{
        catalogue::{Catalogue, tests::orders},
        report::metrics::Statistic,
        settings::Funnel,
    };

    fn listed(names: &[(&str, &[(&str, &str)])]) -> BTreeSet<crate::report::metrics::Listed> {
        let owned = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect()
        };
        names
            .iter()
            .map(|(name, dimensions)| ((*name).to_owned(), owned(dimensions)))
            .collect()
    }

    fn labels(
        listed: BTreeSet<crate::report::metrics::Listed>,
        catalogue: &Catalogue,
        is_known: bool,
    ) -> Vec<String> {
        let metrics = of_namespace(
            listed,
            catalogue,
            &Funnel::default(),
            Statistic::Maximum,
            is_known,
        );
        metrics
            .iter()
            .map(|metric| format!("{} {}", metric.label(), metric.statistic.as_str()))
            .collect()
    }

    #[test]
    fn metrics_of_another_namespace_have_nothing_of_the_catalogue() {
        let listed = listed(&[("Duration", &[("FunctionName", "f")]), ("Errors", &[])]);
        let expected = ["Duration {FunctionName=f} Maximum", "Errors Maximum"];
        assert_eq!(labels(listed, &orders(), false), expected);
    }

    #[test]
    fn metrics_of_the_catalogue_are_first() {
        let listed = listed(&[
            ("ColdStart", &[]),
            ("OrderShipped", &[]),
            ("OrderShipped", &[("Country", "CH")]),
        ]);
        let expected = [
            "OrderShipped Sum",
            "ColdStart Maximum",
            "OrderShipped {Country=CH} Sum",
        ];
        assert_eq!(labels(listed.clone(), &orders(), false), expected);
        let of_program = labels(listed, &orders(), true);
        let new = ["OrderShipped Sum", "OrderRejected Sum", "PagesRead Sum"];
        assert_eq!(of_program[..3], new, "a new metric is not listed yet");
    }

    #[test]
    fn period_is_the_shortest_that_is_kept() {
        let hours = |hours| Duration::from_hours(hours);
        let periods = [hours(1), hours(24 * 15), hours(24 * 16), hours(24 * 90)]
            .map(|since| period(since, false));
        assert_eq!(periods, [60, 60, 300, 3600]);
        assert_eq!([period(hours(1), true), period(hours(4), true)], [1, 60]);
    }
}
