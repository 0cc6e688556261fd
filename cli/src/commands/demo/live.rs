//! The demo without `--once`: the graph is redrawn when the metrics change, until a signal ends the demo.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use super::first_upload::{Demo, ROWS_AROUND, print_graph};
use crate::{
    commands::error::Error,
    report::{graph, metrics, summary::Summary},
    terminal::{
        drawn::Drawn,
        screen::{self, Style, Terminal},
    },
};

/// How often the metrics are read.
const POLL: Duration = Duration::from_secs(1);
/// How often the time axis is redrawn without a change.
const REDRAW: Duration = Duration::from_secs(5);
/// How many reads in a row may fail, for example on a busy machine.
const MAX_FAILURES: u32 = 5;

/// Follows the metrics; returns only when they can no longer be read or shown.
pub(super) async fn follow(demo: &Demo<'_>, mut summary: Summary) -> Result<(), Error> {
    let terminal = Terminal::of_stdout();
    if !terminal.interactive {
        print_graph(&summary);
    }
    demo.print_sums(&summary);
    screen::print_lines(&instructions(demo, &terminal));
    let mut drawn = Drawn::default();
    if terminal.interactive {
        drawn.draw(&lines(demo, &summary, terminal), terminal);
    }
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut failures, mut drawn_at) = (0, Instant::now());
    loop {
        ticks.tick().await;
        let latest = match demo.read().await {
            Ok(latest) => latest,
            Err(_) if failures < MAX_FAILURES && demo.stack.ended().is_none() => {
                failures += 1;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        failures = 0;
        let changed = latest.series != summary.series;
        if changed || drawn_at.elapsed() >= REDRAW {
            drawn_at = Instant::now();
            summary = demo.with_failures(latest).await;
            demo.publish(&summary)?;
            let terminal = Terminal::of_stdout();
            if terminal.interactive {
                drawn.redraw(&lines(demo, &summary, terminal), terminal);
            } else if changed {
                screen::print(&format!("{}\n", metrics::totals(&summary.series)));
            }
        }
    }
}

fn instructions(demo: &Demo<'_>, terminal: &Terminal) -> Vec<String> {
    let rows = [
        ("live page", demo.page.url()),
        ("Salesforce", demo.stack.cases_url()),
        (
            "more records",
            "cargo tt upload FILE   (in another terminal)".into(),
        ),
        ("to stop", "Ctrl-C".into()),
        (
            "AWS CLI",
            format!("export AWS_ENDPOINT_URL={}", demo.stack.endpoint()),
        ),
        ("", "export AWS_REGION=us-east-1".into()),
        (
            "",
            "export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test".into(),
        ),
    ];
    let rows = rows.iter().map(|(name, value)| {
        let name = terminal.paint(Style::Dim, &format!("{name:<12}"));
        format!("  {name}  {value}")
    });
    [String::new()].into_iter().chain(rows).collect()
}

/// At most one screen, so that all of it can be redrawn.
fn lines(demo: &Demo<'_>, summary: &Summary, terminal: Terminal) -> Vec<String> {
    let rows = terminal.rows.saturating_sub(ROWS_AROUND);
    let mut lines = vec![String::new()];
    lines.extend(graph::lines(summary, &Terminal { rows, ..terminal }));
    lines.push(String::new());
    let footer = format!("  {}  Ctrl-C stops", demo.page.url());
    lines.push(terminal.paint(Style::Dim, &footer));
    lines
}
