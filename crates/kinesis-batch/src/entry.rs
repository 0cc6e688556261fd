//! A record to put, and the receipt of an accepted one.

use std::fmt;

use bytes::Bytes;

use crate::{Limits, PutError};

/// The longest partition key, in characters.
///
/// Source: [`PutRecordsRequestEntry`](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html).
const PARTITION_KEY_CHARACTERS: usize = 256;

/// A record to put. `Debug` shows its size, never the content.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Selects the shard.
    pub partition_key: String,
    /// Selects the shard in place of the partition key: a decimal number below 2^128.
    pub explicit_hash_key: Option<String>,
    /// The content, before base64.
    pub data: Vec<u8>,
}

/// The response for an accepted record.
#[derive(Clone, PartialEq, Eq)]
pub struct Receipt {
    // Slices of the response body, which all receipts of a request share.
    sequence_number: Bytes,
    shard_id: Bytes,
}

impl Receipt {
    /// Both arguments must be UTF-8.
    pub(crate) fn new(sequence_number: Bytes, shard_id: Bytes) -> Self {
        Self {
            sequence_number,
            shard_id,
        }
    }

    /// Returns the position in the shard.
    pub fn sequence_number(&self) -> &str {
        str::from_utf8(&self.sequence_number).unwrap_or_default()
    }

    /// Returns the shard.
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
    /// Creates a record without explicit hash key.
    pub fn new(partition_key: impl Into<String>, data: impl Into<Vec<u8>>) -> Self {
        Self {
            partition_key: partition_key.into(),
            explicit_hash_key: None,
            data: data.into(),
        }
    }

    /// Returns the bytes of data and key, which count against the limits.
    pub fn size(&self) -> usize {
        self.data.len() + self.partition_key.len()
    }
}

/// Checks a record against the limits for which Kinesis would reject the whole request.
pub(crate) fn validate(key: &str, data_bytes: usize, limits: &Limits) -> Result<(), PutError> {
    // Each character has at least one byte.
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
    fn the_key_counts_against_the_size_limit() {
        let limits = Limits {
            record_bytes: 5,
            ..Limits::default()
        };
        assert!(validate("key", 2, &limits).is_ok());
        let error = validate("key", 3, &limits).unwrap_err();
        assert!(matches!(error, PutError::TooLarge { bytes: 6, limit: 5 }));
    }

    #[test]
    fn a_partition_key_is_limited_in_characters() {
        let limits = Limits::default();
        assert!(validate(&"é".repeat(256), 0, &limits).is_ok());
        assert!(validate(&"é".repeat(257), 0, &limits).is_err());
        assert!(validate("", 4, &limits).is_err());
    }

    #[test]
    fn debug_output_has_no_content() {
        let text = format!("{:?}", Entry::new("customer", "secret"));
        assert!(!text.contains("customer") && !text.contains("secret"));
    }
}
