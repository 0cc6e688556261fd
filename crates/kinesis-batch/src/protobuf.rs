//! The part of the Protocol Buffers wire format that aggregated records use.
//!
//! <https://protobuf.dev/programming-guides/encoding/>

/// The longest varint: ten groups of seven bits hold 64.
const VARINT_BYTES: usize = 10;

/// One field of a message: its number and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field<'a> {
    /// An integer.
    Varint(u32, u64),
    /// Bytes, a text or a message.
    Bytes(u32, &'a [u8]),
    /// A number of fixed length, which aggregated records have none of.
    Fixed,
}

/// The bytes are no message: cut off, a varint without end, or a wire type that is not used any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

/// Reads the next field off the front of `message`; `None` at its end.
pub(crate) fn next<'a>(message: &mut &'a [u8]) -> Result<Option<Field<'a>>, Broken> {
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

/// Writes a field of bytes.
pub(crate) fn put_bytes(message: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_varint(message, u64::from(number) << 3 | 2);
    put_varint(message, bytes.len() as u64);
    message.extend_from_slice(bytes);
}

/// Writes an integer field.
pub(crate) fn put_integer(message: &mut Vec<u8>, number: u32, value: u64) {
    put_varint(message, u64::from(number) << 3);
    put_varint(message, value);
}

/// How many bytes `value` takes.
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
    fn integers_of_every_length_come_back() {
        for bits in 0..64 {
            for value in [1_u64 << bits, (1_u64 << bits) - 1, u64::MAX >> bits] {
                let mut message = Vec::new();
                put_integer(&mut message, 3, value);
                assert_eq!(message.len(), 1 + varint_length(value), "{value}");
                assert_eq!(next(&mut &*message), Ok(Some(Field::Varint(3, value))));
            }
        }
    }

    #[test]
    fn what_is_cut_off_is_broken() {
        let mut message = Vec::new();
        put_bytes(&mut message, 1, b"abc");
        for length in 1..message.len() {
            assert_eq!(next(&mut &message[..length]), Err(Broken), "{length}");
        }
        assert_eq!(next(&mut [0xff; 11].as_slice()), Err(Broken));
        // Groups, wire types 3 and 4, went out of use before aggregation began.
        assert_eq!(next(&mut [0x0b].as_slice()), Err(Broken));
    }

    #[test]
    fn fixed_numbers_are_stepped_over() {
        let mut message = [[0x09; 9].as_slice(), &[0x0d; 5]].concat();
        put_integer(&mut message, 1, 7);
        let rest = &mut message.as_slice();
        let fields: Vec<_> = std::iter::from_fn(|| next(rest).unwrap()).collect();
        assert_eq!(fields, [Field::Fixed, Field::Fixed, Field::Varint(1, 7)]);
    }
}
