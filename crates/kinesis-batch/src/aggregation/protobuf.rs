//! The part of the [Protocol Buffers wire format](https://protobuf.dev/programming-guides/encoding/) that aggregated
//! records use.
//!
//! It is written here rather than with `prost`, because the reader borrows each record from the content, and counts records
//! before anything is allocated for them.

/// The longest varint: ten groups of seven bits contain 64 bits.
const VARINT_BYTES: usize = 10;

/// One field of a message: its number and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field<'a> {
    /// An integer.
    Varint(u32, u64),
    /// Bytes, a string or a message.
    Bytes(u32, &'a [u8]),
    /// A number of fixed length, which aggregated records do not have.
    Fixed,
}

/// The bytes are not a message: truncated, an endless varint, or an obsolete wire type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

/// Removes the first field from `message`; `None` when it is empty.
pub(crate) fn next_field<'a>(message: &mut &'a [u8]) -> Result<Option<Field<'a>>, Broken> {
    if message.is_empty() {
        return Ok(None);
    }
    let key = varint(message)?;
    let number = u32::try_from(key >> 3).map_err(|_| Broken)?;
    let field = match key & 7 {
        0 => Field::Varint(number, varint(message)?),
        1 => take(message, 8).map(|_| Field::Fixed)?,
        2 => {
            let length = usize::try_from(varint(message)?).map_err(|_| Broken)?;
            Field::Bytes(number, take(message, length)?)
        }
        5 => take(message, 4).map(|_| Field::Fixed)?,
        _ => return Err(Broken),
    };
    Ok(Some(field))
}

/// Appends a field of bytes.
pub(crate) fn put_bytes(message: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_varint(message, u64::from(number) << 3 | 2);
    put_varint(message, bytes.len() as u64);
    message.extend_from_slice(bytes);
}

/// Appends an integer field.
pub(crate) fn put_integer(message: &mut Vec<u8>, number: u32, value: u64) {
    put_varint(message, u64::from(number) << 3);
    put_varint(message, value);
}

/// Returns the encoded bytes of `value`.
pub(crate) fn varint_length(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

fn put_varint(message: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        message.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    message.push(value.to_le_bytes()[0]);
}

fn varint(message: &mut &[u8]) -> Result<u64, Broken> {
    let mut value = 0;
    for position in 0..VARINT_BYTES {
        let (&byte, rest) = message.split_first().ok_or(Broken)?;
        *message = rest;
        value |= u64::from(byte & 0x7f) << (7 * position);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Broken)
}

fn take<'a>(message: &mut &'a [u8], length: usize) -> Result<&'a [u8], Broken> {
    let (taken, rest) = message.split_at_checked(length).ok_or(Broken)?;
    *message = rest;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_every_length_are_read_back() {
        for bits in 0..64 {
            for value in [1_u64 << bits, (1_u64 << bits) - 1, u64::MAX >> bits] {
                let mut message = Vec::new();
                put_integer(&mut message, 3, value);
                assert_eq!(message.len(), 1 + varint_length(value), "{value}");
                assert_eq!(
                    next_field(&mut &*message),
                    Ok(Some(Field::Varint(3, value)))
                );
            }
        }
    }

    #[test]
    fn a_truncated_field_is_an_error() {
        let mut message = Vec::new();
        put_bytes(&mut message, 1, b"abc");
        for length in 1..message.len() {
            assert_eq!(next_field(&mut &message[..length]), Err(Broken), "{length}");
        }
        assert_eq!(next_field(&mut [0xff; 11].as_slice()), Err(Broken));
        // Groups, wire types 3 and 4, are obsolete.
        assert_eq!(next_field(&mut [0x0b].as_slice()), Err(Broken));
    }

    #[test]
    fn numbers_of_fixed_length_are_skipped() {
        let mut message = [[0x09; 9].as_slice(), &[0x0d; 5]].concat();
        put_integer(&mut message, 1, 7);
        let rest = &mut message.as_slice();
        let fields: Vec<_> = std::iter::from_fn(|| next_field(rest).unwrap()).collect();
        assert_eq!(fields, [Field::Fixed, Field::Fixed, Field::Varint(1, 7)]);
    }
}
