//! What tests of counted functions use: per-test captures of counts, and assertions about them.

mod capture;
#[cfg(test)]
#[cfg(all(feature = "lambda", not(tt_metrics_model)))]
mod endings;

pub use capture::{Capture, Entered, Followed, assert_counts, capture};
