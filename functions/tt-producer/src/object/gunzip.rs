//! Gunzips a stream chunk by chunk, holding one buffer of output at a time.

use std::io::Write as _;

use flate2::write::GzDecoder;

/// The first bytes of every member.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Why gzip content cannot be unpacked further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GzipError {
    /// A member is broken or incomplete.
    #[error("gzip content is broken or cut off")]
    Broken,
    /// Bytes follow the last member that are neither padding nor another member.
    #[error("other bytes follow the end of the gzip content")]
    Trailing,
}

/// Gunzips a file of any number of members. Zero bytes and blanks between and behind them are ignored.
#[derive(Debug)]
pub(crate) struct Gunzip {
    decoder: GzDecoder<Vec<u8>>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Member,
    /// Between two members, or behind the last one.
    Between,
    /// Behind the first byte of [`MAGIC`].
    Magic,
}

impl Gunzip {
    /// Begins a file.
    pub(crate) fn new() -> Self {
        Self {
            decoder: GzDecoder::new(Vec::new()),
            state: State::Member,
        }
    }

    /// Takes some of `input` and returns the number of bytes. Call [`take`](Self::take) before the next call.
    ///
    /// One call makes 64 KiB at most: ten bytes of input may be ten thousand zeros, so the length of the input does not
    /// bound the memory.
    ///
    /// # Errors
    ///
    /// When the content is broken; what came before can still be taken.
    pub(crate) fn write(&mut self, input: &[u8]) -> Result<usize, GzipError> {
        match self.state {
            State::Member => match self.decoder.write(input) {
                Ok(0) if !input.is_empty() => {
                    self.end_member()?;
                    Ok(0)
                }
                Ok(taken) => Ok(taken),
                Err(_) => Err(GzipError::Broken),
            },
            State::Between => {
                let padding = input.iter().take_while(|byte| is_padding(**byte)).count();
                match input.get(padding) {
                    None => Ok(padding),
                    Some(byte) if *byte == MAGIC[0] => {
                        self.state = State::Magic;
                        Ok(padding + 1)
                    }
                    Some(_) => Err(GzipError::Trailing),
                }
            }
            State::Magic => match input.first() {
                None => Ok(0),
                Some(byte) if *byte == MAGIC[1] => {
                    let output = self.take();
                    self.decoder = GzDecoder::new(output);
                    self.state = State::Member;
                    self.decoder
                        .write_all(&MAGIC)
                        .map_err(|_| GzipError::Broken)?;
                    Ok(1)
                }
                Some(_) => Err(GzipError::Trailing),
            },
        }
    }

    /// Ends the file.
    ///
    /// # Errors
    ///
    /// When it was cut off; what came before can still be taken.
    pub(crate) fn finish(&mut self) -> Result<(), GzipError> {
        match self.state {
            State::Member => self.end_member(),
            State::Between => Ok(()),
            State::Magic => Err(GzipError::Trailing),
        }
    }

    /// The content that was not taken yet.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(self.decoder.get_mut())
    }

    fn end_member(&mut self) -> Result<(), GzipError> {
        self.state = State::Between;
        self.decoder.try_finish().map_err(|_| GzipError::Broken)
    }
}

fn is_padding(byte: u8) -> bool {
    byte == 0 || byte == 0x1a || byte.is_ascii_whitespace()
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    /// Gunzips chunk by chunk; returns content, the end, and the largest part.
    fn gunzip(file: &[u8], size: usize) -> (Vec<u8>, Result<(), GzipError>, usize) {
        let mut gunzip = Gunzip::new();
        let (mut content, mut largest, mut end) = (Vec::new(), 0, Ok(()));
        'file: for mut chunk in file.chunks(size) {
            while !chunk.is_empty() {
                let written = gunzip.write(chunk);
                let part = gunzip.take();
                largest = largest.max(part.len());
                content.extend(part);
                match written {
                    Ok(taken) => chunk = &chunk[taken..],
                    Err(error) => {
                        end = Err(error);
                        break 'file;
                    }
                }
            }
        }
        if end.is_ok() {
            end = gunzip.finish();
            content.extend(gunzip.take());
        }
        (content, end, largest)
    }

    #[test]
    fn members_are_read_one_behind_the_other_in_chunks_of_any_size() {
        let file = [gzip(b"one,"), gzip(b""), b"\0\0".to_vec(), gzip(b"two")].concat();
        for size in 1..=file.len() {
            let (content, end, _) = gunzip(&file, size);
            assert_eq!(
                (&*content, end),
                (&b"one,two"[..], Ok(())),
                "in chunks of {size}"
            );
        }
    }

    #[test]
    fn padding_behind_the_last_member_is_ignored_and_other_bytes_are_not() {
        for (tail, expected) in [
            (&b"\0\0\0\0"[..], Ok(())),
            (b"\r\n \x1a", Ok(())),
            (b"-- end --", Err(GzipError::Trailing)),
            (b"\0\0x", Err(GzipError::Trailing)),
            (b"\x1f", Err(GzipError::Trailing)),
            (b"\x1fx", Err(GzipError::Trailing)),
            (b"\x1f\x8b\x08", Err(GzipError::Broken)),
        ] {
            let file = [gzip(b"content"), tail.to_vec()].concat();
            for size in [1, 3, file.len()] {
                let (content, end, _) = gunzip(&file, size);
                assert_eq!(
                    (&*content, end),
                    (&b"content"[..], expected),
                    "{tail:?} {size}"
                );
            }
        }
    }

    #[test]
    fn a_truncated_file_gives_what_was_whole() {
        let content: Vec<u8> = (0..50_000u32)
            .flat_map(|n| n.to_string().into_bytes())
            .collect();
        let file = gzip(&content);
        let (part, end, _) = gunzip(&file[..file.len() / 2], 1000);
        assert_eq!(end, Err(GzipError::Broken));
        assert!(part.len() > content.len() / 3);
        assert!(content.starts_with(&part));
    }

    #[test]
    fn a_wrong_checksum_is_an_error() {
        let mut file = gzip(b"content");
        let crc = file.len() - 8;
        file[crc] ^= 1;
        assert_eq!(gunzip(&file, 100).1, Err(GzipError::Broken));
    }

    #[test]
    fn output_comes_in_small_parts_however_well_it_was_packed() {
        let file = gzip(&vec![0; 20_000_000]);
        let (content, end, largest) = gunzip(&file, file.len());
        assert_eq!((content.len(), end), (20_000_000, Ok(())));
        assert!(largest <= 64 * 1024, "{largest}");
    }
}
