//! Encodes a record as the event that is put on the stream.

use tt_event::{Encoder, Source};

use crate::{
    parse::Record,
    upload::{Object, Position, Upload},
};

/// A record on its way through the function, with everything that is needed to find it in its file again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    /// Its position in the file.
    pub(crate) position: Position,
    /// The position in the content behind it.
    pub(crate) end: u64,
    /// Its bytes.
    pub(crate) content: &'a [u8],
    /// Whether these are only the first of them; the object itself has the others.
    pub(crate) truncated: bool,
    /// Whether a backslash in front of a quote escapes it, in a CSV row.
    pub(crate) backslash: bool,
    /// Where it comes from, when the file contains parked records.
    pub(crate) origin: Option<&'a Origin>,
    /// What was not read, when the entry stands for that.
    pub(crate) rest: Option<&'a Upload>,
}

/// Where a parked record comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The source that its event id follows from.
    pub(crate) source: Source,
    /// Where it begins in the content of its file.
    pub(crate) offset: u64,
    /// The header row of its file.
    pub(crate) header: Option<HeaderRow>,
}

/// The header row of a CSV file, and its delimiter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeaderRow {
    /// The row as it is in the file.
    pub(crate) row: Vec<u8>,
    /// The delimiter.
    pub(crate) delimiter: u8,
}

/// Encodes the records of one object, or of the objects that parked records come from.
#[derive(Debug)]
pub(crate) struct EventEncoder {
    encoder: Encoder,
    event: Vec<u8>,
}

impl EventEncoder {
    pub(crate) fn new(object: &Object) -> Self {
        Self {
            encoder: Encoder::new(&object.bucket, &object.key, object.version()),
            event: Vec::new(),
        }
    }

    /// The event of a record.
    pub(crate) fn encode(&mut self, entry: &Entry<'_>, record: &Record<'_>, at: &str) -> &[u8] {
        self.event.clear();
        let out = &mut self.event;
        match entry.origin {
            Some(Origin { source, .. }) => {
                record.encode(&Encoder::of(source), source.index, at, out);
            }
            None => record.encode(&self.encoder, entry.position.index, at, out),
        }
        out
    }
}
