//! Support for tests of counted functions: captures of counts, and assertions about them.

mod assertion;
mod capture;
#[cfg(test)]
#[cfg(all(feature = "lambda", not(tt_metrics_model)))]
mod endings;
mod scope;

pub use assertion::assert_counts;
pub use capture::{Capture, capture};
pub use scope::CaptureGuard;
