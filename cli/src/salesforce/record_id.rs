//! Record ids: 15 case-sensitive characters, and 3 more that make them safe where case is lost.

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SUFFIX: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// `500`, the key prefix of Case, then the place of an org that does not exist.
const CASE_PREFIX: &str = "500Tt0";
const SERIAL_CHARS: usize = 9;

/// The 18-character id of the Case with this serial number.
pub(crate) fn case_id(serial: u64) -> String {
    let mut rest = serial;
    let mut digits = [b'0'; SERIAL_CHARS];
    for digit in digits.iter_mut().rev() {
        *digit = pick(BASE62, rest % 62);
        rest /= 62;
    }
    let mut id = CASE_PREFIX.to_owned();
    id.extend(digits.map(char::from));
    to_18(&id)
}

/// Adds the suffix to a 15-character id; any other text comes back as it is.
///
/// Each suffix character says which of five characters are capitals, lowest bit first.
pub(crate) fn to_18(id: &str) -> String {
    if id.len() != 15 || !id.is_ascii() {
        return id.to_owned();
    }
    let suffix = id.as_bytes().chunks(5).map(|chunk| {
        let capitals = chunk.iter().enumerate();
        let bits = capitals
            .map(|(place, byte)| u64::from(byte.is_ascii_uppercase()) << place)
            .sum();
        char::from(pick(SUFFIX, bits))
    });
    id.chars().chain(suffix).collect()
}

/// Whether this could be an id at all: the shape, and the suffix of the long form.
pub(crate) fn is_id(text: &str) -> bool {
    let shaped = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    shaped
        && match text.len() {
            15 => true,
            18 => text.get(..15).is_some_and(|short| to_18(short) == text),
            _ => false,
        }
}

fn pick(alphabet: &[u8], place: u64) -> u8 {
    usize::try_from(place)
        .ok()
        .and_then(|place| alphabet.get(place))
        .copied()
        .unwrap_or(b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_is_the_one_of_a_known_id() {
        // The example of Salesforce's API documentation, read in its REST pages.
        assert_eq!(to_18("001R00000064wdt"), "001R00000064wdtIAA");
    }

    #[test]
    fn ids_of_one_org_differ_and_are_valid() {
        assert_ne!(case_id(1), case_id(62));
        assert!(is_id(&case_id(1)) && is_id(&case_id(u64::from(u32::MAX))));
    }

    #[test]
    fn a_wrong_suffix_is_no_id() {
        assert!(!is_id("001R00000064wdtIAB") && !is_id("001R0000006") && !is_id("001R00000064wd!"));
    }
}
