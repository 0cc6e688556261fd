//! The demo that stays up: the picture follows the metrics until someone stops it.

use std::time::Duration;

use aws_config::Region;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::running::{ROWS_AROUND, Running, print_graph};
use crate::{
    balance::Balance,
    error::Error,
    graph,
    picture::Picture,
    screen::{self, Look, Style},
};

/// How often the metrics are read.
const POLL: Duration = Duration::from_secs(1);
/// How often the time axis moves on when nothing happens.
const REDRAW: Duration = Duration::from_secs(5);
/// Readings that may fail in a row: the machine may be busy.
const FAILURES: u32 = 5;

/// A picture that is drawn again in place.
#[derive(Debug)]
pub(super) struct Live<'a> {
    running: &'a Running<'a>,
    picture: Picture,
    /// Lines on the screen, and the terminal they were drawn for.
    drawn: Option<(usize, Look)>,
}

impl<'a> Live<'a> {
    pub(super) fn new(running: &'a Running<'a>, picture: Picture) -> Self {
        Self {
            running,
            picture,
            drawn: None,
        }
    }

    /// Follows the metrics; ends only when they can't be read or shown any more.
    pub(super) async fn follow(mut self) -> Result<(), Error> {
        let look = Look::of_stdout();
        if !look.interactive {
            print_graph(&self.picture);
        }
        self.running.print_sums(&self.picture);
        screen::print_lines(&self.instructions(&look));
        if look.interactive {
            self.draw(&look);
        }
        let mut ticks = interval(POLL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut failures, mut drawn_at) = (0, Instant::now());
        loop {
            ticks.tick().await;
            let picture = match self.running.read().await {
                Ok(picture) => picture,
                Err(_) if failures < FAILURES && self.running.stack.ended().is_none() => {
                    failures += 1;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            failures = 0;
            let changed = picture.series != self.picture.series;
            if changed || drawn_at.elapsed() >= REDRAW {
                drawn_at = Instant::now();
                self.picture = picture;
                self.running.show(&self.picture)?;
                self.redraw(changed);
            }
        }
    }

    fn instructions(&self, look: &Look) -> Vec<String> {
        let stack = self.running.stack;
        let region = stack
            .sdk_config()
            .region()
            .map_or("us-east-1", Region::as_ref);
        let endpoint = stack.endpoint();
        let rows = [
            ("live page", self.running.page.url()),
            ("Salesforce", stack.cases_url()),
            (
                "more records",
                "cargo tt upload FILE   (in another terminal)".into(),
            ),
            ("to stop", "Ctrl-C".into()),
            ("aws command", format!("export AWS_ENDPOINT_URL={endpoint}")),
            ("", format!("export AWS_REGION={region}")),
            (
                "",
                "export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test".into(),
            ),
        ];
        let rows = rows.iter().map(|(name, value)| {
            format!(
                "  {}  {value}",
                look.paint(Style::Dim, &format!("{name:<12}"))
            )
        });
        [String::new()].into_iter().chain(rows).collect()
    }

    fn redraw(&mut self, changed: bool) {
        let look = Look::of_stdout();
        if look.interactive {
            match self.drawn {
                // The cursor stands below what was drawn last.
                Some((lines, drawn_for)) if drawn_for == look => {
                    screen::print(&format!("\x1b[{lines}A\r\x1b[J"));
                }
                // A terminal of another size has wrapped what was drawn: start on a clear screen.
                _ => screen::print("\x1b[2J\x1b[H"),
            }
            self.draw(&look);
        } else if changed {
            screen::print(&format!("{}\n", Balance::of(&self.picture)));
        }
    }

    /// Draws at most one screen, so that all of it can be drawn again.
    fn draw(&mut self, look: &Look) {
        let rows = look.rows.saturating_sub(ROWS_AROUND);
        let mut lines = vec![String::new()];
        lines.extend(graph::lines(&self.picture, &Look { rows, ..*look }));
        lines.push(String::new());
        let below = format!("  {}  Ctrl-C stops", self.running.page.url());
        lines.push(look.paint(Style::Dim, &below));
        self.drawn = Some((lines.len(), *look));
        screen::print_lines(&lines);
    }
}
