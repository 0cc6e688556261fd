//! Gunzips a stream chunk by chunk, holding one window of output at a time.

use std::io::Write as _;

use flate2::write::MultiGzDecoder;

/// The first bytes of every gzip file.
pub(crate) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The compressed content is broken or cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("gzip content is broken or cut off")]
pub(crate) struct BrokenGzip;

/// Gunzips a file of any number of members.
#[derive(Debug)]
pub(crate) struct Gunzip {
    decoder: MultiGzDecoder<Vec<u8>>,
}

impl Gunzip {
    /// Begins a file.
    pub(crate) fn new() -> Self {
        Self {
            decoder: MultiGzDecoder::new(Vec::new()),
        }
    }

    /// Takes some of `input` and returns how much. Take what it made of it before the next call.
    ///
    /// One call makes 64 KiB at most: ten thousand zeros may be ten bytes of input, so input cannot
    /// be what bounds the memory.
    ///
    /// # Errors
    ///
    /// When the content is broken; what came before can still be taken.
    pub(crate) fn write(&mut self, input: &[u8]) -> Result<usize, BrokenGzip> {
        self.decoder.write(input).map_err(|_| BrokenGzip)
    }

    /// Ends the file.
    ///
    /// # Errors
    ///
    /// When it was cut off; what came before can still be taken.
    pub(crate) fn finish(&mut self) -> Result<(), BrokenGzip> {
        self.decoder.try_finish().map_err(|_| BrokenGzip)
    }

    /// The content that was not taken yet.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(self.decoder.get_mut())
    }
}

impl Default for Gunzip {
    fn default() -> Self {
        Self::new()
    }
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
    fn gunzip(file: &[u8], size: usize) -> (Vec<u8>, Result<(), BrokenGzip>, usize) {
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
        let file = [gzip(b"one,"), gzip(b""), gzip(b"two")].concat();
        for size in 1..=file.len() {
            assert_eq!(gunzip(&file, size).0, b"one,two", "in chunks of {size}");
            assert_eq!(gunzip(&file, size).1, Ok(()), "in chunks of {size}");
        }
    }

    #[test]
    fn a_truncated_file_gives_what_was_whole() {
        let content: Vec<u8> = (0..50_000u32)
            .flat_map(|n| n.to_string().into_bytes())
            .collect();
        let file = gzip(&content);
        let (part, end, _) = gunzip(&file[..file.len() / 2], 1000);
        assert_eq!(end, Err(BrokenGzip));
        assert!(part.len() > content.len() / 3);
        assert!(content.starts_with(&part));
    }

    #[test]
    fn a_wrong_checksum_is_an_error() {
        let mut file = gzip(b"content");
        let crc = file.len() - 8;
        file[crc] ^= 1;
        assert_eq!(gunzip(&file, 100).1, Err(BrokenGzip));
    }

    #[test]
    fn output_comes_in_small_parts_however_well_it_was_packed() {
        let file = gzip(&vec![0; 20_000_000]);
        let (content, end, largest) = gunzip(&file, file.len());
        assert_eq!((content.len(), end), (20_000_000, Ok(())));
        assert!(largest <= 64 * 1024, "{largest}");
    }
}
