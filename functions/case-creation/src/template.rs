//! Text with fields of the event in it.

use std::borrow::Cow;

use tt_event::EventView;

/// Text with `{name}` in it.
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

    /// Fills it from an event; `None` when a field has no value.
    pub(crate) fn render<'a>(&'a self, event: &'a EventView<'_>) -> Option<Cow<'a, str>> {
        match self.0.as_slice() {
            [Part::Text(plain)] => return Some(Cow::Borrowed(plain)),
            [Part::Field(name)] => return text(event, name),
            _ => {}
        }
        let mut rendered = String::new();
        for part in &self.0 {
            match part {
                Part::Text(plain) => rendered.push_str(plain),
                Part::Field(name) => rendered.push_str(&text(event, name)?),
            }
        }
        Some(Cow::Owned(rendered))
    }
}

/// A field of the event; blank counts as absent.
pub(crate) fn text<'a>(event: &'a EventView<'_>, name: &str) -> Option<Cow<'a, str>> {
    event.text(name).filter(|text| !text.trim().is_empty())
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
        let rendered = Template::parse(template)
            .unwrap()
            .render(&event)?
            .into_owned();
        Some(rendered)
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
