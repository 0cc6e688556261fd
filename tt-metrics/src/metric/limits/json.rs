//! A strict reader of JSON (RFC 8259), so that checking a document needs no other crate.

use super::{
    Violation,
    node::{MAX_DEPTH, Node, malformed},
};

/// Reads one value and nothing behind it.
pub(super) fn read(text: &str) -> Result<Node, Violation> {
    let mut reader = Reader { text, at: 0 };
    let node = reader.value(0)?;
    reader.skip_space();
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.expected("the end of the document")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.rest().bytes().next()
    }

    fn expected(&self, what: &str) -> Violation {
        malformed(format!("not JSON, expected {what} at byte {}", self.at))
    }

    fn skip_space(&mut self) {
        let space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += self
            .rest()
            .as_bytes()
            .iter()
            .take_while(|byte| space(byte))
            .count();
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn value(&mut self, depth: usize) -> Result<Node, Violation> {
        if depth > MAX_DEPTH {
            return Err(self.expected("no deeper nesting"));
        }
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Ok(Node::Text(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ if self.take("true") => Ok(Node::Bool(true)),
            _ if self.take("false") => Ok(Node::Bool(false)),
            _ if self.take("null") => Ok(Node::Null),
            _ => Err(self.expected("a value")),
        }
    }

    fn map(&mut self, depth: usize) -> Result<Node, Violation> {
        self.at += 1;
        let mut fields = Vec::new();
        self.skip_space();
        if self.take("}") {
            return Ok(Node::Map(fields));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.expected("a key"));
            }
            let key = self.string()?;
            self.skip_space();
            if !self.take(":") {
                return Err(self.expected("`:`"));
            }
            fields.push((key, self.value(depth + 1)?));
            self.skip_space();
            if self.take("}") {
                Node::check_keys(&fields)?;
                return Ok(Node::Map(fields));
            }
            if !self.take(",") {
                return Err(self.expected("`,` or `}`"));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Node, Violation> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.take("]") {
            return Ok(Node::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.take("]") {
                return Ok(Node::List(items));
            }
            if !self.take(",") {
                return Err(self.expected("`,` or `]`"));
            }
        }
    }

    fn string(&mut self) -> Result<String, Violation> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let Some(character) = self.rest().chars().next() else {
                return Err(self.expected("`\"`"));
            };
            self.at += character.len_utf8();
            match character {
                '"' => return Ok(text),
                '\\' => text.push(self.escape()?),
                '\0'..='\u{1f}' => return Err(self.expected("no control character in text")),
                other => text.push(other),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Violation> {
        let Some(byte) = self.peek() else {
            return Err(self.expected("an escape"));
        };
        self.at += 1;
        match byte {
            b'"' | b'\\' | b'/' => Ok(char::from(byte)),
            b'b' => Ok('\u{8}'),
            b'f' => Ok('\u{c}'),
            b'n' => Ok('\n'),
            b'r' => Ok('\r'),
            b't' => Ok('\t'),
            b'u' => {
                let first = self.unit()?;
                let second = if (0xd800..0xdc00).contains(&first) && self.take("\\u") {
                    Some(self.unit()?)
                } else {
                    None
                };
                let units = std::iter::once(first).chain(second);
                let mut decoded = char::decode_utf16(units);
                match (decoded.next(), decoded.next()) {
                    (Some(Ok(character)), None) => Ok(character),
                    _ => Err(self.expected("a character")),
                }
            }
            _ => Err(self.expected("an escape")),
        }
    }

    fn unit(&mut self) -> Result<u16, Violation> {
        let digits = self.rest().get(..4).filter(|digits| {
            let mut bytes = digits.bytes();
            bytes.all(|byte| byte.is_ascii_hexdigit())
        });
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.expected("four hexadecimal digits"))?;
        self.at += 4;
        Ok(unit)
    }

    fn number(&mut self) -> Result<Node, Violation> {
        let start = self.at;
        self.take("-");
        if !self.take("0") {
            self.digits()?;
        }
        if self.take(".") {
            self.digits()?;
        }
        if self.take("e") || self.take("E") {
            if !self.take("+") {
                self.take("-");
            }
            self.digits()?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        match text.parse::<f64>() {
            Ok(number) => Ok(Node::Number(number)),
            Err(_) => Err(self.expected("a number")),
        }
    }

    fn digits(&mut self) -> Result<(), Violation> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        self.at += digits;
        if digits == 0 {
            return Err(self.expected("a digit"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_kind_are_read() {
        let text = r#" {"a": [1, -2.5e3, 0, true, false, null, {}, []], "b": "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é"} "#;
        let node = read(text).expect("is JSON");
        let numbers = [1.0, -2500.0, 0.0].map(Node::Number);
        let list = node.get("a").and_then(|a| a.list("a").ok()).expect("list");
        assert_eq!(list[..3], numbers);
        assert_eq!(
            list[3..6],
            [Node::Bool(true), Node::Bool(false), Node::Null]
        );
        let text = "\"\\/\u{8}\u{c}\n\r\té😀é".to_owned();
        assert_eq!(node.get("b"), Some(&Node::Text(text)));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let nested = "[".repeat(100);
        for text in [
            "",
            "{",
            "{\"a\"}",
            "{\"a\":1,}",
            "[1,]",
            "01",
            "1.",
            ".5",
            "+1",
            "1e",
            "NaN",
            "inf",
            "nul",
            "\"a",
            "\"\u{1}\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\ud800\"",
            "{} {}",
            "{\"a\":1,\"a\":2}",
            "'a'",
            &nested,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
