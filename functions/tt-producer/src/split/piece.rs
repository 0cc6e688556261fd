//! A part of a file: a record, or something in the place of one.

use super::{header::Header, step::SplitError};
use crate::upload::Reader;

/// How the text of a record is read.
#[derive(Debug, Clone, Copy)]
pub enum Form<'a> {
    /// As a JSON value.
    Json,
    /// As a CSV row.
    Row {
        /// The header of the file.
        header: &'a Header,
        /// Whether a backslash in front of a quote escapes it.
        backslash: bool,
    },
}

/// A part of a file: a record, or something in the place of one.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// Where it begins in the content, and everything that reading on from there depends on.
    pub offset: u64,
    /// What the content before it has decided.
    pub reader: Reader,
    /// Its bytes; a record, unless `error` is set.
    pub content: &'a [u8],
    /// How it is read.
    pub form: Form<'a>,
    /// Why it is no record.
    pub error: Option<SplitError>,
    /// Whether `content` is only the beginning of it.
    pub truncated: bool,
}
