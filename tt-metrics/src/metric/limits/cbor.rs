//! A reader of CBOR (RFC 8949) as the AWS SDKs write it, so that checking a request needs no other crate.

use super::{
    Violation,
    node::{MAX_DEPTH, Node, malformed},
};

/// Reads one value and nothing behind it.
pub(super) fn read(bytes: &[u8]) -> Result<Node, Violation> {
    let mut reader = Reader { rest: bytes };
    let node = reader.value(0)?;
    if reader.rest.is_empty() {
        return Ok(node);
    }
    Err(malformed("there is something behind the request"))
}

struct Reader<'a> {
    rest: &'a [u8],
}

/// The head of a value: its major type, and its argument unless the length is not given.
struct Head {
    major: u8,
    info: u8,
    argument: Option<u64>,
}

impl<'a> Reader<'a> {
    fn bytes(&mut self, length: u64) -> Result<&'a [u8], Violation> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(cut_off)?;
        self.rest = rest;
        Ok(taken)
    }

    fn head(&mut self) -> Result<Head, Violation> {
        let first = self.bytes(1)?.first().copied().unwrap_or_default();
        let info = first & 0x1f;
        let argument = match info {
            0..24 => Some(u64::from(info)),
            24..28 => {
                let bytes = self.bytes(1 << (info - 24))?;
                let number = |number, byte: &u8| number << 8 | u64::from(*byte);
                Some(bytes.iter().fold(0, number))
            }
            31 => None,
            _ => return Err(malformed("not CBOR, a reserved length")),
        };
        Ok(Head {
            major: first >> 5,
            info,
            argument,
        })
    }

    /// Whether a value of unknown length ends here.
    fn ends(&mut self) -> bool {
        match self.rest {
            [0xff, rest @ ..] => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "CloudWatch stores doubles")]
    fn value(&mut self, depth: usize) -> Result<Node, Violation> {
        if depth > MAX_DEPTH {
            return Err(malformed("nested too deep"));
        }
        let head = self.head()?;
        match (head.major, head.argument) {
            (0, Some(number)) => Ok(Node::Number(number as f64)),
            (1, Some(number)) => Ok(Node::Number(-1.0 - number as f64)),
            (3, length) => Ok(Node::Text(self.text(length)?)),
            (4, length) => self.list(length, depth),
            (5, length) => self.map(length, depth),
            // A timestamp is a tagged number of seconds.
            (6, Some(1)) => self.value(depth + 1),
            (7, Some(argument)) => simple(head.info, argument),
            _ => Err(malformed("not CBOR as PutMetricData takes it")),
        }
    }

    fn text(&mut self, length: Option<u64>) -> Result<String, Violation> {
        let Some(length) = length else {
            let mut text = String::new();
            while !self.ends() {
                let head = self.head()?;
                match (head.major, head.argument) {
                    (3, Some(length)) => text.push_str(&self.text(Some(length))?),
                    _ => return Err(malformed("a part of a text is not text")),
                }
            }
            return Ok(text);
        };
        let text = std::str::from_utf8(self.bytes(length)?);
        text.map(str::to_owned)
            .map_err(|_| malformed("a text is not UTF-8"))
    }

    fn list(&mut self, length: Option<u64>, depth: usize) -> Result<Node, Violation> {
        let mut items = Vec::new();
        while !self.is_over(length, items.len()) {
            items.push(self.value(depth + 1)?);
        }
        Ok(Node::List(items))
    }

    fn map(&mut self, length: Option<u64>, depth: usize) -> Result<Node, Violation> {
        let mut fields = Vec::new();
        while !self.is_over(length, fields.len()) {
            let key = self.value(depth + 1)?;
            let key = key.text("a key")?.to_owned();
            fields.push((key, self.value(depth + 1)?));
        }
        Node::check_keys(&fields)?;
        Ok(Node::Map(fields))
    }

    fn is_over(&mut self, length: Option<u64>, read: usize) -> bool {
        match length {
            Some(length) => read as u64 >= length,
            None => self.ends(),
        }
    }
}

fn simple(info: u8, argument: u64) -> Result<Node, Violation> {
    let bits = |argument| u32::try_from(argument).unwrap_or_default();
    match (info, argument) {
        (..24, 20) => Ok(Node::Bool(false)),
        (..24, 21) => Ok(Node::Bool(true)),
        (..24, 22) => Ok(Node::Null),
        (26, argument) => Ok(Node::Number(f32::from_bits(bits(argument)).into())),
        (27, argument) => Ok(Node::Number(f64::from_bits(argument))),
        _ => Err(malformed("not CBOR as PutMetricData takes it")),
    }
}

fn cut_off() -> Violation {
    malformed("the request is cut off")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_kind_are_read() {
        // {_ "a": [1, -1, 256, 1.5, 1.0 as a single], "b": 1(2), "c": [_ true, null]}
        let bytes = b"\xbf\x61a\x85\x01\x20\x19\x01\x00\xfb\x3f\xf8\0\0\0\0\0\0\xfa\x3f\x80\0\0\x61b\xc1\x02\x61c\x9f\xf5\xf6\xff\xff";
        let node = read(bytes).expect("is CBOR");
        let numbers = [1.0, -1.0, 256.0, 1.5, 1.0].map(Node::Number).to_vec();
        assert_eq!(node.get("a"), Some(&Node::List(numbers)));
        assert_eq!(node.get("b"), Some(&Node::Number(2.0)));
        let list = vec![Node::Bool(true), Node::Null];
        assert_eq!(node.get("c"), Some(&Node::List(list)));
    }

    #[test]
    fn what_is_cut_off_or_doubled_is_refused() {
        let bytes = b"\xa1\x61a\x82\x01\x02";
        assert!(read(bytes).is_ok());
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "{length}");
        }
        assert!(read(b"\xa2\x61a\x01\x61a\x02").is_err());
        assert!(read(b"\x01\x01").is_err());
        assert!(read(&[0x81; 100]).is_err());
    }
}
