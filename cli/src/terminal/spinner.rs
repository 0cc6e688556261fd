//! Progress on standard error: a spinner on a terminal, lines in a log file.

use std::{
    fmt,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::progress::Progress;
use crate::terminal::screen::{self, Style, Terminal};

/// How often the spinner turns.
const TURN: Duration = Duration::from_millis(100);
/// The longest time without a line in a log file while a step runs; below two seconds.
const HEARTBEAT: Duration = Duration::from_millis(1700);
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const SPINNER_ASCII: [&str; 4] = ["-", "\\", "|", "/"];

/// Writes progress to standard error.
///
/// Dropping it erases the spinner, so that an error message starts on an empty line.
pub struct Spinner {
    shared: Arc<Shared>,
    ticker: Option<JoinHandle<()>>,
}

struct Shared {
    steps: Mutex<Steps>,
    stop: Condvar,
}

/// The current step and the state of its output. The time is passed in.
struct Steps {
    terminal: Terminal,
    current: Option<Step>,
    written_at: Instant,
    turns: usize,
    stopped: bool,
}

struct Step {
    name: String,
    detail: String,
    since: Instant,
}

impl Spinner {
    /// Starts without a step.
    pub fn new() -> Self {
        let steps = Steps::new(Terminal::of_stderr(), Instant::now());
        let shared = Arc::new(Shared {
            steps: Mutex::new(steps),
            stop: Condvar::new(),
        });
        let ticker = thread::Builder::new().name("progress".into()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.tick()
        });
        // Without the thread, the start and the end of each step are still written.
        Self {
            shared,
            ticker: ticker.ok(),
        }
    }
}

impl Default for Spinner {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Spinner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Spinner").finish_non_exhaustive()
    }
}

impl Progress for Spinner {
    fn begin(&self, step: &str) {
        screen::print_status(&self.shared.steps().begin(step, Instant::now()));
    }

    fn detail(&self, detail: &str) {
        self.shared.steps().detail(detail);
    }

    fn done(&self, summary: &str) {
        screen::print_status(&self.shared.steps().done(summary, Instant::now()));
    }

    fn failed(&self, reason: &str) {
        screen::print_status(&self.shared.steps().failed(reason, Instant::now()));
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.shared.steps().stopped = true;
        self.shared.stop.notify_all();
        if let Some(ticker) = self.ticker.take() {
            let _panicked = ticker.join();
        }
        screen::print_status(self.shared.steps().erase());
    }
}

impl Shared {
    fn steps(&self) -> MutexGuard<'_, Steps> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tick(&self) {
        let mut steps = self.steps();
        while !steps.stopped {
            screen::print_status(&steps.tick(Instant::now()));
            steps = match self.stop.wait_timeout(steps, TURN) {
                Ok((steps, _)) => steps,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }
}

impl Steps {
    fn new(terminal: Terminal, now: Instant) -> Self {
        Self {
            terminal,
            current: None,
            written_at: now,
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
        self.written_at = now;
        self.current = Some(Step {
            name: name.into(),
            detail: String::new(),
            since: now,
        });
        if self.terminal.interactive {
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
        let mark = self.terminal.glyph("✓", "ok");
        self.end(&self.terminal.paint(Style::Green, mark), summary, now)
    }

    fn failed(&mut self, reason: &str, now: Instant) -> String {
        let mark = self.terminal.glyph("✗", "NO");
        self.end(&self.terminal.paint(Style::Red, mark), reason, now)
    }

    fn end(&mut self, mark: &str, summary: &str, now: Instant) -> String {
        self.written_at = now;
        let Some(step) = self.current.take() else {
            return format!("{mark} {summary}\n");
        };
        let (erase, name) = (self.erase(), step.name);
        let time = elapsed(now - step.since);
        let room = self.terminal.columns.saturating_sub(time.len() + 8);
        let time = self.terminal.paint(Style::Dim, &time);
        if summary.is_empty() {
            format!("{erase}{mark} {name}  {time}\n")
        } else if name.chars().count() + summary.chars().count() > room {
            format!("{erase}{mark} {name}  {time}\n  {summary}\n")
        } else {
            format!("{erase}{mark} {name}: {summary}  {time}\n")
        }
    }

    /// The output that is due at this time.
    fn tick(&mut self, now: Instant) -> String {
        if self.terminal.interactive {
            self.turns = self.turns.wrapping_add(1);
            return self.spinner(now);
        }
        match &self.current {
            Some(step) if now.saturating_duration_since(self.written_at) >= HEARTBEAT => {
                self.written_at = now;
                format!("   {}\n", step.line(now))
            }
            _ => String::new(),
        }
    }

    fn spinner(&self, now: Instant) -> String {
        let Some(step) = &self.current else {
            return String::new();
        };
        let frames: &[&str] = if self.terminal.unicode {
            &SPINNER
        } else {
            &SPINNER_ASCII
        };
        let frame = frames
            .get(self.turns % frames.len())
            .copied()
            .unwrap_or_default();
        // A wrapped line could not be erased as one line.
        let room = self.terminal.columns.saturating_sub(3);
        let line: String = step.line(now).chars().take(room).collect();
        format!(
            "{}{} {line}",
            self.erase(),
            self.terminal.paint(Style::Blue, frame)
        )
    }

    fn erase(&self) -> &'static str {
        if self.terminal.interactive {
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
