//! `cargo tt graph`: one reading of the metrics of the demo that runs in another terminal.

use std::time::{Duration, SystemTime};

use crate::{
    demo::{NAMESPACE, PERIOD_SECONDS},
    error::Error,
    graph, metrics,
    picture::{LONGEST_WINDOW, Picture},
    screen::{self, Look},
    stack::state::State,
    table,
};

/// Space between the axis and the first bar.
const LEAD: Duration = Duration::from_secs(2);

/// Reads the metrics and prints them as a graph and a table.
///
/// # Errors
///
/// When no demo runs, or CloudWatch does not answer.
pub async fn run() -> Result<(), Error> {
    let state = State::find()?;
    let client = aws_sdk_cloudwatch::Client::new(&state.sdk_config());
    let now = SystemTime::now();
    let hour = now - LONGEST_WINDOW;
    let series = metrics::read(&client, NAMESPACE, hour, PERIOD_SECONDS).await?;
    let first = series
        .iter()
        .flat_map(|series| &series.points)
        .map(|(at, _)| *at)
        .min();
    let picture = Picture {
        namespace: NAMESPACE.into(),
        endpoint: state.endpoint,
        series,
        from: first.map_or(now, |first| first - LEAD),
        read_at: now,
        period_seconds: PERIOD_SECONDS,
        cases: None,
    };
    let look = Look::of_stdout();
    screen::print_lines(&graph::lines(&picture, &look));
    screen::print("\n");
    screen::print_lines(&table::lines(&picture, &look));
    Ok(())
}
