//! What does not agree in a stack.

use serde::Serialize;

/// What does not agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its weight.
    pub level: Level,
    /// What it is about.
    pub subject: String,
    /// The finding in a sentence.
    pub text: String,
}

/// The weight of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The live stack differs from what it should be: exit code 1.
    Drift,
    /// A later step can go wrong.
    Warning,
    /// For information.
    Note,
}

impl Finding {
    pub(super) fn new(level: Level, subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            level,
            subject: subject.into(),
            text: text.into(),
        }
    }
}
