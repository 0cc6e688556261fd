//! An upload on its way: which object, and how far it was read.

use serde::{Deserialize, Serialize};
use tt_event::Source;

use crate::{object::Object, split::Place};

/// The schema of what one invocation tells the next.
pub(crate) const SCHEMA: &str = "tt-upload/1";

/// How often in a row an upload is handed on without a byte of it read.
const MOST_STALLS: u32 = 3;

/// An object, and where to go on in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) object: Object,
    #[serde(default)]
    pub(crate) position: Position,
    /// How often in a row it was handed on without progress.
    #[serde(default)]
    pub(crate) stalls: u32,
}

/// How far a file was read: everything before is settled, nothing behind was received.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// The number of the next record.
    pub(crate) index: u64,
    /// Where it begins, and in what.
    pub(crate) place: Place,
    /// Where the header row of a CSV file stands: it may be longer than a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) header: Option<HeaderPlace>,
}

/// Where the header row of a CSV file stands in the unpacked content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeaderPlace {
    pub(crate) offset: u64,
    pub(crate) length: usize,
    /// Whether it can be read as a row.
    pub(crate) readable: bool,
    /// Whether that is only its beginning.
    pub(crate) truncated: bool,
}

/// What one invocation tells the next.
#[derive(Serialize, Deserialize)]
struct Message<T> {
    schema: String,
    upload: T,
}

impl Upload {
    /// An upload of which nothing was read.
    pub(crate) fn new(object: Object) -> Self {
        Self {
            object,
            position: Position::default(),
            stalls: 0,
        }
    }

    /// The upload as the next invocation gets it; `None` when it was handed on too often already.
    pub(crate) fn at(&self, position: Position) -> Option<Self> {
        let so_far = |position: &Position| (position.index, position.place.offset);
        let stalls = if so_far(&position) == so_far(&self.position) {
            self.stalls + 1
        } else {
            0
        };
        (stalls <= MOST_STALLS).then(|| Self {
            object: self.object.clone(),
            position,
            stalls,
        })
    }

    /// The message for the next invocation.
    #[expect(
        clippy::expect_used,
        reason = "strings, numbers and plain enums always serialize"
    )]
    pub(crate) fn encode(&self) -> String {
        let message = Message {
            schema: SCHEMA.to_owned(),
            upload: self,
        };
        serde_json::to_string(&message).expect("an upload is JSON")
    }

    /// Reads a message; `None` when it is none of ours.
    pub(crate) fn decode(message: &serde_json::Value) -> Option<Self> {
        if message.get("schema")? != SCHEMA {
            return None;
        }
        Message::deserialize(message)
            .ok()
            .map(|message| message.upload)
    }

    /// A name of this upload at this place: the same for every repetition of the same message.
    pub(crate) fn name(&self) -> String {
        let Object { bucket, key, .. } = &self.object;
        let (index, offset) = (self.position.index, self.position.place.offset);
        let place = format!("{}@{offset}.{}", self.object.version(), self.stalls);
        Source::new(bucket, key, place, index)
            .event_id()
            .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split::Splitter;

    fn upload() -> Upload {
        let object = Object {
            bucket: "bucket".to_owned(),
            key: "incoming/a.csv".to_owned(),
            version_id: None,
            e_tag: Some("abc".to_owned()),
            size: Some(7),
        };
        let mut splitter = Splitter::new("a.csv", 10);
        splitter.push(b"a,b\n1,2\n");
        splitter.pull().unwrap();
        let position = Position {
            index: 3,
            place: splitter.place(),
            header: Some(HeaderPlace {
                offset: 0,
                length: 3,
                readable: true,
                truncated: false,
            }),
        };
        Upload::new(object).at(position).unwrap()
    }

    #[test]
    fn what_was_handed_on_is_read_back() {
        let message = serde_json::from_str(&upload().encode()).unwrap();
        assert_eq!(Upload::decode(&message), Some(upload()));
        assert_eq!(upload().position.place.offset, 4);
        assert_eq!(
            Upload::decode(&serde_json::json!({"schema": "tt-upload/2"})),
            None
        );
    }

    #[test]
    fn an_upload_without_progress_is_not_handed_on_for_ever() {
        let mut last = upload();
        for _ in 0..MOST_STALLS {
            last = last.at(last.position.clone()).unwrap();
        }
        assert_eq!(last.at(last.position.clone()), None);
        assert_eq!(last.at(Position::default()).unwrap().stalls, 0);
    }

    #[test]
    fn names_differ_by_place_alone() {
        assert_eq!(upload().name(), upload().name());
        let stalled = upload().at(upload().position).unwrap();
        assert_ne!(stalled.name(), upload().name());
        assert_ne!(Upload::new(upload().object).name(), upload().name());
    }
}
