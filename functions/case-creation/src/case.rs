//! A Case to create, read from the bytes of a record.

use serde_json::Value;
use tt_event::TtEvent;

use crate::{Mapping, reply::Refusal};

/// Fields whose record Salesforce locks while it creates the Case, the most contended first.
const PARENTS: [&str; 3] = ["AccountId", "ContactId", "ParentId"];

/// A Case to create.
pub(crate) struct Case {
    pub(crate) event_id: String,
    pub(crate) sobject: Value,
}

impl Case {
    /// Reads a TT event and maps it.
    pub(crate) fn read(data: &[u8], mapping: &Mapping) -> Result<Self, Refusal> {
        match TtEvent::decode(data) {
            Ok(event) if event.event_id.as_str().is_empty() => {
                Err(Refusal::new("NOT_A_TT_EVENT", "the event id is empty"))
            }
            Ok(event) => Ok(Self {
                event_id: event.event_id.to_string(),
                sobject: mapping.sobject(&event),
            }),
            Err(error) => Err(Refusal::new("NOT_A_TT_EVENT", error.to_string())),
        }
    }

    /// The record that Salesforce locks for it, where the mapping says one.
    pub(crate) fn parent(&self) -> Option<&str> {
        let field = |name| self.sobject.get(name).and_then(Value::as_str);
        PARENTS.iter().find_map(field)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tt_event::Source;

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

    #[test]
    fn the_account_is_the_parent_before_all_others() {
        let parent = |sobject| {
            let case = Case {
                event_id: String::new(),
                sobject,
            };
            case.parent().map(str::to_owned)
        };
        let both = json!({"ParentId": "500A", "AccountId": "001A"});
        assert_eq!(parent(both).as_deref(), Some("001A"));
        assert_eq!(parent(json!({"ParentId": "500A"})).as_deref(), Some("500A"));
        assert_eq!(parent(json!({"AccountId": 5})), None);
    }
}
