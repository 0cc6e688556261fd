//! The source of an event, and the event id that is derived from it.

use std::fmt;

use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The place of one record: object, version and position in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Bucket of the uploaded file.
    pub bucket: String,
    /// Key of the uploaded file, decoded.
    pub key: String,
    /// Version id of the object; its `ETag` when the bucket has no versions.
    pub version: String,
    /// Position of the record in the file, from 0, malformed records included.
    pub index: u64,
}

/// The deterministic name of an event.
///
/// 52 characters of lower-case base32. Salesforce compares external ids without case by default, so
/// an alphabet of one case only is needed for different events to stay different there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(String);

impl Source {
    /// Names the record at `index` of one version of an object.
    pub fn new(
        bucket: impl Into<String>,
        key: impl Into<String>,
        version: impl Into<String>,
        index: u64,
    ) -> Self {
        Self {
            bucket: bucket.into(),
            key: key.into(),
            version: version.into(),
            index,
        }
    }

    /// Derives the event id: it depends on the upload alone, so every retry and every repeated
    /// notification gives the same one.
    pub fn event_id(&self) -> EventId {
        let id = Ids::new(&self.bucket, &self.key, &self.version).at(self.index);
        EventId(id.iter().copied().map(char::from).collect())
    }
}

/// Bytes of an event id.
const ID_BYTES: usize = 52;

/// The event ids of one upload: what they have in common is hashed once.
#[derive(Debug, Clone)]
pub(crate) struct Ids {
    upload: Sha256,
}

impl Ids {
    pub(crate) fn new(bucket: &str, key: &str, version: &str) -> Self {
        let mut upload = Sha256::new();
        // Lengths go first, since a key may hold any separator.
        for part in [bucket, key, version] {
            upload.update((part.len() as u64).to_be_bytes());
            upload.update(part.as_bytes());
        }
        Self { upload }
    }

    /// The id of the record at `index`, in ASCII.
    pub(crate) fn at(&self, index: u64) -> [u8; ID_BYTES] {
        let mut hash = self.upload.clone();
        hash.update(index.to_be_bytes());
        let mut id = [0; ID_BYTES];
        BASE32_NOPAD.encode_mut(&hash.finalize(), &mut id);
        id.make_ascii_lowercase();
        id
    }
}

impl EventId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for EventId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_is_the_same_for_the_same_place_in_every_release() {
        let id = Source::new("bucket", "incoming/a.csv", "v1", 0).event_id();
        assert_eq!(
            id.as_str(),
            "kjhcq33znmjygjfjnmnyljd4wz2pjt5gsgfu2o4ge4krn2rzvxxq"
        );
    }

    #[test]
    fn id_fits_a_salesforce_external_id_of_one_case() {
        let id = Source::new("b", "k", "v", u64::MAX).event_id();
        assert_eq!(id.as_str().len(), 52);
        assert!(
            id.as_str()
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        );
    }

    #[test]
    fn id_differs_when_a_separator_moves_between_the_parts() {
        let one = Source::new("b", "k/v", "w", 0).event_id();
        let two = Source::new("b/k", "v", "w", 0).event_id();
        let three = Source::new("bk", "/v", "w", 0).event_id();
        assert_ne!(one, two);
        assert_ne!(two, three);
    }

    #[test]
    fn id_differs_by_version_and_by_index() {
        let base = Source::new("b", "k", "v", 0).event_id();
        assert_ne!(base, Source::new("b", "k", "w", 0).event_id());
        assert_ne!(base, Source::new("b", "k", "v", 1).event_id());
    }
}
