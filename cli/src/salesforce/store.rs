//! The stored Cases and the index over their external id.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{EXTERNAL_ID, answer::RecordError, record_id, schema, world::Rules};

/// A Case as the stand-in stores it.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    /// Salesforce id, 18 characters.
    pub id: String,
    /// `TT_Event_Id__c`, if it was sent.
    pub event_id: Option<String>,
    /// All fields as sent.
    pub fields: Map<String, Value>,
    /// `CreatedDate`, as Salesforce writes it.
    pub created_date: String,
    /// `LastModifiedDate`, as Salesforce writes it.
    pub last_modified_date: String,
    /// The running number shown to agents.
    pub case_number: String,
}

/// Every Case of the org.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cases {
    all: Vec<Case>,
    /// Keys in lower case: a unique text field ignores case unless the administrator chose otherwise.
    by_event_id: HashMap<String, Vec<usize>>,
    last_serial: u64,
}

/// What an upsert did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Upserted {
    pub(crate) id: String,
    pub(crate) created: bool,
}

impl Case {
    /// The value of a field as a query or a read shows it.
    pub(crate) fn value(&self, name: &str) -> Value {
        let standard = match name {
            "Id" => json!(self.id),
            "CaseNumber" => json!(self.case_number),
            "CreatedDate" => json!(self.created_date),
            "LastModifiedDate" | "SystemModstamp" => json!(self.last_modified_date),
            "IsDeleted" | "IsClosed" => json!(false),
            _ => self.fields.get(name).cloned().unwrap_or_default(),
        };
        match name {
            "Status" if standard.is_null() => json!("New"),
            "Priority" if standard.is_null() => json!("Medium"),
            "IsEscalated" if standard.is_null() => json!(false),
            _ => standard,
        }
    }
}

impl Cases {
    pub(crate) fn all(&self) -> &[Case] {
        &self.all
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<&Case> {
        let id = record_id::to_18(id);
        self.all.iter().find(|case| case.id == id)
    }

    /// The Cases with this external id: more than one only where the org does not make the field unique.
    pub(crate) fn by_event_id(&self, event_id: &str) -> Vec<&Case> {
        let places = self.by_event_id.get(&event_id.to_lowercase());
        places
            .into_iter()
            .flatten()
            .filter_map(|&place| self.all.get(place))
            .collect()
    }

    /// Removes every Case; ids are not given out twice.
    pub(crate) fn clear(&mut self) {
        *self = Self {
            last_serial: self.last_serial,
            ..Self::default()
        };
    }

    /// Stores a new Case and answers its id.
    pub(crate) fn create(
        &mut self,
        sent: &Map<String, Value>,
        rules: &Rules,
    ) -> Result<String, RecordError> {
        let fields = schema::check(sent)?;
        schema::check_required(&fields, rules)?;
        let event_id = event_id_of(&fields);
        if let Some(event_id) = &event_id {
            if rules.unique {
                self.check_unique(event_id)?;
            }
            let places = self.by_event_id.entry(event_id.to_lowercase()).or_default();
            places.push(self.all.len());
        }
        self.last_serial += 1;
        let now = salesforce_time(Timestamp::now());
        let id = record_id::case_id(self.last_serial);
        self.all.push(Case {
            id: id.clone(),
            event_id,
            fields,
            created_date: now.clone(),
            last_modified_date: now,
            case_number: format!("{:08}", 1000 + self.last_serial),
        });
        Ok(id)
    }

    /// Changes the Case with this id; `Ok(false)` when there is none.
    pub(crate) fn update(
        &mut self,
        id: &str,
        sent: &Map<String, Value>,
    ) -> Result<bool, RecordError> {
        let id = record_id::to_18(id);
        let fields = schema::check(sent)?;
        if fields.contains_key(EXTERNAL_ID) {
            // An event keeps its Case; nothing in this system moves one.
            let message = format!("{EXTERNAL_ID}: the stand-in does not change an external id");
            return Err(RecordError::new(
                "FIELD_INTEGRITY_EXCEPTION",
                message,
                &[EXTERNAL_ID],
            ));
        }
        let Some(case) = self.all.iter_mut().find(|case| case.id == id) else {
            return Ok(false);
        };
        case.fields.extend(fields);
        case.last_modified_date = salesforce_time(Timestamp::now());
        Ok(true)
    }

    /// Deletes the Case with this id; `false` when there is none.
    pub(crate) fn delete(&mut self, id: &str) -> bool {
        let id = record_id::to_18(id);
        let before = self.all.len();
        self.all.retain(|case| case.id != id);
        self.by_event_id.clear();
        for (place, case) in self.all.iter().enumerate() {
            if let Some(event_id) = &case.event_id {
                let places = self.by_event_id.entry(event_id.to_lowercase());
                places.or_default().push(place);
            }
        }
        self.all.len() < before
    }

    /// Changes the Case with this external id, or creates it.
    pub(crate) fn upsert(
        &mut self,
        event_id: &str,
        sent: &Map<String, Value>,
        rules: &Rules,
    ) -> Result<Upserted, RecordError> {
        let ids: Vec<String> = self
            .by_event_id(event_id)
            .into_iter()
            .map(|case| case.id.clone())
            .collect();
        match ids.as_slice() {
            [] => {
                let mut sent = sent.clone();
                sent.insert(EXTERNAL_ID.to_owned(), json!(event_id));
                Ok(Upserted {
                    id: self.create(&sent, rules)?,
                    created: true,
                })
            }
            [id] => {
                self.update(id, sent)?;
                Ok(Upserted {
                    id: id.clone(),
                    created: false,
                })
            }
            ids => {
                let message = format!(
                    "{EXTERNAL_ID}: more than one record found: [{}]",
                    ids.join(", ")
                );
                Err(RecordError::new(
                    "DUPLICATE_EXTERNAL_ID",
                    message,
                    &[EXTERNAL_ID],
                ))
            }
        }
    }

    fn check_unique(&self, event_id: &str) -> Result<(), RecordError> {
        let Some(other) = self
            .by_event_id(event_id)
            .first()
            .map(|case| case.id.clone())
        else {
            return Ok(());
        };
        // Salesforce names the field in the message only.
        let message = format!(
            "duplicate value found: {EXTERNAL_ID} duplicates value on record with id: {other}"
        );
        Err(RecordError::new("DUPLICATE_VALUE", message, &[]))
    }
}

/// The external id among checked fields; blank is no value, and no value is never a duplicate.
pub(crate) fn event_id_of(fields: &Map<String, Value>) -> Option<String> {
    let value = fields
        .get(EXTERNAL_ID)
        .filter(|value| !schema::is_blank(value))?;
    value.as_str().map(str::to_owned)
}

/// Salesforce's spelling of a time: `2026-01-31T23:59:59.000+0000`, and Case times have whole seconds.
pub(crate) fn salesforce_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
}
