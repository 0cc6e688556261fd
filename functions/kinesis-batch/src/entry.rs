//! One record on its way to a stream, and the receipt for it.

use std::fmt;

use crate::{Limits, PutError};

/// The longest partition key, in characters (Kinesis API reference, `PutRecordsRequestEntry`).
const PARTITION_KEY_CHARACTERS: usize = 256;

/// One record to put: `Debug` shows sizes, never the content.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Decides the shard: records of one key stay in order.
    pub partition_key: String,
    /// Decides the shard in place of the partition key, when there is one: a decimal number below
    /// 2^128.
    pub explicit_hash_key: Option<String>,
    /// The content, before base64.
    pub data: Vec<u8>,
}

/// What Kinesis answered for an accepted record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Position in the shard.
    pub sequence_number: String,
    /// The shard.
    pub shard_id: String,
}

impl Entry {
    /// Makes a record.
    pub fn new(partition_key: impl Into<String>, data: impl Into<Vec<u8>>) -> Self {
        Self {
            partition_key: partition_key.into(),
            explicit_hash_key: None,
            data: data.into(),
        }
    }

    /// The bytes that count against the limits: data and key.
    pub fn size(&self) -> usize {
        self.data.len() + self.partition_key.len()
    }

    /// Checks what would make Kinesis refuse the whole request for the sake of this record.
    pub(crate) fn check(&self, limits: &Limits) -> Result<(), PutError> {
        let characters = self.partition_key.chars().count();
        if !(1..=PARTITION_KEY_CHARACTERS).contains(&characters) {
            return Err(PutError::PartitionKey { characters });
        }
        if self.size() > limits.record_bytes {
            return Err(PutError::TooLarge {
                bytes: self.size(),
                limit: limits.record_bytes,
            });
        }
        Ok(())
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("bytes", &self.size())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_counts_the_key_against_the_limit() {
        let limits = Limits {
            record_bytes: 5,
            ..Limits::default()
        };
        assert!(Entry::new("key", "12").check(&limits).is_ok());
        let error = Entry::new("key", "123").check(&limits).unwrap_err();
        assert!(matches!(error, PutError::TooLarge { bytes: 6, limit: 5 }));
    }

    #[test]
    fn partition_key_is_counted_in_characters() {
        let limits = Limits::default();
        assert!(Entry::new("é".repeat(256), "").check(&limits).is_ok());
        assert!(Entry::new("é".repeat(257), "").check(&limits).is_err());
        assert!(Entry::new("", "data").check(&limits).is_err());
    }

    #[test]
    fn debug_shows_no_content() {
        let text = format!("{:?}", Entry::new("customer", "secret"));
        assert!(!text.contains("customer") && !text.contains("secret"));
    }
}
