//! The rules of an org: what its administrator configured, and what a test makes of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// The rules of an org.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Rules {
    /// Custom fields of Case beside `TT_Event_Id__c`; any other unknown field is refused.
    pub custom_fields: BTreeSet<String>,
    /// Fields that a new Case must have; an org requires none by default.
    pub required_fields: Vec<String>,
    /// Whether `TT_Event_Id__c` is unique. Without it, duplicate Cases are created.
    pub unique_external_id: bool,
    /// Whether the error of a duplicate names the field, or `<unknown>` in its place.
    pub duplicates_name_the_field: bool,
    /// Requests a day before `REQUEST_LIMIT_EXCEEDED`.
    pub daily_requests: u64,
    /// How long a session lasts.
    pub session: Duration,
    /// The value of `Sforce-Limit-Info` instead of the true one.
    pub limit_info: Option<String>,
    /// Records that are always refused with a code, by external id.
    pub refused: BTreeMap<String, String>,
    /// Records that make Salesforce refuse their whole call with `JSON_PARSER_ERROR`, by external id.
    pub unparsable: BTreeSet<String>,
    /// Whether look-ups reject every token, as with a restricted profile.
    pub finds_reject_the_token: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            custom_fields: BTreeSet::new(),
            required_fields: Vec::new(),
            unique_external_id: true,
            duplicates_name_the_field: true,
            daily_requests: 15_000,
            session: Duration::from_hours(2),
            limit_info: None,
            refused: BTreeMap::new(),
            unparsable: BTreeSet::new(),
            finds_reject_the_token: false,
        }
    }
}
