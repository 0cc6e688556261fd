//! What a Salesforce error means for a record: the table `error-codes.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::Error;

const SHIPPED: &str = include_str!("../error-codes.toml");

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Class {
    /// The token is not accepted: refresh once, repeat once.
    Token,
    /// Passing: try again soon.
    Retry,
    /// Passing, and fewer records in a call help.
    Lock,
    /// The org's request limit: stop calling for now.
    Limit,
    /// A unique field holds the value already.
    Duplicate,
    /// No retry can help.
    Permanent,
    /// Stands in no row: tried again a few times, then permanent.
    #[serde(skip)]
    Unknown,
}

/// The table of error codes and statuses.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorCodes {
    codes: BTreeMap<String, Class>,
    statuses: BTreeMap<String, Class>,
}

impl ErrorCodes {
    /// Reads the table that is built in.
    ///
    /// # Errors
    ///
    /// When the table is not one; a test keeps that from happening.
    pub fn shipped() -> Result<Self, Error> {
        toml::from_str(SHIPPED).map_err(|source| Error::ErrorCodes {
            source: source.into(),
        })
    }

    /// Finds the class of an error code, exact rows before prefix rows.
    pub fn code(&self, code: &str) -> Class {
        let prefix_row = || {
            let row = self.codes.iter().find(|(row, _)| {
                row.strip_suffix('*')
                    .is_some_and(|prefix| code.starts_with(prefix))
            });
            row.map(|(_, class)| class)
        };
        let class = self.codes.get(code).or_else(prefix_row);
        class.copied().unwrap_or(Class::Unknown)
    }

    /// Finds the class of an answer that is not a success: by its code if that is known, else by its
    /// status.
    pub fn answer(&self, code: Option<&str>, status: u16) -> Class {
        let by_code = code.map_or(Class::Unknown, |code| self.code(code));
        if by_code != Class::Unknown {
            return by_code;
        }
        let hundreds = format!("{}xx", status / 100);
        let class = self.statuses.get(&status.to_string());
        let class = class.or_else(|| self.statuses.get(&hundreds));
        class.copied().unwrap_or(Class::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_found() {
        let table = ErrorCodes::shipped().unwrap();
        assert!(table.codes.len() > 20 && table.statuses.len() > 5);
        for (row, class) in &table.codes {
            let code = row.replace('*', "_ON_SOMETHING");
            assert_eq!(table.code(&code), *class, "{row}");
            for status in [200, 400, 401, 403, 503] {
                assert_eq!(table.answer(Some(&code), status), *class, "{row} {status}");
            }
        }
        for (row, class) in &table.statuses {
            let status = row.replace("xx", "07").parse().unwrap();
            assert_eq!(table.answer(None, status), *class, "{row}");
            assert_eq!(
                table.answer(Some("NEVER_HEARD_OF"), status),
                *class,
                "{row}"
            );
        }
    }

    #[test]
    fn a_request_limit_is_no_missing_permission() {
        let table = ErrorCodes::shipped().unwrap();
        assert_eq!(
            table.answer(Some("REQUEST_LIMIT_EXCEEDED"), 403),
            Class::Limit
        );
        assert_eq!(
            table.answer(Some("INSUFFICIENT_ACCESS_OR_READONLY"), 403),
            Class::Permanent
        );
        assert_eq!(table.answer(None, 403), Class::Retry);
    }

    #[test]
    fn an_unheard_of_code_is_unknown() {
        let table = ErrorCodes::shipped().unwrap();
        assert_eq!(table.code("NEVER_HEARD_OF"), Class::Unknown);
        assert_eq!(table.answer(Some("NEVER_HEARD_OF"), 418), Class::Unknown);
    }
}
