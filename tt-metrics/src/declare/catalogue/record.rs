//! The record of one attribute or gauge: encoded at compile time, decoded at run time or from the file of a program.

use super::entry::{DimensionEntry, Entry, Meaning, MetricKind};
use crate::{
    declare::declaration::{Declaration, ERROR, MORE_ERRORS},
    metric::{MetricName, Resolution},
};

pub(super) const MAGIC: &[u8; 4] = b"TTMC";
pub(super) const VERSION: u32 = 2;
/// Magic, version and length.
pub(super) const HEADER: usize = 12;

/// Returns the length of the record of a declaration.
#[must_use]
pub const fn encoded_len(declaration: &Declaration) -> usize {
    let mut measure = Writer {
        bytes: &mut [],
        at: 0,
    };
    measure.record(declaration);
    measure.at
}

/// Encodes a declaration; `N` is its [`encoded_len`].
///
/// # Panics
///
/// When `N` is not the length of the record.
#[must_use]
pub const fn encode<const N: usize>(declaration: &Declaration) -> [u8; N] {
    let mut bytes = [0; N];
    let mut writer = Writer {
        bytes: &mut bytes,
        at: 0,
    };
    writer.record(declaration);
    assert!(writer.at == N, "`N` is not the length of the record");
    bytes
}

/// Writes a record, or measures its length when `bytes` is empty.
///
/// The compiler interprets this code for each attribute, so it is written for few function calls: it has no type
/// parameter, and copies bytes in a loop where the standard library takes several calls.
struct Writer<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl Writer<'_> {
    const fn record(&mut self, declaration: &Declaration) {
        self.bytes(MAGIC);
        self.number(VERSION as usize, 4);
        self.number(self.bytes.len().saturating_sub(HEADER), 4);
        self.text(declaration.function);
        self.text(declaration.file);
        self.number(declaration.line as usize, 4);
        self.text(declaration.doc);
        let by_error = !declaration.errors.is_empty();
        let given = declaration.dimensions.len();
        self.number(given + by_error as usize, 1);
        let mut dimensions = declaration.dimensions;
        while let [dimension, rest @ ..] = dimensions {
            self.dimension(dimension.name, dimension.max, &[dimension.values]);
            dimensions = rest;
        }
        if by_error {
            self.dimension(ERROR, 0, &[declaration.errors, &MORE_ERRORS]);
        }
        self.metrics(declaration);
    }

    const fn dimension(&mut self, name: &str, max: u16, mut lists: &[&[&str]]) {
        self.text(name);
        self.number(max as usize, 2);
        let mut number = 0;
        let mut counted = lists;
        while let [list, rest @ ..] = counted {
            number += list.len();
            counted = rest;
        }
        self.number(number, 2);
        while let [list, rest @ ..] = lists {
            let mut values = *list;
            while let [value, rest @ ..] = values {
                self.text(value);
                values = rest;
            }
            lists = rest;
        }
    }

    const fn metrics(&mut self, declaration: &Declaration) {
        let named = Meaning::metrics(declaration);
        let mut number = 0;
        let mut metrics: &[Option<MetricName>] = &named;
        while let [metric, rest @ ..] = metrics {
            number += metric.is_some() as usize;
            metrics = rest;
        }
        self.number(number, 1);
        metrics = &named;
        let mut meanings: &[Meaning] = &Meaning::ALL;
        while let ([metric, rest @ ..], [meaning, more @ ..]) = (metrics, meanings) {
            if let Some(metric) = metric {
                self.text(metric.as_str());
                self.text(meaning.unit(declaration).as_str());
                self.text(meaning.kind().as_str());
                self.text(meaning.as_str());
                self.number(declaration.resolution.seconds() as usize, 1);
                self.dimension_sets(*meaning, declaration);
            }
            metrics = rest;
            meanings = more;
        }
    }

    const fn dimension_sets(&mut self, meaning: Meaning, declaration: &Declaration) {
        let given = declaration.dimensions.len();
        let by_arguments = matches!(meaning.kind(), MetricKind::Counter) && given > 0;
        let by_error = matches!(meaning, Meaning::Failure) && !declaration.errors.is_empty();
        self.number(1 + by_arguments as usize + by_error as usize, 1);
        self.number(0, 1);
        if by_arguments {
            self.number(given, 1);
            let mut position = 0;
            while position < given {
                self.number(position, 1);
                position += 1;
            }
        }
        if by_error {
            self.number(1, 1);
            self.number(given, 1);
        }
    }

    const fn text(&mut self, text: &str) {
        self.number(text.len(), 4);
        self.bytes(text.as_bytes());
    }

    /// Writes the lowest bytes of a number. A number that does not fit is a compile error of the attribute.
    #[expect(
        clippy::indexing_slicing,
        reason = "the record has the measured length"
    )]
    const fn number(&mut self, number: usize, bytes: usize) {
        assert!(
            number >> (8 * bytes - 1) >> 1 == 0,
            "a record of the catalogue cannot hold this number"
        );
        let end = self.at + bytes;
        if self.bytes.is_empty() {
            self.at = end;
            return;
        }
        let mut low: &[u8] = &number.to_le_bytes();
        while self.at < end
            && let [byte, rest @ ..] = low
        {
            self.bytes[self.at] = *byte;
            self.at += 1;
            low = rest;
        }
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "the record has the measured length"
    )]
    const fn bytes(&mut self, mut bytes: &[u8]) {
        if self.bytes.is_empty() {
            self.at += bytes.len();
            return;
        }
        while let [byte, rest @ ..] = bytes {
            self.bytes[self.at] = *byte;
            self.at += 1;
            bytes = rest;
        }
    }
}

/// Decodes a record. Returns `None` when it is damaged or has another version.
pub(super) fn decode(record: &[u8]) -> Option<Vec<Entry<'_>>> {
    let mut bytes = Reader(record.strip_prefix(MAGIC)?);
    if bytes.u32()? != VERSION {
        return None;
    }
    let length = bytes.length()?;
    payload(bytes.take(length)?)
}

/// Decodes the part of a record after its header.
pub(super) fn payload(payload: &[u8]) -> Option<Vec<Entry<'_>>> {
    let mut bytes = Reader(payload);
    let function = bytes.text()?;
    let file = bytes.text()?;
    let line = bytes.u32()?;
    let doc = bytes.text()?;
    let dimensions = bytes.each(Reader::dimension)?;
    bytes.each(|bytes| {
        Some(Entry {
            metric: bytes.text()?,
            unit: bytes.text()?,
            kind: MetricKind::from_name(bytes.text()?)?,
            meaning: Meaning::from_name(bytes.text()?)?,
            resolution: Resolution::from_seconds(bytes.u8()?)?,
            dimensions: bytes
                .each(|set| set.each(|set| dimensions.get(usize::from(set.u8()?)).cloned()))?,
            function,
            file,
            line,
            doc,
        })
    })
}

/// Reads a record from the front.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn length(&mut self) -> Option<usize> {
        self.u32()?.try_into().ok()
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.length()?;
        str::from_utf8(self.take(length)?).ok()
    }

    /// Reads the number of elements in one byte, then the elements.
    fn each<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let number = self.u8()?;
        (0..number).map(|_| one(self)).collect()
    }

    fn dimension(&mut self) -> Option<DimensionEntry<'a>> {
        let name = self.text()?;
        let max = self.u16()?;
        let values = self.u16()?;
        Some(DimensionEntry {
            name,
            max,
            values: (0..values).map(|_| self.text()).collect::<Option<_>>()?,
        })
    }
}

#[cfg(test)]
mod tests;
