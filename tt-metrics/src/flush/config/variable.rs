//! The names of the variables, and the error of an invalid one.

use std::fmt;

pub(super) const NAMESPACE: &str = "TT_METRICS_NAMESPACE";
pub(super) const SINK: &str = "TT_METRICS_SINK";
pub(super) const DIMENSIONS: &str = "TT_METRICS_DIMENSIONS";
pub(super) const SERVICE: &str = "TT_METRICS_SERVICE";
pub(super) const RESOLUTION: &str = "TT_METRICS_RESOLUTION";
pub(super) const DELIVERY: &str = "TT_METRICS_DELIVERY";
pub(super) const ON_EMPTY: &str = "TT_METRICS_ON_EMPTY";
pub(super) const COLD_START: &str = "TT_METRICS_COLD_START";
pub(super) const DISABLED: &str = "TT_METRICS_DISABLED";
pub(super) const FLUSH_TIMEOUT: &str = "TT_METRICS_FLUSH_TIMEOUT_MS";
pub(super) const FLUSH_INTERVAL: &str = "TT_METRICS_FLUSH_INTERVAL_MS";

/// A variable of the environment that is missing or has a value that cannot be used.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "environment variable {variable} is {found}, expected {expected}, for example `{variable}={example}`"
)]
pub struct ConfigError {
    pub(super) variable: &'static str,
    pub(super) found: String,
    pub(super) expected: String,
    pub(super) example: &'static str,
}

// `main` prints the error that it returns with `Debug`, which should be the same sentence.
impl fmt::Debug for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

pub(super) fn quoted(value: &str) -> String {
    format!("`{value}`")
}
