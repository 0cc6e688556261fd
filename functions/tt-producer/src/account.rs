//! Where records are counted: once when they are received, once when their fate is known.

use crate::{
    failure::Failure,
    record::{Malformed, Record},
    row::Header,
};

/// How the text of a record is read.
#[derive(Debug)]
pub(crate) enum Layout {
    /// As a JSON object.
    Json,
    /// As a CSV row under this header.
    Csv(Header),
}

impl Layout {
    fn record<'a>(&'a self, text: &'a [u8]) -> Result<Record<'a>, Malformed> {
        match self {
            Self::Json => Record::from_json(text),
            Self::Csv(header) => header.record(text),
        }
    }
}

/// Receives one record of a file, or what stands in its place.
#[tt_metrics::count("S3RecordsReceived")]
pub(crate) fn receive<'a>(
    text: Result<&'a [u8], Failure>,
    layout: &'a Layout,
) -> Result<Record<'a>, Failure> {
    text.and_then(|text| Ok(layout.record(text)?))
}

/// Settles one received record for good: called once for each, never for an attempt.
#[tt_metrics::count_outcome(success = "TTEventPublished", failure = "TTEventFailed")]
pub(crate) fn settle(fate: Result<(), Failure>) -> Result<(), Failure> {
    fate
}
