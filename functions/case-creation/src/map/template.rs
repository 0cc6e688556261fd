//! Templates: text with placeholders for fields of the event.

use std::borrow::Cow;

use tt_event::EventView;

/// Text with `{name}` placeholders.
#[derive(Debug, Clone)]
pub(crate) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(String),
}

impl Template {
    /// Reads a template; `{{` and `}}` are braces.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at(at);
            plain.push_str(before);
            if let Some(after) = brace.strip_prefix("{{") {
                plain.push('{');
                rest = after;
            } else if let Some(after) = brace.strip_prefix("}}") {
                plain.push('}');
                rest = after;
            } else {
                let inside = brace.strip_prefix('{').and_then(|b| b.split_once('}'));
                let Some((name, after)) = inside else {
                    return Err(format!(
                        "a single brace in `{text}`, write `{{{{` or `}}}}`"
                    ));
                };
                if name.is_empty() || name.contains('{') {
                    return Err(format!("`{{{name}}}` in `{text}` names no event field"));
                }
                parts.push(Part::Text(std::mem::take(&mut plain)));
                parts.push(Part::Field(name.to_owned()));
                rest = after;
            }
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        parts.retain(|part| *part != Part::Text(String::new()));
        Ok(Self(parts))
    }

    /// Fills the placeholders from an event and appends the result as a JSON string. Returns false, and appends
    /// nothing, when a field has no value.
    pub(crate) fn write(&self, event: &EventView<'_>, json: &mut String) -> bool {
        let before = json.len();
        json.push('"');
        for part in &self.0 {
            match part {
                Part::Text(plain) => push_escaped(json, plain),
                Part::Field(name) => {
                    let Some(value) = text(event, name) else {
                        json.truncate(before);
                        return false;
                    };
                    push_escaped(json, &value);
                }
            }
        }
        json.push('"');
        true
    }
}

/// Returns a field of the event; a blank one counts as absent.
pub(crate) fn text<'a>(event: &'a EventView<'_>, name: &str) -> Option<Cow<'a, str>> {
    let text = event.text(name)?;
    (!text.chars().all(char::is_whitespace)).then_some(text)
}

/// Appends a text as a JSON string.
pub(crate) fn push_text(json: &mut String, text: &str) {
    json.push('"');
    push_escaped(json, text);
    json.push('"');
}

/// Appends the content of a JSON string, without its quotes.
fn push_escaped(json: &mut String, text: &str) {
    let is_escaped = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    // Without an early exit the loop is vectorised.
    if !text.bytes().fold(false, |any, byte| any | is_escaped(byte)) {
        json.push_str(text);
        return;
    }
    #[expect(clippy::expect_used, reason = "a string serializes")]
    let quoted = serde_json::to_string(text).expect("a string serializes");
    json.push_str(quoted.get(1..quoted.len() - 1).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use tt_event::{Source, TtEvent};

    use super::*;

    fn rendered(template: &str) -> Option<String> {
        let source = Source::new("bucket", "incoming/a.csv", "v1", 0);
        let event = TtEvent::new(source, "2026-01-01T00:00:00Z", "r-1", "c-1", "kyc_review");
        let bytes = event.encode();
        let event = EventView::decode(&bytes).unwrap();
        let mut json = "before".to_owned();
        let written = Template::parse(template).unwrap().write(&event, &mut json);
        let rest = json.strip_prefix("before").unwrap();
        assert!(written || rest.is_empty());
        written.then(|| serde_json::from_str(rest).unwrap())
    }

    #[test]
    fn text_is_escaped_as_json() {
        for character in ('\0'..='\u{ff}').chain(['\u{2028}', '\u{1f600}']) {
            let text = format!("a{character}b");
            let mut json = String::new();
            push_text(&mut json, &text);
            assert_eq!(json, serde_json::to_string(&text).unwrap());
        }
    }

    #[test]
    fn fields_and_braces_are_filled_in() {
        let text = rendered("{event_type}: {{{customer_id}}} 100% }}{{").unwrap();
        assert_eq!(text, "kyc_review: {c-1} 100% }{");
    }

    #[test]
    fn a_template_with_an_absent_field_gives_nothing() {
        assert_eq!(rendered("{event_type} {subject}"), None);
    }

    #[test]
    fn stray_braces_are_mistakes() {
        for template in ["{", "}", "a } b", "{a", "{a{b}", "{}"] {
            assert!(Template::parse(template).is_err(), "{template}");
        }
    }
}
