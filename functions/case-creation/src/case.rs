//! A Case to create, read from the bytes of a record.

use tt_event::EventView;

use crate::{Mapping, reply::Refusal};

/// A Case to create.
pub(crate) struct Case {
    /// The event id, and behind it the sObject.
    text: String,
    id_length: usize,
    parent: Option<String>,
}

impl Case {
    /// Reads a TT event and maps it.
    pub(crate) fn read(data: &[u8], mapping: &Mapping) -> Result<Self, Refusal> {
        match EventView::decode(data) {
            Ok(event) if event.event_id().is_empty() => {
                Err(Refusal::new("NOT_A_TT_EVENT", "the event id is empty"))
            }
            Ok(event) => {
                let mut text = String::with_capacity(data.len());
                text.push_str(event.event_id());
                let id_length = text.len();
                let parent = mapping.write_sobject(&event, &mut text);
                Ok(Self {
                    text,
                    id_length,
                    parent,
                })
            }
            Err(error) => Err(Refusal::new("NOT_A_TT_EVENT", error.to_string())),
        }
    }

    /// The event that it is for.
    pub(crate) fn event_id(&self) -> &str {
        self.text.get(..self.id_length).unwrap_or_default()
    }

    /// What Salesforce is told of it, as `composite/sobjects` takes it.
    pub(crate) fn sobject(&self) -> &str {
        self.text.get(self.id_length..).unwrap_or_default()
    }

    /// The record that Salesforce locks for it, where the mapping says one.
    pub(crate) fn parent(&self) -> Option<&str> {
        self.parent.as_deref()
    }

    /// One of which nothing but the parent is known.
    #[cfg(test)]
    pub(crate) fn of_parent(parent: Option<&str>) -> Self {
        Self {
            text: String::new(),
            id_length: 0,
            parent: parent.map(str::to_owned),
        }
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
        assert_eq!(case.event_id(), event.event_id.as_str());
        let sobject: serde_json::Value = serde_json::from_str(case.sobject()).unwrap();
        assert_eq!(sobject["TT_Event_Id__c"], event.event_id.as_str());
    }
}
