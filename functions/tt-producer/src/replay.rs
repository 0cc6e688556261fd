//! Lines of a replay: each is bound to a record, or to a part, of an uploaded file of the same bucket.

use std::collections::{HashMap, HashSet};

use crate::{
    encode::Origin,
    ledger::{Failure, Line, read_line},
    object::S3,
    split::Header,
    upload::{HeaderPlace, InvalidUpload, Object, Position, Prefix, Upload},
};

/// The largest number of parts of files that one replay has read.
pub(crate) const MAX_PARTS: usize = 100;

/// The largest number of versions that are remembered as existing.
const MAX_KNOWN: usize = 1_000;

/// The most bytes that one byte of an object unpacks to: gzip packs 1,032 into one.
const MAX_EXPANSION: u64 = 1_100;

/// Reads the lines of one replay.
#[derive(Debug)]
pub(crate) struct Replay {
    s3: S3,
    bucket: String,
    /// Lengths of the versions that exist.
    known: HashMap<(String, String), u64>,
    /// The parts that were followed, by their names.
    followed: HashSet<String>,
    /// The header of the last row: most lines have the same one.
    header: Option<Header>,
}

/// A record that is sent again.
#[derive(Debug)]
pub(crate) struct Replayed {
    pub(crate) origin: Origin,
    pub(crate) content: Vec<u8>,
    pub(crate) truncated: bool,
    pub(crate) backslash: bool,
}

/// What is sent again for a line.
#[derive(Debug)]
pub(crate) enum ReplayLine {
    /// One record, unless the failure prevents that.
    Record(Replayed, Option<Failure>),
    /// A part of a file.
    Part(Upload),
    /// A part of a file that is not read now.
    Refused(Upload, Failure),
}

impl Replay {
    /// A replay of files in `bucket`.
    pub(crate) fn new(s3: S3, bucket: &str) -> Self {
        Self {
            s3,
            bucket: bucket.to_owned(),
            known: HashMap::new(),
            followed: HashSet::new(),
            header: None,
        }
    }

    /// Reads a line.
    ///
    /// # Errors
    ///
    /// When it is no parked line, or one of anything but an uploaded file of this bucket.
    pub(crate) async fn read(&mut self, line: &[u8]) -> Result<ReplayLine, Failure> {
        match read_line(line).ok_or(Failure::NotParked)? {
            Line::Part(part) => {
                self.check(&part)?;
                Ok(self.part(*part))
            }
            Line::Record {
                origin,
                content,
                truncated,
                backslash,
            } => {
                let source = &origin.source;
                let upload = Upload {
                    position: Position {
                        index: source.index,
                        offset: origin.offset,
                        ..Position::default()
                    },
                    ..Upload::new(Object {
                        bucket: source.bucket.clone(),
                        key: source.key.clone(),
                        version_id: Some(source.version.clone()),
                        e_tag: None,
                        size: None,
                    })
                };
                self.check(&upload)?;
                let failure = match self.length(&upload.object).await {
                    Err(failure) => Some(failure),
                    Ok(length) if origin.offset > length.saturating_mul(MAX_EXPANSION) => {
                        Some(Failure::BehindEnd)
                    }
                    Ok(_) => truncated.then_some(Failure::Truncated),
                };
                let replayed = Replayed {
                    origin,
                    content,
                    truncated,
                    backslash,
                };
                Ok(ReplayLine::Record(replayed, failure))
            }
        }
    }

    /// The header of a replayed row.
    pub(crate) fn header(&mut self, origin: &Origin) -> Option<&Header> {
        let row = origin.header.as_ref()?;
        let is_same = |header: &Header| {
            header.row() == row.row.as_slice() && header.delimiter() == row.delimiter
        };
        if !self.header.as_ref().is_some_and(is_same) {
            let place = HeaderPlace {
                offset: 0,
                length: row.row.len(),
                readable: true,
                truncated: false,
            };
            self.header = Some(Header::new(&row.row, Some(row.delimiter), place));
        }
        self.header.as_ref()
    }

    /// Only files that were uploaded to this bucket are sent again, and no replays.
    fn check(&self, upload: &Upload) -> Result<(), InvalidUpload> {
        upload.check(Some(&self.bucket))?;
        match upload.object.prefix() {
            Some(Prefix::Incoming) => Ok(()),
            _ => Err(InvalidUpload::Prefix),
        }
    }

    fn part(&mut self, part: Upload) -> ReplayLine {
        let part = Upload { stalls: 0, ..part };
        if self.followed.contains(&part.name()) {
            return ReplayLine::Refused(part, Failure::Twice);
        }
        if self.followed.len() >= MAX_PARTS {
            return ReplayLine::Refused(part, Failure::TooManyParts { limit: MAX_PARTS });
        }
        self.followed.insert(part.name());
        ReplayLine::Part(part)
    }

    /// The length of a version, which must exist. In a bucket without versions, its name is an entity tag.
    async fn length(&mut self, object: &Object) -> Result<u64, Failure> {
        let name = (object.key.clone(), object.version().to_owned());
        if let Some(length) = self.known.get(&name) {
            return Ok(*length);
        }
        let length = match self.s3.length(object).await {
            Ok(length) => length,
            Err(error) if error.retryable => return Err(Failure::Source(error)),
            Err(error) => {
                let tagged = Object {
                    e_tag: object.version_id.clone(),
                    version_id: None,
                    ..object.clone()
                };
                let length = self.s3.length(&tagged).await;
                length.map_err(|_| Failure::Source(error))?
            }
        };
        if self.known.len() >= MAX_KNOWN {
            self.known.clear();
        }
        self.known.insert(name, length);
        Ok(length)
    }
}
