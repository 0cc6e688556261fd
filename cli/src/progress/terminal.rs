//! Progress for people, as a spinner, and for log files, as lines.

use std::{
    fmt,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::Progress;
use crate::screen::{self, Look, Style};

/// How often the spinner turns.
const TURN: Duration = Duration::from_millis(100);
/// How long a log file stays without a line while a step runs; the promise is two seconds.
const HEARTBEAT: Duration = Duration::from_millis(1700);
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const SPINNER_ASCII: [&str; 4] = ["-", "\\", "|", "/"];

/// Writes to standard error: a spinner for people, plain lines for a log file.
///
/// Dropping it erases the spinner, so that an error message starts on a clean line.
pub struct Terminal {
    shared: Arc<Shared>,
    ticker: Option<JoinHandle<()>>,
}

struct Shared {
    steps: Mutex<Steps>,
    stop: Condvar,
}

/// What is going on, and what of it was last written; time comes in as an argument.
struct Steps {
    look: Look,
    current: Option<Step>,
    spoke: Instant,
    turns: usize,
    stopped: bool,
}

struct Step {
    name: String,
    detail: String,
    since: Instant,
}

impl Terminal {
    /// Starts with no step.
    pub fn new() -> Self {
        let steps = Steps::new(Look::of_stderr(), Instant::now());
        let shared = Arc::new(Shared {
            steps: Mutex::new(steps),
            stop: Condvar::new(),
        });
        let ticker = thread::Builder::new().name("progress".into()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.tick()
        });
        // Without a ticker the steps are still written, only the time between them is silent.
        Self {
            shared,
            ticker: ticker.ok(),
        }
    }
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Terminal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Terminal").finish_non_exhaustive()
    }
}

impl Progress for Terminal {
    fn begin(&self, step: &str) {
        screen::tell(&self.shared.steps().begin(step, Instant::now()));
    }

    fn detail(&self, detail: &str) {
        self.shared.steps().detail(detail);
    }

    fn done(&self, summary: &str) {
        screen::tell(&self.shared.steps().done(summary, Instant::now()));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.shared.steps().stopped = true;
        self.shared.stop.notify_all();
        if let Some(ticker) = self.ticker.take() {
            let _panicked = ticker.join();
        }
        screen::tell(self.shared.steps().erase());
    }
}

impl Shared {
    fn steps(&self) -> MutexGuard<'_, Steps> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tick(&self) {
        let mut steps = self.steps();
        while !steps.stopped {
            screen::tell(&steps.tick(Instant::now()));
            steps = match self.stop.wait_timeout(steps, TURN) {
                Ok((steps, _)) => steps,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }
}

impl Steps {
    fn new(look: Look, now: Instant) -> Self {
        Self {
            look,
            current: None,
            spoke: now,
            turns: 0,
            stopped: false,
        }
    }

    fn begin(&mut self, name: &str, now: Instant) -> String {
        let closed = if self.current.is_some() {
            self.done("", now)
        } else {
            String::new()
        };
        self.spoke = now;
        self.current = Some(Step {
            name: name.into(),
            detail: String::new(),
            since: now,
        });
        if self.look.interactive {
            closed + &self.spinner(now)
        } else {
            format!("{closed}{name} ..\n")
        }
    }

    fn detail(&mut self, detail: &str) {
        if let Some(step) = &mut self.current {
            step.detail = detail.lines().next().unwrap_or_default().trim().into();
        }
    }

    fn done(&mut self, summary: &str, now: Instant) -> String {
        self.spoke = now;
        let mark = self.look.paint(Style::Green, self.look.glyph("✓", "ok"));
        let Some(step) = self.current.take() else {
            return format!("{mark} {summary}\n");
        };
        let (erase, name) = (self.erase(), step.name);
        let time = elapsed(now - step.since);
        let room = self.look.columns.saturating_sub(time.len() + 8);
        let time = self.look.paint(Style::Dim, &time);
        if summary.is_empty() {
            format!("{erase}{mark} {name}  {time}\n")
        } else if name.chars().count() + summary.chars().count() > room {
            format!("{erase}{mark} {name}  {time}\n  {summary}\n")
        } else {
            format!("{erase}{mark} {name}: {summary}  {time}\n")
        }
    }

    /// What the passing of time makes visible.
    fn tick(&mut self, now: Instant) -> String {
        if self.look.interactive {
            self.turns = self.turns.wrapping_add(1);
            return self.spinner(now);
        }
        match &self.current {
            Some(step) if now.saturating_duration_since(self.spoke) >= HEARTBEAT => {
                self.spoke = now;
                format!("   {}\n", step.line(now))
            }
            _ => String::new(),
        }
    }

    fn spinner(&self, now: Instant) -> String {
        let Some(step) = &self.current else {
            return String::new();
        };
        let frames: &[&str] = if self.look.unicode {
            &SPINNER
        } else {
            &SPINNER_ASCII
        };
        let frame = frames
            .get(self.turns % frames.len())
            .copied()
            .unwrap_or_default();
        // A line that wraps can't be erased as one line.
        let room = self.look.columns.saturating_sub(3);
        let line: String = step.line(now).chars().take(room).collect();
        format!(
            "{}{} {line}",
            self.erase(),
            self.look.paint(Style::Blue, frame)
        )
    }

    fn erase(&self) -> &'static str {
        if self.look.interactive {
            "\r\x1b[2K"
        } else {
            ""
        }
    }
}

impl Step {
    fn line(&self, now: Instant) -> String {
        let time = elapsed(now.saturating_duration_since(self.since));
        let separator = if self.detail.is_empty() { "" } else { ": " };
        format!("{} ({time}){separator}{}", self.name, self.detail)
    }
}

/// `0.4 s`, `12 s`, `3 min 05 s`.
fn elapsed(time: Duration) -> String {
    match time.as_secs() {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        seconds @ 10..60 => format!("{seconds} s"),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests;
