//! The clock: time of day, monotonic time and pauses, either of the machine or of a simulation.

use std::{
    fmt,
    pin::{Pin, pin},
    sync::LazyLock,
    time::{Duration, Instant},
};

use futures_util::future::{Either, select};
use jiff::Timestamp;

/// The origin of the machine's monotonic time.
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A source of time. Production code uses [`Clock::system`]; the simulations implement another one, so that hours of
/// retries are tested in milliseconds.
pub trait Time: fmt::Debug + Send + Sync {
    /// Returns the time of day.
    fn now(&self) -> Timestamp;

    /// Returns the time since an unspecified origin; it never decreases.
    fn monotonic(&self) -> Duration;

    /// Completes after `pause`.
    fn sleep(&self, pause: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// A copyable handle of a source of time.
///
/// Code that waits or reads the time takes a `Clock` as an argument.
#[derive(Debug, Clone, Copy)]
pub struct Clock(&'static dyn Time);

/// The time limit ended before the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("timeout")]
pub struct TimedOut;

#[derive(Debug)]
struct System;

impl Clock {
    /// Returns the clock of the machine.
    pub fn system() -> Self {
        Self(&System)
    }

    /// Returns a clock with another source of time.
    pub fn new(time: &'static dyn Time) -> Self {
        Self(time)
    }

    /// Returns the time of day.
    pub fn now(self) -> Timestamp {
        self.0.now()
    }

    /// Returns the time since an unspecified origin; it never decreases.
    ///
    /// It may stop while Lambda freezes the execution environment between two invocations.
    pub fn monotonic(self) -> Duration {
        self.0.monotonic()
    }

    /// Completes after `pause`.
    pub async fn sleep(self, pause: Duration) {
        self.0.sleep(pause).await;
    }

    /// Runs `work` for at most `limit`.
    ///
    /// # Errors
    ///
    /// When the limit ends first; the work is dropped then.
    pub fn timeout<F: Future>(
        self,
        limit: Duration,
        work: F,
    ) -> impl Future<Output = Result<F::Output, TimedOut>> {
        // Boxed, because each nested timeout would double the size of the future otherwise.
        let work = Box::pin(work);
        async move {
            match select(work, pin!(self.sleep(limit))).await {
                Either::Left((output, _)) => Ok(output),
                Either::Right(_) => Err(TimedOut),
            }
        }
    }
}

impl Time for System {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic(&self) -> Duration {
        ORIGIN.elapsed()
    }

    fn sleep(&self, pause: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(pause))
    }
}
