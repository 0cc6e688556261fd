//! Record ids: 15 case-sensitive characters, and a suffix of 3 that encodes which of them are capitals.

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SUFFIX: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// `500`, the key prefix of Case, then the instance of an org that does not exist.
const CASE_PREFIX: &str = "500Tt0";
const SERIAL_CHARS: usize = 9;

/// The 18-character id of the Case with this serial number.
pub(crate) fn case_id(serial: usize) -> String {
    let mut rest = u64::try_from(serial).unwrap_or(u64::MAX);
    let mut digits = [b'0'; SERIAL_CHARS];
    for digit in digits.iter_mut().rev() {
        *digit = pick(BASE62, rest % 62);
        rest /= 62;
    }
    let mut id = CASE_PREFIX.to_owned();
    id.extend(digits.map(char::from));
    to_18(&id)
}

/// Appends the suffix to a 15-character id; any other text is returned as it is.
///
/// The bits of each suffix character mark the capitals among five characters, lowest bit first.
fn to_18(id: &str) -> String {
    if id.len() != 15 || !id.is_ascii() {
        return id.to_owned();
    }
    let suffix = id.as_bytes().chunks(5).map(|chunk| {
        let capitals = chunk.iter().enumerate();
        let bits = capitals
            .map(|(index, byte)| u64::from(byte.is_ascii_uppercase()) << index)
            .sum();
        char::from(pick(SUFFIX, bits))
    });
    id.chars().chain(suffix).collect()
}

/// Whether this has the format of an id, with the right suffix in the long form.
pub(crate) fn is_id(text: &str) -> bool {
    let shaped = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    shaped
        && match text.len() {
            15 => true,
            18 => text.get(..15).is_some_and(|short| to_18(short) == text),
            _ => false,
        }
}

fn pick(alphabet: &[u8], index: u64) -> u8 {
    usize::try_from(index)
        .ok()
        .and_then(|index| alphabet.get(index))
        .copied()
        .unwrap_or(b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffix_is_that_of_the_documented_example() {
        // From Salesforce's REST API documentation.
        assert_eq!(to_18("001R00000064wdt"), "001R00000064wdtIAA");
    }

    #[test]
    fn ids_of_one_org_are_distinct_and_valid() {
        assert_ne!(case_id(1), case_id(62));
        assert!(is_id(&case_id(1)) && is_id(&case_id(usize::MAX >> 32)));
    }

    #[test]
    fn id_with_a_wrong_suffix_is_refused() {
        assert!(!is_id("001R00000064wdtIAB") && !is_id("001R0000006") && !is_id("001R00000064wd!"));
    }
}
