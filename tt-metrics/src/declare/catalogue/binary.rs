//! Reads the catalogue from the file of a program.

use object::{Object, ObjectSection};

use super::{
    entry::Entry,
    record::{self, MAGIC, Reader, VERSION},
};

/// The section of the records in ELF and Mach-O files.
const SECTIONS: [&str; 2] = [".tt_metrics", "__tt_metrics"];

/// Why the catalogue of a file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file is not an ELF, Mach-O or other executable file.
    #[error("the file is not a program or library")]
    Format(#[source] object::Error),
    /// The program declares no metric, or was not built with `tt-metrics`.
    #[error("the program has no catalogue of metrics")]
    Missing,
    /// A record has a version that this build cannot read.
    #[error("the catalogue has records of version {0}, expected version {VERSION}")]
    Version(u32),
    /// A record is damaged.
    #[error("the catalogue is damaged {0} bytes before its end")]
    Damaged(usize),
}

/// Reads every metric that a program declares from the bytes of its file.
///
/// ```
/// let this_program = std::fs::read(std::env::current_exe()?)?;
/// match tt_metrics::catalogue::read(&this_program) {
///     Ok(entries) => println!("{} metrics", entries.len()),
///     Err(error) => println!("{error}"),
/// }
/// # Ok::<_, std::io::Error>(())
/// ```
///
/// # Errors
///
/// When the bytes are not a program, or contain no catalogue or one that this build cannot read.
pub fn read(file: &[u8]) -> Result<Vec<Entry<'_>>, ReadError> {
    let object = object::File::parse(file).map_err(ReadError::Format)?;
    let found = SECTIONS
        .iter()
        .find_map(|name| object.section_by_name(name));
    let section = found.ok_or(ReadError::Missing)?;
    section_of(section.data().map_err(ReadError::Format)?)
}

fn section_of(section: &[u8]) -> Result<Vec<Entry<'_>>, ReadError> {
    let mut entries = Vec::new();
    let mut bytes = Reader(section);
    loop {
        // A linker may align records.
        while let [0, rest @ ..] = bytes.0 {
            bytes.0 = rest;
        }
        if bytes.0.is_empty() {
            return Ok(entries);
        }
        let damaged = ReadError::Damaged(bytes.0.len());
        let Some((version, payload)) = next(&mut bytes) else {
            return Err(damaged);
        };
        if version != VERSION {
            return Err(ReadError::Version(version));
        }
        entries.extend(record::payload(payload).ok_or(damaged)?);
    }
}

fn next<'a>(bytes: &mut Reader<'a>) -> Option<(u32, &'a [u8])> {
    let magic = bytes.take(MAGIC.len())?;
    let version = bytes.u32()?;
    let length = bytes.length()?;
    let payload = bytes.take(length)?;
    (magic == MAGIC).then_some((version, payload))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        declare::{
            catalogue::{encode, encoded_len},
            declaration::Declaration,
        },
        metric::MetricName,
    };

    const DECLARATION: Declaration = Declaration {
        calls: Some(MetricName::new("Calls")),
        ..Declaration::new("f", "f.rs", 1, "")
    };
    const RECORD: [u8; encoded_len(&DECLARATION)] = encode(&DECLARATION);

    #[test]
    fn records_are_found_with_and_without_bytes_between_them() {
        let section = [&[0; 3][..], &RECORD, &RECORD, &[0; 16], &RECORD, &[0; 9]].concat();
        assert_eq!(section_of(&section).unwrap().len(), 3);
        assert_eq!(section_of(&[]).unwrap(), []);
    }

    #[test]
    fn a_damaged_record_and_one_of_another_version_are_errors() {
        let cut = RECORD.len() - 1;
        let damaged = section_of(&RECORD[..cut]);
        assert!(matches!(damaged, Err(ReadError::Damaged(left)) if left == cut));
        let mut newer = RECORD;
        newer[MAGIC.len()] += 1;
        assert!(
            matches!(section_of(&newer), Err(ReadError::Version(version)) if version == VERSION + 1)
        );
    }

    #[test]
    fn a_file_that_is_not_a_program_is_an_error() {
        assert!(matches!(read(b"#!/bin/sh"), Err(ReadError::Format(_))));
    }
}
