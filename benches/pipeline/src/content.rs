//! The uploaded files: rows of 200 bytes, generated while they are sent.

use std::fmt::Write as _;

use bytes::Bytes;

/// The size of one row, including the line feed.
pub(crate) const ROW_BYTES: u64 = 200;
const ROWS_PER_CHUNK: u64 = 320;
const CSV_HEADER: &str =
    "record_id,customer_id,event_type,risk_rating,occurred_at,subject,details\n";

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    Csv,
    JsonLines,
}

/// A file with a number of rows. The key, `incoming/100000.csv` for example, defines the content, so S3 stores nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) layout: Layout,
    pub(crate) rows: u64,
}

impl Layout {
    fn suffix(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        }
    }

    fn head(self) -> &'static str {
        match self {
            Self::Csv => CSV_HEADER,
            Self::JsonLines => "",
        }
    }
}

impl Content {
    pub(crate) fn of_key(key: &str) -> Option<Self> {
        let name = key.rsplit('/').next()?;
        let (rows, suffix) = name.split_once('.')?;
        let mut layouts = [Layout::Csv, Layout::JsonLines].into_iter();
        Some(Self {
            layout: layouts.find(|layout| layout.suffix() == suffix)?,
            rows: rows.parse().ok()?,
        })
    }

    pub(crate) fn key(self) -> String {
        format!("incoming/{}.{}", self.rows, self.layout.suffix())
    }

    pub(crate) fn length(self) -> u64 {
        self.layout.head().len() as u64 + self.rows * ROW_BYTES
    }

    /// Returns the file from a byte offset, in chunks.
    pub(crate) fn chunks(self, from: u64) -> impl Iterator<Item = Bytes> {
        let head = std::iter::once(Bytes::from_static(self.layout.head().as_bytes()));
        let chunks = (0..self.rows.div_ceil(ROWS_PER_CHUNK)).map(move |number| {
            let first = number * ROWS_PER_CHUNK;
            let rows = first..self.rows.min(first + ROWS_PER_CHUNK);
            let mut text = String::new();
            rows.for_each(|index| row(self.layout, index, &mut text));
            Bytes::from(text)
        });
        let mut skip = usize::try_from(from).unwrap_or(usize::MAX);
        head.chain(chunks).map(move |mut chunk| {
            let skipped = skip.min(chunk.len());
            skip -= skipped;
            chunk.split_off(skipped)
        })
    }
}

/// One row of exactly [`ROW_BYTES`].
fn row(layout: Layout, index: u64, out: &mut String) {
    let before = out.len();
    let customer = index.wrapping_mul(2_654_435_761) % 50_000;
    // Writing to a `String` cannot fail.
    let _ = match layout {
        Layout::Csv => write!(
            out,
            "R-{index:010},C-{customer:06},ADDRESS_CHANGE,HIGH,2026-05-04T10:00:00Z,Review,"
        ),
        Layout::JsonLines => write!(
            out,
            "{{\"record_id\":\"R-{index:010}\",\"customer_id\":\"C-{customer:06}\",\"event_type\":\"ADDRESS_CHANGE\",\
             \"risk_rating\":\"HIGH\",\"subject\":\"Review\",\"details\":\""
        ),
    };
    let end = match layout {
        Layout::Csv => "\n",
        Layout::JsonLines => "\"}\n",
    };
    let row_bytes = usize::try_from(ROW_BYTES).unwrap_or(usize::MAX);
    while out.len() - before + end.len() < row_bytes {
        out.push('x');
    }
    out.push_str(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_length_that_it_says_from_any_byte_on() {
        for layout in [Layout::Csv, Layout::JsonLines] {
            let content = Content { layout, rows: 700 };
            assert_eq!(Content::of_key(&content.key()), Some(content));
            let whole: Vec<u8> = content.chunks(0).flatten().collect();
            assert_eq!(whole.len() as u64, content.length());
            let rest: Vec<u8> = content.chunks(12_345).flatten().collect();
            assert_eq!(rest, whole[12_345..]);
        }
    }
}
