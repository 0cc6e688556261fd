//! `GET sobjects/Case/{field}/{value}`: the Case with an external id.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::{
    EXTERNAL_ID, field,
    reply::{Reply, RequestError},
    rules::Rules,
    store::{Case, Store},
};

/// The request: the parts of its path, and the comma-separated fields of its query.
#[derive(Debug)]
pub(crate) struct Find<'a> {
    pub(crate) version: &'a str,
    pub(crate) field: &'a str,
    pub(crate) value: &'a str,
    pub(crate) fields: Option<&'a str>,
}

impl Find<'_> {
    /// Returns the Case, or the URLs of several with status 300 where the field is not unique.
    pub(crate) fn answer(&self, store: &Store, rules: &Rules) -> Result<Reply, RequestError> {
        if !self.field.eq_ignore_ascii_case(EXTERNAL_ID) {
            let field = self.field;
            let message =
                format!("Provided external ID field does not exist or is not accessible: {field}");
            return Err(RequestError::new(
                StatusCode::NOT_FOUND,
                "NOT_FOUND",
                message,
            ));
        }
        match store.find(self.value).as_slice() {
            [] => Err(RequestError::no_resource()),
            [case] => Ok(Reply::new(StatusCode::OK, self.record(case, rules)?)),
            several => {
                let urls = several.iter().map(|case| self.url(case)).collect();
                Ok(Reply::new(StatusCode::MULTIPLE_CHOICES, urls))
            }
        }
    }

    fn record(&self, case: &Case, rules: &Rules) -> Result<Value, RequestError> {
        let mut record = Map::new();
        let attributes = json!({ "type": "Case", "url": self.url(case) });
        record.insert("attributes".to_owned(), attributes);
        let all = || field::FIELDS.iter().map(|(name, _)| *name).collect();
        let names = self
            .fields
            .map_or_else(all, |fields| fields.split(',').collect::<Vec<_>>());
        for name in names {
            let Some((name, _)) = field::lookup(name, rules) else {
                let message = format!("No such column '{name}' on entity 'Case'.");
                let status = StatusCode::BAD_REQUEST;
                return Err(RequestError::new(status, "INVALID_FIELD", message));
            };
            record.insert(name.to_owned(), case.value(name));
        }
        Ok(Value::Object(record))
    }

    fn url(&self, case: &Case) -> String {
        format!("/services/data/{}/sobjects/Case/{}", self.version, case.id)
    }
}
