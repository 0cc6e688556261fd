//! One version of one object in the bucket.

use serde::{Deserialize, Serialize};
use tt_event::Source;

/// One version of one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Its bucket.
    pub bucket: String,
    /// Its key, decoded.
    pub key: String,
    /// The version that the notification is about, in a bucket with versions.
    pub version_id: Option<String>,
    /// The entity tag, without quotes.
    pub e_tag: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
}

/// The prefix of a key, which decides how the content of an object is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    /// `incoming/`: an uploaded file. Its content is data and nothing else.
    Incoming,
    /// `replay/`: parked lines that are sent again. Uploaders have no permission to write here.
    Replay,
}

/// Why an object is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Skip {
    /// A folder, as consoles create them.
    #[error("key ends in a slash")]
    Folder,
    /// An object without content.
    #[error("object is empty")]
    Empty,
    /// An object that is not uploaded, for example the output of this pipeline.
    #[error("key is neither under `incoming/` nor under `replay/`")]
    Prefix,
}

impl Prefix {
    /// The text that keys begin with.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incoming => "incoming/",
            Self::Replay => "replay/",
        }
    }
}

impl Object {
    /// The prefix of its key; `None` for an object that is not read.
    pub fn prefix(&self) -> Option<Prefix> {
        [Prefix::Incoming, Prefix::Replay]
            .into_iter()
            .find(|prefix| self.key.starts_with(prefix.as_str()))
    }

    /// Whether there is nothing to read, and why.
    pub fn skip(&self) -> Option<Skip> {
        if self.prefix().is_none() {
            Some(Skip::Prefix)
        } else if self.key.ends_with('/') {
            Some(Skip::Folder)
        } else if self.size == Some(0) {
            Some(Skip::Empty)
        } else {
            None
        }
    }

    /// The identity of this upload among all under the same key: its version id, else its entity tag. Empty when the
    /// notification contains neither.
    pub fn version(&self) -> &str {
        self.version_id
            .as_deref()
            .or(self.e_tag.as_deref())
            .unwrap_or_default()
    }

    /// The source of one of its records.
    pub fn source(&self, index: u64) -> Source {
        Source::new(&self.bucket, &self.key, self.version(), index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(key: &str, size: u64) -> Object {
        Object {
            bucket: "bucket".to_owned(),
            key: key.to_owned(),
            version_id: None,
            e_tag: Some("abc".to_owned()),
            size: Some(size),
        }
    }

    #[test]
    fn folders_empty_objects_and_other_prefixes_are_skipped() {
        assert_eq!(object("incoming/", 1).skip(), Some(Skip::Folder));
        assert_eq!(object("incoming/a.csv", 0).skip(), Some(Skip::Empty));
        for key in ["parked/tt-producer/a.csv/v/0.ndjson", "aws/lambda/a/b", "a"] {
            assert_eq!(object(key, 1).skip(), Some(Skip::Prefix));
        }
        assert_eq!(object("incoming/parked/a.csv", 1).skip(), None);
        assert_eq!(object("replay/a.ndjson", 1).skip(), None);
    }

    #[test]
    fn an_unknown_size_is_not_empty() {
        let unknown = Object {
            size: None,
            ..object("incoming/a.csv", 0)
        };
        assert_eq!(unknown.skip(), None);
    }

    #[test]
    fn version_is_the_version_id_else_the_entity_tag() {
        let tagged = object("incoming/a.csv", 1);
        assert_eq!(tagged.version(), "abc");
        let versioned = Object {
            version_id: Some("v1".to_owned()),
            ..tagged
        };
        assert_eq!(versioned.version(), "v1");
    }
}
