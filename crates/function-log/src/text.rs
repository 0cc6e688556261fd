//! One text from outside, escaped and shortened.

use std::fmt::{self, Write as _};

/// The number of characters of a text that are shown.
pub const TEXT_CHARACTERS: usize = 300;

/// A text from outside, for messages: control characters and line separators are escaped, and what follows after
/// [`TEXT_CHARACTERS`] is left out.
///
/// ```
/// use function_log::Text;
///
/// let key = "incoming/a\n{\"_aws\":{}}";
/// assert_eq!(Text(key).to_string(), r#"incoming/a\n{"_aws":{}}"#);
/// ```
#[derive(Clone, Copy)]
pub struct Text<'a>(pub &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.0.chars();
        for character in characters.by_ref().take(TEXT_CHARACTERS) {
            if must_escape(character) {
                write!(f, "{}", character.escape_default())?;
            } else {
                f.write_char(character)?;
            }
        }
        match characters.as_str().len() {
            0 => Ok(()),
            bytes => write!(f, ".. ({bytes} more bytes)"),
        }
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether a character can end a line, move the cursor or reorder the text around it.
fn must_escape(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_line_separators_are_escaped() {
        let text = Text("a\r\n\u{1b}[2J\u{2028}\u{85}\u{202e}\0z");
        assert_eq!(
            text.to_string(),
            r"a\r\n\u{1b}[2J\u{2028}\u{85}\u{202e}\u{0}z"
        );
        assert_eq!(format!("{text:?}"), text.to_string());
    }

    #[test]
    fn printable_text_is_unchanged() {
        let text = r#"incoming/März 2026 "new"\x.csv"#;
        assert_eq!(Text(text).to_string(), text);
    }

    #[test]
    fn a_long_text_is_shortened() {
        let long = "ä".repeat(1_000_000);
        let shown = Text(&long).to_string();
        assert!(
            shown.ends_with(".. (1999400 more bytes)"),
            "{}",
            shown.len()
        );
        assert!(shown.len() < 3 * TEXT_CHARACTERS);
    }
}
