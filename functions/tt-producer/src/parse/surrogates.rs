//! Half surrogate pairs in JSON: a tool that cuts a text within a character writes one, and it is no text.

use std::{borrow::Cow, sync::LazyLock};

use memchr::memmem::Finder;

/// Replaces each escape of half a surrogate pair by the one of U+FFFD, so that the rest of the text stays readable.
pub fn replace_lone_surrogates(json: &[u8]) -> Cow<'_, [u8]> {
    static ESCAPES: LazyLock<[Finder<'static>; 2]> =
        LazyLock::new(|| [Finder::new(r"\ud"), Finder::new(r"\uD")]);
    if memchr::memchr(b'\\', json).is_none() {
        return Cow::Borrowed(json);
    }
    if ESCAPES.iter().all(|escape| escape.find(json).is_none()) {
        return Cow::Borrowed(json);
    }
    let mut repaired = Cow::Borrowed(json);
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', json.get(at..).unwrap_or_default()) {
        at += found;
        let Some(unit) = code_unit(json, at) else {
            // Another escape: the character behind the backslash belongs to it.
            at += 2;
            continue;
        };
        let is_pair = matches!(unit, 0xd800..=0xdbff)
            && matches!(code_unit(json, at + 6), Some(0xdc00..=0xdfff));
        if matches!(unit, 0xd800..=0xdfff)
            && !is_pair
            && let Some(digits) = repaired.to_mut().get_mut(at + 2..at + 6)
        {
            digits.copy_from_slice(b"fffd");
        }
        at += if is_pair { 12 } else { 6 };
    }
    repaired
}

/// The code unit of the escape `\uXXXX` at this position.
fn code_unit(json: &[u8], at: usize) -> Option<u32> {
    let digits = json.get(at..at + 6)?.strip_prefix(br"\u")?;
    let digits = std::str::from_utf8(digits).ok()?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_pair_becomes_the_replacement_character() {
        for (json, expected) in [
            (r#""cut \ud83d""#, r#""cut \ufffd""#),
            (r#""\uDE00 \ud83d\ude00""#, r#""\ufffd \ud83d\ude00""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ud83d\n""#, r#""\ufffd\n""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\\\ud83d""#, r#""\\\ufffd""#),
            (r#""\u00e9 \ud7ff""#, r#""\u00e9 \ud7ff""#),
            (r#""\ud83"#, r#""\ud83"#),
            (r"\ud", r"\ud"),
        ] {
            let repaired = replace_lone_surrogates(json.as_bytes());
            assert_eq!(repaired, expected.as_bytes(), "{json}");
        }
    }
}
