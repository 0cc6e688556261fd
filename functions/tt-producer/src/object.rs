//! One uploaded object, as a notification names it.

use serde::{Deserialize, Serialize};
use tt_event::Source;

/// Where parked records are kept.
pub(crate) const PARKED: &str = "parked/";
/// What is written to the bucket by this pipeline, and never read as input: parked records, and the
/// batches that Lambda gave up on.
const OUTPUT: [&str; 2] = [PARKED, "aws/lambda/"];

/// One uploaded object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Object {
    /// Its bucket.
    pub(crate) bucket: String,
    /// Its key, decoded.
    pub(crate) key: String,
    /// The version that the notification is about, in a bucket with versions.
    pub(crate) version_id: Option<String>,
    /// The entity tag, without quotes.
    pub(crate) e_tag: Option<String>,
    /// Bytes.
    pub(crate) size: Option<u64>,
}

/// Why an object is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Skip {
    /// A folder, as consoles make them.
    #[error("key ends in a slash")]
    Folder,
    /// No content.
    #[error("object is empty")]
    Empty,
    /// What this pipeline itself wrote.
    #[error("object is output of this pipeline")]
    Output,
}

impl Object {
    /// Whether there is nothing to read, and why.
    pub(crate) fn skip(&self) -> Option<Skip> {
        if OUTPUT.iter().any(|prefix| self.key.starts_with(prefix)) {
            Some(Skip::Output)
        } else if self.key.ends_with('/') {
            Some(Skip::Folder)
        } else if self.size == Some(0) {
            Some(Skip::Empty)
        } else {
            None
        }
    }

    /// What tells this upload from others under the same key; empty when the notification does not
    /// say.
    pub(crate) fn version(&self) -> &str {
        self.version_id
            .as_deref()
            .or(self.e_tag.as_deref())
            .unwrap_or_default()
    }

    /// The place of one of its records.
    pub(crate) fn source(&self, index: u64) -> Source {
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
    fn folders_empty_objects_and_own_output_are_skipped() {
        assert_eq!(object("incoming/", 1).skip(), Some(Skip::Folder));
        assert_eq!(object("incoming/a.csv", 0).skip(), Some(Skip::Empty));
        for key in ["parked/tt-producer/a.csv/v/0.ndjson", "aws/lambda/a/b"] {
            assert_eq!(object(key, 1).skip(), Some(Skip::Output));
        }
        assert_eq!(object("incoming/parked/a.csv", 1).skip(), None);
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
        assert_eq!(
            Object {
                version_id: Some("v1".to_owned()),
                ..tagged
            }
            .version(),
            "v1"
        );
    }
}
