//! A Case that is to be created.

use std::fmt;

use tt_event::EventView;

use super::Mapping;

/// A Case that is to be created.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Case {
    /// JSON, as `composite/sobjects` expects it.
    sobject: String,
    /// The record that Salesforce locks while it creates the Case.
    parent: Option<String>,
}

impl Case {
    /// Maps an event of about `event_bytes`.
    pub(crate) fn of(event: &EventView<'_>, event_bytes: usize, mapping: &Mapping) -> Self {
        let mut sobject = String::with_capacity(event_bytes);
        let parent = mapping.write_sobject(event, &mut sobject);
        Self { sobject, parent }
    }

    pub(crate) fn sobject(&self) -> &str {
        &self.sobject
    }

    pub(crate) fn parent(&self) -> Option<&str> {
        self.parent.as_deref()
    }

    /// A Case of a test, with this parent.
    #[cfg(test)]
    pub(crate) fn of_parent(parent: Option<&str>) -> Self {
        Self {
            sobject: String::new(),
            parent: parent.map(str::to_owned),
        }
    }
}

/// Omits the fields, which are content of the record.
impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").finish_non_exhaustive()
    }
}
