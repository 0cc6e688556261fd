//! The time of day, and waiting for another.

use std::{
    pin::pin,
    sync::LazyLock,
    time::{Duration, Instant},
};

use futures_util::future::{Either, select};
use jiff::Timestamp;

use crate::simulated::SimulatedTime;

/// What the monotonic time counts from.
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Tells the time and waits: by the machine's time, or by that of a [simulation](crate::simulate).
///
/// Everything that waits or looks at the time takes one of these, so that hours of deliveries can be
/// tested in a moment.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Option<&'static SimulatedTime>);

/// The time was over before the work was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("timeout")]
pub struct TimedOut;

impl Clock {
    /// The clock of the machine.
    pub fn system() -> Self {
        Self(None)
    }

    pub(crate) fn simulated(time: &'static SimulatedTime) -> Self {
        Self(Some(time))
    }

    /// The time of day.
    pub fn now(self) -> Timestamp {
        self.0.map_or_else(Timestamp::now, SimulatedTime::now)
    }

    /// The time since some moment in the past; it never goes back.
    pub fn monotonic(self) -> Duration {
        match self.0 {
            None => ORIGIN.elapsed(),
            Some(time) => time.elapsed(),
        }
    }

    /// Waits.
    pub async fn sleep(self, pause: Duration) {
        match self.0 {
            None => tokio::time::sleep(pause).await,
            Some(time) => time.sleep(pause).await,
        }
    }

    /// Does some work within a time.
    ///
    /// # Errors
    ///
    /// When the time is over; the work is dropped then.
    pub fn timeout<F: Future>(
        self,
        limit: Duration,
        work: F,
    ) -> impl Future<Output = Result<F::Output, TimedOut>> {
        // Boxed, since futures in futures would double in size with each timeout around them.
        let work = Box::pin(work);
        async move {
            match select(work, pin!(self.sleep(limit))).await {
                Either::Left((done, _)) => Ok(done),
                Either::Right(_) => Err(TimedOut),
            }
        }
    }
}
