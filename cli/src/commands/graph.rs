//! `cargo tt graph`: reads the metrics of the running demo once and prints them.

use std::time::{Duration, SystemTime};

use super::error::Error;
use crate::{
    report::{
        graph,
        metrics::{self, Query},
        summary::{LONGEST_WINDOW, Summary},
        table,
    },
    stack::RunningStack,
    terminal::screen::{self, Terminal},
};

/// Space between the axis and the first bar.
const MARGIN: Duration = Duration::from_secs(2);

/// Reads the metrics and prints a graph and a table.
pub(super) async fn run(_args: &crate::args::Graph) -> Result<(), Error> {
    let stack = RunningStack::find()?;
    let client = aws_sdk_cloudwatch::Client::new(&stack.sdk_config());
    let now = SystemTime::now();
    let query = Query::since(now - LONGEST_WINDOW);
    let series = metrics::read(&client, &query).await?;
    let points = series.iter().flat_map(|series| &series.points);
    let first = points.map(|(at, _)| *at).min();
    let summary = Summary {
        namespace: query.namespace,
        endpoint: stack.endpoint,
        series,
        from: first.map_or(now, |first| first - MARGIN),
        read_at: now,
        period_seconds: query.period_seconds,
        cases: None,
    };
    let terminal = Terminal::of_stdout();
    screen::print_lines(&graph::lines(&summary, &terminal));
    screen::print("\n");
    screen::print_lines(&table::lines(&summary, &terminal));
    Ok(())
}
