//! Retry policies with jittered backoff, and the deadline and clock of a Lambda invocation.
//!
//! Decisions are plain functions of plain values: [`RetryPolicy::pause_after`] takes the number of attempts, the remaining
//! time and a random number, and returns the pause before the next attempt.
//!
//! ```
//! use std::time::Duration;
//!
//! use retry::{Backoff, Clock, Deadline, Margin, RetryPolicy};
//!
//! const PARKING: Margin = Margin { divisor: 10, min: Duration::from_secs(1), max: Duration::from_secs(10) };
//!
//! let policy = RetryPolicy { max_attempts: None, backoff: Backoff::new(Duration::from_millis(50), Duration::from_secs(5)) };
//! let invocation = Deadline::after(Duration::from_secs(60), Clock::system());
//! let publishing = invocation.minus(PARKING);
//! assert!(publishing.remaining() <= Some(Duration::from_secs(54)));
//!
//! let pause = policy.pause_after(3, publishing.remaining(), 0.5);
//! assert_eq!(pause, Some(Duration::from_millis(100)));
//! ```

mod clock;
mod deadline;
mod policy;

pub use clock::{Clock, Time, TimedOut};
pub use deadline::{Deadline, Margin};
pub use policy::{Backoff, RetryPolicy};
