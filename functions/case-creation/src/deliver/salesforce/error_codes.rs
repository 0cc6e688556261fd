//! The meaning of Salesforce errors: the table `error-codes.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{Error, ending::Rejection};

const SHIPPED: &str = include_str!("../../../error-codes.toml");

/// The meaning of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ErrorClass {
    /// The token is not accepted: refresh it once, repeat once.
    Token,
    /// Temporary: try again soon.
    Retry,
    /// Temporary, and calls with fewer records help.
    Lock,
    /// A limit of the org: hold calls back.
    Limit,
    /// The mapping does not fit the org: hold calls back until one of them is changed.
    Mapping,
    /// A unique field contains the value already.
    Duplicate,
    /// No retry can help.
    Permanent,
    /// Not in the table.
    #[serde(skip)]
    Unknown,
}

/// The table of error codes and statuses.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErrorCodes {
    codes: BTreeMap<String, ErrorClass>,
    /// Codes of errors in triggers and flows, which contain the code of their cause in the text only.
    wrappers: Vec<String>,
    statuses: BTreeMap<String, ErrorClass>,
}

impl ErrorCodes {
    /// Reads the built-in table.
    ///
    /// # Errors
    ///
    /// When the table is invalid; a test prevents that.
    pub(crate) fn shipped() -> Result<Self, Error> {
        toml::from_str(SHIPPED).map_err(|source| Error::ErrorCodes {
            source: source.into(),
        })
    }

    /// Returns the class of the error of one record.
    pub(crate) fn record(&self, rejection: &Rejection) -> ErrorClass {
        let is_wrapper = self.wrappers.iter().any(|code| *code == rejection.code);
        let cause = is_wrapper.then(|| self.temporary_cause(&rejection.message));
        cause
            .flatten()
            .unwrap_or_else(|| self.code(&rejection.code))
    }

    /// Returns the class of an answer with an error status: by its error if the table contains it, else by its status.
    pub(crate) fn answer(&self, rejection: Option<&Rejection>, status: u16) -> ErrorClass {
        let by_code = rejection.map_or(ErrorClass::Unknown, |error| self.record(error));
        if by_code != ErrorClass::Unknown {
            return by_code;
        }
        let hundreds = format!("{}xx", status / 100);
        let class = self.statuses.get(&status.to_string());
        let class = class.or_else(|| self.statuses.get(&hundreds));
        class.copied().unwrap_or(ErrorClass::Unknown)
    }

    /// Returns the class of a code, exact rows before prefix rows.
    fn code(&self, code: &str) -> ErrorClass {
        let prefix_row = || {
            let row = self.codes.iter().find(|(row, _)| {
                row.strip_suffix('*')
                    .is_some_and(|prefix| code.starts_with(prefix))
            });
            row.map(|(_, class)| class)
        };
        let class = self.codes.get(code).or_else(prefix_row);
        class.copied().unwrap_or(ErrorClass::Unknown)
    }

    /// Finds the code of a temporary error in the text of another one, as in
    /// `.. first error: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access to this record ..`.
    fn temporary_cause(&self, text: &str) -> Option<ErrorClass> {
        let words = text.split(|c: char| !c.is_ascii_uppercase() && c != '_');
        let is_temporary = |class: &ErrorClass| {
            matches!(
                class,
                ErrorClass::Retry | ErrorClass::Lock | ErrorClass::Limit
            )
        };
        let class = |word: &str| self.codes.get(word).copied().filter(is_temporary);
        words.filter(|word| word.contains('_')).find_map(class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: &str, message: &str) -> Rejection {
        Rejection::new(code.to_owned(), message)
    }

    #[test]
    fn every_row_of_the_table_is_found() {
        let table = ErrorCodes::shipped().unwrap();
        assert!(table.codes.len() > 20 && table.statuses.len() > 5);
        for (row, class) in &table.codes {
            let code = error(&row.replace('*', "_ON_SOMETHING"), "");
            assert_eq!(table.record(&code), *class, "{row}");
            for status in [200, 400, 401, 403, 503] {
                assert_eq!(table.answer(Some(&code), status), *class, "{row} {status}");
            }
        }
        for (row, class) in &table.statuses {
            let status = row.replace("xx", "07").parse().unwrap();
            assert_eq!(table.answer(None, status), *class, "{row}");
            let unknown = error("NOT_IN_THE_TABLE", "");
            assert_eq!(table.answer(Some(&unknown), status), *class, "{row}");
        }
    }

    #[test]
    fn a_request_limit_is_no_missing_permission() {
        let table = ErrorCodes::shipped().unwrap();
        let answer = |code| table.answer(Some(&error(code, "")), 403);
        assert_eq!(answer("REQUEST_LIMIT_EXCEEDED"), ErrorClass::Limit);
        let no_access = answer("INSUFFICIENT_ACCESS_OR_READONLY");
        assert_eq!(no_access, ErrorClass::Permanent);
        assert_eq!(table.answer(None, 403), ErrorClass::Retry);
    }

    #[test]
    fn a_code_outside_the_table_is_unknown() {
        let table = ErrorCodes::shipped().unwrap();
        let unknown = error("NOT_IN_THE_TABLE", "UNABLE_TO_LOCK_ROW");
        assert_eq!(table.record(&unknown), ErrorClass::Unknown);
        assert_eq!(table.answer(Some(&unknown), 418), ErrorClass::Unknown);
    }

    #[test]
    fn a_temporary_cause_in_the_text_of_a_trigger_error_is_temporary() {
        let table = ErrorCodes::shipped().unwrap();
        let trigger = |text| table.record(&error("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", text));
        let text = "CaseTrigger: execution of AfterInsert caused by: System.DmlException: Update failed. First exception \
             on row 0 with id 001A; first error: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access to this record: []";
        assert_eq!(trigger(text), ErrorClass::Lock);
        let text = "first error: STORAGE_LIMIT_EXCEEDED, storage limit exceeded: []";
        assert_eq!(trigger(text), ErrorClass::Limit);
        for text in [
            "first error: FIELD_CUSTOM_VALIDATION_EXCEPTION, no: []",
            "NOT_UNABLE_TO_LOCK_ROWS",
            "unable to lock row",
            "",
        ] {
            assert_eq!(trigger(text), ErrorClass::Permanent, "{text}");
        }
        // Other errors quote the values of the record.
        let quoted = error(
            "STRING_TOO_LONG",
            "Subject: value too large: UNABLE_TO_LOCK_ROW",
        );
        assert_eq!(table.record(&quoted), ErrorClass::Permanent);
    }
}
