//! Reads a template as YAML or JSON, with the short forms of the intrinsic functions.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput, Tag};
use serde_json::{Map, Value, json};

/// The deepest nesting of a template that is read.
const MAX_DEPTH: usize = 64;

/// Why a text is not a template.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// It is not YAML.
    #[error("line {line}: {message}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// The reason.
        message: String,
    },
    /// It has a structure that no template has.
    #[error("line {line}: {what} is not supported in a template")]
    Unsupported {
        /// The line, from 1.
        line: usize,
        /// The structure.
        what: &'static str,
    },
    /// It ends within a value.
    #[error("the text ends within a value")]
    Incomplete,
}

/// Reads a template. A short form such as `!Ref Name` is read as its long form, `{"Ref": "Name"}`.
///
/// # Errors
///
/// When the text is not YAML, has an alias, a key that is not text, or more than 64 levels.
pub fn parse(text: &str) -> Result<Value, ParseError> {
    let mut events = Events {
        parser: Parser::new_from_str(text),
        line: 1,
    };
    loop {
        match events.next()? {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            Event::StreamEnd | Event::DocumentEnd => return Ok(Value::Null),
            first => return events.value(first, 0),
        }
    }
}

/// The value at a path such as `/Properties/Events`, or null.
pub fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    value.pointer(path).unwrap_or(&Value::Null)
}

struct Events<'t> {
    parser: Parser<'t, StrInput<'t>>,
    line: usize,
}

impl<'t> Events<'t> {
    fn next(&mut self) -> Result<Event<'t>, ParseError> {
        let next = self.parser.next_event().ok_or(ParseError::Incomplete)?;
        let (event, span) = next.map_err(|error| ParseError::Syntax {
            line: error.marker().line(),
            message: error.info().to_owned(),
        })?;
        self.line = span.start.line();
        Ok(event)
    }

    fn value(&mut self, event: Event<'t>, depth: usize) -> Result<Value, ParseError> {
        if depth > MAX_DEPTH {
            return Err(self.unsupported("a nesting of more than 64 levels"));
        }
        match event {
            Event::Scalar(text, style, _, tag) => Ok(match function(tag.as_deref()) {
                Some(name) => call(name, &Value::String(text.into_owned())),
                None if style == ScalarStyle::Plain && tag.is_none() => plain(text),
                None => Value::String(text.into_owned()),
            }),
            Event::SequenceStart(_, tag) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        Event::SequenceEnd => break,
                        item => items.push(self.value(item, depth + 1)?),
                    }
                }
                Ok(tagged(tag.as_deref(), Value::Array(items)))
            }
            Event::MappingStart(_, tag) => {
                let mut entries = Map::new();
                loop {
                    match self.next()? {
                        Event::MappingEnd => break,
                        Event::Scalar(key, ..) => {
                            let event = self.next()?;
                            let value = self.value(event, depth + 1)?;
                            entries.insert(key.into_owned(), value);
                        }
                        _ => return Err(self.unsupported("a key that is not text")),
                    }
                }
                Ok(tagged(tag.as_deref(), Value::Object(entries)))
            }
            Event::Alias(_) => Err(self.unsupported("an alias")),
            _ => Err(ParseError::Incomplete),
        }
    }

    fn unsupported(&self, what: &'static str) -> ParseError {
        ParseError::Unsupported {
            line: self.line,
            what,
        }
    }
}

/// The name of the intrinsic function of a tag such as `!Ref`. Tags of YAML itself, `!!str`, are none.
fn function(tag: Option<&Tag>) -> Option<&str> {
    tag.filter(|tag| tag.handle == "!" && !tag.suffix.is_empty())
        .map(|tag| tag.suffix.as_str())
}

fn tagged(tag: Option<&Tag>, value: Value) -> Value {
    match function(tag) {
        Some(name) => call(name, &value),
        None => value,
    }
}

/// The long form of an intrinsic function.
fn call(name: &str, argument: &Value) -> Value {
    match name {
        "Ref" | "Condition" => json!({ name: argument }),
        // The attribute can contain dots, the logical id cannot.
        "GetAtt" => match argument.as_str().and_then(|text| text.split_once('.')) {
            Some((resource, attribute)) => json!({ "Fn::GetAtt": [resource, attribute] }),
            None => json!({ "Fn::GetAtt": argument }),
        },
        _ => json!({ format!("Fn::{name}"): argument }),
    }
}

/// A plain scalar by the core schema of YAML.
fn plain(text: Cow<'_, str>) -> Value {
    match &*text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if let Ok(number) = text.parse::<i64>() {
        return json!(number);
    }
    let is_number = text
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'));
    match text.parse::<f64>() {
        Ok(number) if is_number => json!(number),
        _ => Value::String(text.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ParseError, parse};

    #[test]
    fn short_forms_are_read_as_long_forms() {
        let text = "\
A: !Ref Name
B: !GetAtt Bucket.Arn
C: !If [HasTopic, [!Ref Topic], !Ref AWS::NoValue]
D: !Sub |
  {\"a\": \"${AWS::Region}\"}
E: [1, 2.5, true, ~, \"1\", 0.0.1]
F: !Not [!Equals [!Ref A, \"\"]]
G: !Sub [\"${X}\", {X: !GetAtt [Queue, Arn]}]
";
        let expected = json!({
            "A": {"Ref": "Name"},
            "B": {"Fn::GetAtt": ["Bucket", "Arn"]},
            "C": {"Fn::If": ["HasTopic", [{"Ref": "Topic"}], {"Ref": "AWS::NoValue"}]},
            "D": {"Fn::Sub": "{\"a\": \"${AWS::Region}\"}\n"},
            "E": [1, 2.5, true, null, "1", "0.0.1"],
            "F": {"Fn::Not": [{"Fn::Equals": [{"Ref": "A"}, ""]}]},
            "G": {"Fn::Sub": ["${X}", {"X": {"Fn::GetAtt": ["Queue", "Arn"]}}]},
        });
        assert_eq!(parse(text).unwrap(), expected);
    }

    #[test]
    fn json_is_read_too() {
        let text = json!({"Resources": {"A": {"Type": "T", "Number": 3}}});
        assert_eq!(parse(&text.to_string()).unwrap(), text);
    }

    #[test]
    fn error_names_the_line() {
        let error = parse("A: 1\nB: [1, 2\nC: 3\n").unwrap_err();
        assert!(
            matches!(error, ParseError::Syntax { line: 2..=4, .. }),
            "{error}"
        );
        let error = parse("A: &x 1\nB: *x\n").unwrap_err().to_string();
        assert_eq!(error, "line 2: an alias is not supported in a template");
        let deep = "[".repeat(100) + &"]".repeat(100);
        assert!(parse(&deep).is_err());
        assert_eq!(parse("").unwrap(), json!(null));
    }
}
