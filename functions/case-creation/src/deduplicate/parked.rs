//! The object keys of parked records.

use sha2::{Digest, Sha256};

use crate::decode::Record;

/// The prefix of parked records in the bucket.
const PREFIX: &str = "parked/case-creation/";

/// Returns the key under which a record is parked: its event id, or its position when it has no id that fits a key.
/// A record that is delivered again has the same key.
pub(crate) fn object_key(record: &Record<'_>, event_id: Option<&str>) -> String {
    let is_plain = |name: &&str| {
        !name.is_empty()
            && name.len() <= 128
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if let Some(name) = event_id.filter(is_plain) {
        return format!("{PREFIX}{name}.json");
    }
    let position = &record.position;
    let number = position.sequence_number.filter(is_plain);
    match (number, position.sub_sequence_number) {
        (Some(number), None) => format!("{PREFIX}{number}.json"),
        (Some(number), Some(part)) => format!("{PREFIX}{number}-{part}.json"),
        (None, _) => {
            let digest = Sha256::digest(record.content());
            let head: [u8; 8] = std::array::from_fn(|i| digest.get(i).copied().unwrap_or_default());
            format!("{PREFIX}{:016x}.json", u64::from_be_bytes(head))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_the_event_id_when_it_fits_a_key() {
        let key = |id| object_key(&Record::of(Some("495"), b""), id);
        assert_eq!(key(Some("abc23")), "parked/case-creation/abc23.json");
        assert_eq!(key(Some("../up")), "parked/case-creation/495.json");
        assert_eq!(key(None), "parked/case-creation/495.json");
        assert_eq!(
            object_key(&Record::of(None, b"abc"), None),
            "parked/case-creation/ba7816bf8f01cfea.json"
        );
    }

    #[test]
    fn the_parts_of_an_aggregated_record_have_different_keys() {
        let mut part = Record::of(Some("495"), b"");
        part.position.sub_sequence_number = Some(3);
        assert_eq!(object_key(&part, None), "parked/case-creation/495-3.json");
    }
}
