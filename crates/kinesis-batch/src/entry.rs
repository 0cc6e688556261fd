//! One record on its way to a stream, and the receipt for it.

use std::fmt;

use bytes::Bytes;

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
#[derive(Clone, PartialEq, Eq)]
pub struct Receipt {
    // Parts of the answer that told of the record, which all of its receipts share.
    sequence_number: Bytes,
    shard_id: Bytes,
}

impl Receipt {
    /// Both are UTF-8.
    pub(crate) fn new(sequence_number: Bytes, shard_id: Bytes) -> Self {
        Self {
            sequence_number,
            shard_id,
        }
    }

    /// Position in the shard.
    pub fn sequence_number(&self) -> &str {
        str::from_utf8(&self.sequence_number).unwrap_or_default()
    }

    /// The shard.
    pub fn shard_id(&self) -> &str {
        str::from_utf8(&self.shard_id).unwrap_or_default()
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("sequence_number", &self.sequence_number())
            .field("shard_id", &self.shard_id())
            .finish()
    }
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
}

/// Checks what would make Kinesis refuse a whole request for the sake of one record.
pub(crate) fn check(key: &str, data_bytes: usize, limits: &Limits) -> Result<(), PutError> {
    // No character takes less than a byte.
    let characters = if key.len() <= PARTITION_KEY_CHARACTERS {
        key.len()
    } else {
        key.chars().count()
    };
    if !(1..=PARTITION_KEY_CHARACTERS).contains(&characters) {
        return Err(PutError::PartitionKey { characters });
    }
    let bytes = key.len() + data_bytes;
    if bytes > limits.record_bytes {
        let limit = limits.record_bytes;
        return Err(PutError::TooLarge { bytes, limit });
    }
    Ok(())
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
        assert!(check("key", 2, &limits).is_ok());
        let error = check("key", 3, &limits).unwrap_err();
        assert!(matches!(error, PutError::TooLarge { bytes: 6, limit: 5 }));
    }

    #[test]
    fn partition_key_is_counted_in_characters() {
        let limits = Limits::default();
        assert!(check(&"é".repeat(256), 0, &limits).is_ok());
        assert!(check(&"é".repeat(257), 0, &limits).is_err());
        assert!(check("", 4, &limits).is_err());
    }

    #[test]
    fn debug_shows_no_content() {
        let text = format!("{:?}", Entry::new("customer", "secret"));
        assert!(!text.contains("customer") && !text.contains("secret"));
    }
}
