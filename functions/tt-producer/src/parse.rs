//! Parses the text of a record.

mod fields;
mod malformed;
mod record;
mod row;
mod surrogates;

pub use malformed::Malformed;
pub use record::Record;
pub use surrogates::replace_lone_surrogates;

use crate::split::Form;

/// Parses the text of a record in its form.
///
/// # Errors
///
/// When it is no record; the error tells why.
pub fn parse<'a>(text: &'a [u8], form: Form<'a>) -> Result<Record<'a>, Malformed> {
    match form {
        Form::Json => Record::from_json(text),
        Form::Row { header, backslash } => row::record(text, header, backslash),
    }
}
