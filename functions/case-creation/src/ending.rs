//! How the processing of a record ended, and why a record is rejected.

use std::{
    borrow::Cow,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// How the processing of a record ended in this invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// This process created the Case, and has not counted it before.
    Created,
    /// Nothing had to be done: the Case exists, an earlier delivery parked the record, or the record is a copy.
    NothingToDo,
    /// No retry can help: the record is parked.
    Rejected(Rejection),
    /// The event source mapping has to deliver the record again, for this cause.
    Retry(Cow<'static, str>),
}

/// Why no Case can be created for a record: an error code, a description, and the fields concerned.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Rejection {
    pub(crate) code: Cow<'static, str>,
    /// May quote values of the record. It is written to the parked record and to no log.
    pub(crate) message: String,
    pub(crate) fields: Vec<String>,
}

impl Rejection {
    pub(crate) fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            fields: Vec::new(),
        }
    }

    /// A panic while the record was processed.
    pub(crate) fn panic() -> Self {
        Self::new("PANIC", "a panic while creating the Case")
    }

    /// Runs one stage for one record. A panic rejects that record and no other.
    pub(crate) fn catch<T>(stage: impl FnOnce() -> Result<T, Self>) -> Result<T, Self> {
        catch_unwind(AssertUnwindSafe(stage)).unwrap_or_else(|_| Err(Self::panic()))
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection")
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_omits_the_message() {
        let rejection = Rejection::new("STRING_TOO_LONG", "Subject: value too large: Anna Smith");
        assert!(!format!("{rejection:?}").contains("Anna"));
    }

    #[test]
    fn a_panic_in_a_stage_rejects_its_record() {
        let rejected = Rejection::catch(|| -> Result<(), _> { panic!("provoked by the test") });
        assert_eq!(rejected, Err(Rejection::panic()));
        assert_eq!(Rejection::catch(|| Ok(7)), Ok(7));
    }
}
