//! The stored Cases and their index by external id.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{EXTERNAL_ID, field, record_id, reply::RecordError, rules::Rules};

/// A stored Case.
#[derive(Debug, Clone)]
pub struct Case {
    /// Salesforce id, 18 characters.
    pub id: String,
    /// `TT_Event_Id__c`, if it was sent.
    pub event_id: Option<String>,
    /// All fields as they were sent.
    pub fields: Map<String, Value>,
    /// When the Case was created.
    pub created_at: Timestamp,
}

/// Every Case of the org.
#[derive(Debug, Default)]
pub(crate) struct Store {
    cases: Vec<Case>,
    /// Keys in lower case: a unique text field ignores case by default.
    by_event_id: HashMap<String, Vec<usize>>,
}

impl Case {
    /// The value of a field in a reply.
    pub(crate) fn value(&self, name: &str) -> Value {
        match name {
            "Id" => json!(self.id),
            "CreatedDate" => json!(self.created_date()),
            _ => self.fields.get(name).cloned().unwrap_or_default(),
        }
    }

    /// `CreatedDate` as Salesforce writes it: `2026-01-31T23:59:59.000+0000`, in whole seconds.
    pub fn created_date(&self) -> String {
        let format = "%Y-%m-%dT%H:%M:%S.000+0000";
        self.created_at.strftime(format).to_string()
    }
}

impl Store {
    pub(crate) fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// The Cases with this external id: several only where the field is not unique.
    pub(crate) fn find(&self, event_id: &str) -> Vec<&Case> {
        let positions = self.by_event_id.get(&event_id.to_lowercase());
        positions
            .into_iter()
            .flatten()
            .filter_map(|&position| self.cases.get(position))
            .collect()
    }

    /// Stores a new Case and returns its id.
    pub(crate) fn create(
        &mut self,
        sent: &Map<String, Value>,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<String, RecordError> {
        let fields = field::check(sent, rules)?;
        let event_id = event_id_of(&fields).map(str::to_owned);
        if let Some(event_id) = &event_id {
            self.check_unique(event_id, rules)?;
            let positions = self.by_event_id.entry(event_id.to_lowercase());
            positions.or_default().push(self.cases.len());
        }
        let id = record_id::case_id(self.cases.len() + 1);
        self.cases.push(Case {
            id: id.clone(),
            event_id,
            fields,
            created_at: now,
        });
        Ok(id)
    }

    fn check_unique(&self, event_id: &str, rules: &Rules) -> Result<(), RecordError> {
        let found = self.find(event_id);
        let Some(other) = found.first().filter(|_| rules.unique_external_id) else {
            return Ok(());
        };
        // Salesforce names the field in the message only.
        let field = if rules.duplicates_name_the_field {
            EXTERNAL_ID
        } else {
            "<unknown>"
        };
        let id = &other.id;
        let message =
            format!("duplicate value found: {field} duplicates value on record with id: {id}");
        Err(RecordError::new("DUPLICATE_VALUE", message, &[]))
    }
}

/// The external id among the fields of a record; blank is no value, and no value is never a duplicate.
pub(crate) fn event_id_of(fields: &Map<String, Value>) -> Option<&str> {
    let value = fields.get(EXTERNAL_ID)?;
    value.as_str().filter(|_| !field::is_blank(value))
}
