//! A Case to create, read from the bytes of a record.

use tt_event::EventView;

use crate::{Mapping, reply::Refusal};

/// A Case to create.
pub(crate) struct Case {
    pub(crate) event_id: String,
    pub(crate) sobject: SObject,
}

/// What Salesforce is told of a Case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SObject {
    /// As `composite/sobjects` takes it.
    pub(crate) json: Vec<u8>,
    /// The record that Salesforce locks for it, where the mapping says one.
    pub(crate) parent: Option<String>,
}

impl Case {
    /// Reads a TT event and maps it.
    pub(crate) fn read(data: &[u8], mapping: &Mapping) -> Result<Self, Refusal> {
        match EventView::decode(data) {
            Ok(event) if event.event_id().is_empty() => {
                Err(Refusal::new("NOT_A_TT_EVENT", "the event id is empty"))
            }
            Ok(event) => Ok(Self {
                event_id: event.event_id().to_owned(),
                sobject: mapping.sobject(&event),
            }),
            Err(error) => Err(Refusal::new("NOT_A_TT_EVENT", error.to_string())),
        }
    }

    /// The record that Salesforce locks for it, where the mapping says one.
    pub(crate) fn parent(&self) -> Option<&str> {
        self.sobject.parent.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use tt_event::{Source, TtEvent};

    use super::*;

    #[test]
    fn what_is_no_tt_event_is_refused() {
        let mapping = Mapping::shipped().unwrap();
        let refused = |data: &[u8]| Case::read(data, &mapping).err().unwrap().code;
        assert_eq!(refused(b"{"), "NOT_A_TT_EVENT");
        let source = Source::new("bucket", "incoming/a.csv", "v1", 0);
        let event = TtEvent::new(source, "2026-01-01T00:00:00Z", "r", "c", "kyc_review");
        let text = String::from_utf8(event.encode()).unwrap();
        let nameless = text.replace(event.event_id.as_str(), "");
        assert_eq!(refused(nameless.as_bytes()), "NOT_A_TT_EVENT");
        let case = Case::read(text.as_bytes(), &mapping).unwrap();
        assert_eq!(case.event_id, event.event_id.as_str());
    }
}
