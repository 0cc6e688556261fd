//! Progress of a long operation.

/// Receives the progress of a long operation.
///
/// `begin` starts a step and ends the one before it; `detail` may be called often.
pub trait Progress: Send + Sync {
    /// Starts a step, for example "building three Lambdas".
    fn begin(&self, step: &str);
    /// Replaces the detail of the current step, for example "tt-producer (212 of 340 crates)".
    fn detail(&self, detail: &str);
    /// Ends the current step with its result.
    fn done(&self, summary: &str);
    /// Ends the current step with the reason for which it failed.
    fn failed(&self, reason: &str);
}

/// Discards all progress; for tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _step: &str) {}
    fn detail(&self, _detail: &str) {}
    fn done(&self, _summary: &str) {}
    fn failed(&self, _reason: &str) {}
}
