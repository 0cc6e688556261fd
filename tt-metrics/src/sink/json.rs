//! Writes the parts of JSON (RFC 8259) that documents need.

/// A comma before every element but the first.
pub(super) fn separate(index: usize, out: &mut Vec<u8>) {
    if index > 0 {
        out.push(b',');
    }
}

/// A further key of an object.
pub(super) fn key(name: &str, out: &mut Vec<u8>) {
    out.push(b',');
    string(name, out);
    out.push(b':');
}

/// A string (section 7).
pub(super) fn string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    // Most texts contain no character to escape and are copied as a whole.
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| is_escaped(*byte)) {
        let (plain, from_here) = rest.split_at(at);
        out.extend_from_slice(plain);
        if let Some((byte, behind)) = from_here.split_first() {
            escape(*byte, out);
            rest = behind;
        }
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn is_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

#[cold]
fn escape(byte: u8, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    if byte >= 0x20 {
        out.extend_from_slice(&[b'\\', byte]);
        return;
    }
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
    out.extend_from_slice(b"\\u00");
    out.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
}

/// A whole number.
pub(super) fn integer(number: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// A finite number, as the shortest text that represents it exactly; at most 25 characters.
pub(super) fn float(number: f64, out: &mut Vec<u8>) {
    use std::io::Write;
    // Writing to memory does not fail.
    let _ = write!(out, "{number:?}");
}

/// `true` or `false`.
pub(super) fn boolean(value: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}
