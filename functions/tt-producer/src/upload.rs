//! What an invocation works on: an object, and the part of it that is read.

mod object;
mod position;

pub use object::{Object, Prefix, Skip};
pub use position::{Csv, HeaderPlace, Json, Position, Reader, Skipping};

use serde::{Deserialize, Serialize};

/// The number of times in a row that an upload is handed on without a byte of it read.
const MAX_STALLS: u32 = 3;

/// The longest part of a file that one record takes up: headers and records are rejected above the configured limit, which
/// is lower.
const MAX_RECORD_BYTES: usize = 64 * 1024 * 1024;

/// An object and the part of it that is read: from `position` to its end, or to the record before `until`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// The object.
    pub object: Object,
    /// The position of the first record.
    #[serde(default)]
    pub position: Position,
    /// The number of the first record that is not read; `None` to read to the end of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// The number of times in a row that it was handed on without progress.
    #[serde(default)]
    pub stalls: u32,
}

/// Why an upload that another invocation or an operator describes is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUpload {
    /// The object is not one that is uploaded.
    #[error("its object is not under `incoming/`")]
    Prefix,
    /// The object is in another bucket.
    #[error("its object is in another bucket")]
    Bucket,
    /// Without a version another upload under the same key would be read in its place.
    #[error("its object has no version")]
    Version,
    /// A position that no file has.
    #[error("its position is not one within a file")]
    Position,
}

impl Upload {
    /// The whole of an object.
    pub fn new(object: Object) -> Self {
        Self {
            object,
            position: Position::default(),
            until: None,
            stalls: 0,
        }
    }

    /// The rest of this upload from `position` on, as the next invocation gets it; `None` when it was handed on too often
    /// without progress.
    pub fn rest_at(&self, position: Position) -> Option<Self> {
        let progress = |position: &Position| (position.index, position.offset);
        let stalls = if progress(&position) == progress(&self.position) {
            self.stalls + 1
        } else {
            0
        };
        (stalls <= MAX_STALLS).then(|| Self {
            position,
            stalls,
            ..self.clone()
        })
    }

    /// Checks an upload that was not taken from a notification of S3.
    ///
    /// # Errors
    ///
    /// When it is not a part of an uploaded file in `bucket`. Whether the version exists and is long enough shows when it
    /// is opened.
    pub fn check(&self, bucket: Option<&str>) -> Result<(), InvalidUpload> {
        if bucket.is_some_and(|bucket| bucket != self.object.bucket) {
            return Err(InvalidUpload::Bucket);
        }
        if self.object.prefix().is_none() {
            return Err(InvalidUpload::Prefix);
        }
        if self.object.version().is_empty() {
            return Err(InvalidUpload::Version);
        }
        let is_possible = self.position.is_possible(MAX_RECORD_BYTES)
            && self.until.is_none_or(|until| until > self.position.index)
            && self.stalls <= MAX_STALLS;
        if is_possible {
            Ok(())
        } else {
            Err(InvalidUpload::Position)
        }
    }

    /// A name of this upload at this position: the same for each repetition of the same message.
    pub fn name(&self) -> String {
        let Object { bucket, key, .. } = &self.object;
        let Position { index, offset, .. } = self.position;
        let until = self.until.unwrap_or(u64::MAX);
        let place = format!("{}@{offset}-{until}.{}", self.object.version(), self.stalls);
        tt_event::Source::new(bucket, key, place, index)
            .event_id()
            .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload() -> Upload {
        let object = Object {
            bucket: "bucket".to_owned(),
            key: "incoming/a.csv".to_owned(),
            version_id: None,
            e_tag: Some("abc".to_owned()),
            size: Some(7),
        };
        Upload {
            position: Position {
                index: 3,
                offset: 40,
                reader: Reader::Csv(Csv {
                    delimiter: Some(b';'),
                    backslash: true,
                    header: Some(HeaderPlace {
                        offset: 0,
                        length: 30,
                        readable: true,
                        truncated: false,
                    }),
                    ..Csv::default()
                }),
            },
            until: Some(9),
            ..Upload::new(object)
        }
    }

    #[test]
    fn an_upload_is_serialized_with_its_whole_state() {
        let text = serde_json::to_string(&upload()).unwrap();
        assert_eq!(serde_json::from_str::<Upload>(&text).unwrap(), upload());
    }

    #[test]
    fn an_upload_without_progress_is_not_handed_on_without_end() {
        let mut last = upload();
        for _ in 0..MAX_STALLS {
            last = last.rest_at(last.position).unwrap();
        }
        assert_eq!(last.rest_at(last.position), None);
        assert_eq!(last.rest_at(Position::default()).unwrap().stalls, 0);
    }

    #[test]
    fn names_differ_by_position() {
        assert_eq!(upload().name(), upload().name());
        let stalled = upload().rest_at(upload().position).unwrap();
        assert_ne!(stalled.name(), upload().name());
        assert_ne!(Upload::new(upload().object).name(), upload().name());
    }

    #[test]
    fn only_parts_of_uploaded_files_of_the_own_bucket_are_valid() {
        assert_eq!(upload().check(Some("bucket")), Ok(()));
        assert_eq!(upload().check(None), Ok(()));
        assert_eq!(upload().check(Some("other")), Err(InvalidUpload::Bucket));
        let mut elsewhere = upload();
        elsewhere.object.key = "parked/a".to_owned();
        assert_eq!(elsewhere.check(None), Err(InvalidUpload::Prefix));
        let mut latest = upload();
        latest.object.e_tag = None;
        assert_eq!(latest.check(None), Err(InvalidUpload::Version));
        let header = |length, offset| {
            let mut upload = upload();
            let header = HeaderPlace {
                offset,
                length,
                readable: true,
                truncated: false,
            };
            upload.position.reader = Reader::Csv(Csv {
                header: Some(header),
                ..Csv::default()
            });
            upload.check(None)
        };
        assert_eq!(header(30, 0), Ok(()));
        for (length, offset) in [(1 << 40, 0), (usize::MAX, u64::MAX), (30, 20)] {
            assert_eq!(header(length, offset), Err(InvalidUpload::Position));
        }
        let mut behind = upload();
        behind.position.index = 41;
        assert_eq!(behind.check(None), Err(InvalidUpload::Position));
    }
}
