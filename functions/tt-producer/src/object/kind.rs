//! What the first bytes of a file reveal: its compression, its encoding, or that it is no text.

use std::fmt;

/// The number of bytes that decide.
pub(crate) const HEAD_BYTES: usize = 512;
/// The number of bytes that every signature but that of a tar archive needs.
const SIGNATURE_BYTES: usize = 8;

/// The kind of a file, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text in UTF-8, or in an encoding that contains ASCII.
    Text,
    /// Text in UTF-16, least significant byte first.
    Utf16Le,
    /// Text in UTF-16, most significant byte first.
    Utf16Be,
    /// Content that is compressed with gzip.
    Gzip,
    /// A file that is no text.
    Foreign(Foreign),
}

/// A file that is no text, with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Foreign(&'static str);

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Signatures at the beginning of files, and the names of their types.
const SIGNATURES: [(&[u8], &str); 32] = [
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"BZh", "compressed with bzip2"),
    (b"\xfd7zXZ\0", "compressed with xz"),
    (b"\x04\x22\x4d\x18", "compressed with lz4"),
    (b"\xff\x06\0\0sNaP", "compressed with snappy"),
    (b"\x1f\x9d", "compressed with compress"),
    (b"LZIP", "compressed with lzip"),
    (b"\x89LZO", "compressed with lzop"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"PK\x07\x08", "a ZIP archive in parts"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (
        b"\xd0\xcf\x11\xe0",
        "an Excel 97 workbook or another OLE document",
    ),
    (b"%PDF-", "a PDF document"),
    (b"PAR1", "a Parquet file"),
    (b"PARE", "an encrypted Parquet file"),
    (b"ORC", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"ARROW1", "an Arrow file"),
    (b"FEA1", "a Feather file"),
    (b"SQLite f", "an SQLite database"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x7fELF", "an ELF program"),
    (b"MZ\x90\0", "a Windows program"),
    (b"{\\rtf", "an RTF document"),
    (b"-----BEG", "a PEM file"),
    (b"\xff\xfe\0\0", "in UTF-32"),
    (b"\0\0\xfe\xff", "in UTF-32"),
    (b"!<arch>", "an archive of ar"),
    (b"\x89HDF", "an HDF5 file"),
];

/// What the beginning of the local header of a ZIP archive shows.
const ZIP: &[u8] = b"PK\x03\x04";

/// Decides by the first bytes of a file; `None` when more of them are needed, which is never the case when they are
/// complete.
///
/// The decision depends on the content only, not on the parts in which it arrives: it is made at the first bracket or
/// line end, or after [`HEAD_BYTES`].
pub(crate) fn detect(head: &[u8], complete: bool) -> Option<Kind> {
    let complete = complete || head.len() >= HEAD_BYTES;
    let head = head.get(..HEAD_BYTES).unwrap_or(head);
    if head.len() < SIGNATURE_BYTES && !complete {
        return None;
    }
    if head.starts_with(b"\x1f\x8b") {
        return Some(Kind::Gzip);
    }
    if head.starts_with(ZIP) {
        return complete.then(|| Kind::Foreign(zip(head)));
    }
    for (signature, name) in SIGNATURES {
        if head.starts_with(signature) {
            return Some(Kind::Foreign(Foreign(name)));
        }
    }
    if let Some(kind) = utf_16(head) {
        return Some(kind);
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let text = text.trim_ascii_start();
    match text.first() {
        Some(b'{' | b'[') => return Some(Kind::Text),
        Some(b'<') => return Some(Kind::Foreign(Foreign("XML or HTML"))),
        _ => {}
    }
    // Line ends within leading blanks do not decide.
    let line_end = text.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    match line_end {
        Some(end) => Some(text_or_binary(text.get(..end).unwrap_or_default())),
        None if !complete => None,
        None if head.get(257..262) == Some(b"ustar") => {
            Some(Kind::Foreign(Foreign("a tar archive")))
        }
        None => Some(text_or_binary(text)),
    }
}

fn zip(head: &[u8]) -> Foreign {
    let contains = |name: &[u8]| memchr::memmem::find(head, name).is_some();
    if contains(b"opendocument") {
        Foreign("an OpenDocument spreadsheet or document (a ZIP archive)")
    } else if contains(b"[Content_Types].xml") || contains(b"xl/") || contains(b"_rels/") {
        Foreign("an Excel workbook or another Office document (a ZIP archive)")
    } else {
        Foreign("a ZIP archive")
    }
}

/// UTF-16, with a byte order mark, or by the zero bytes of its first two characters.
fn utf_16(head: &[u8]) -> Option<Kind> {
    match head {
        [1..=0x7f, 0, 0, 0, ..] | [0, 0, 0, 1..=0x7f, ..] => {
            Some(Kind::Foreign(Foreign("in UTF-32")))
        }
        [0xff, 0xfe, ..] | [1..=0x7f, 0, 1..=0x7f, 0, ..] | [1..=0x7f, 0] => Some(Kind::Utf16Le),
        [0xfe, 0xff, ..] | [0, 1..=0x7f, 0, 1..=0x7f, ..] | [0, 1..=0x7f] => Some(Kind::Utf16Be),
        _ => None,
    }
}

/// Text has next to no control characters. Zero bytes are padding if nothing follows them.
fn text_or_binary(line: &[u8]) -> Kind {
    let padding = line.iter().rev().take_while(|byte| **byte == 0).count();
    let line = line
        .get(..line.len().saturating_sub(padding))
        .unwrap_or_default();
    let is_control = |byte: &&u8| byte.is_ascii_control() && !matches!(**byte, b'\t' | 0x0c | 0x1a);
    let controls = line.iter().filter(is_control).count();
    if controls > 0 && controls * 20 >= line.len() {
        Kind::Foreign(Foreign("binary"))
    } else {
        Kind::Text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(head: &[u8]) -> String {
        match detect(head, true) {
            Some(Kind::Foreign(foreign)) => foreign.to_string(),
            kind => format!("{kind:?}"),
        }
    }

    #[test]
    fn archives_workbooks_and_other_files_are_named() {
        let zip = |entry: &str| [ZIP, &[0; 26], entry.as_bytes()].concat();
        let mut tar = b"a.csv".to_vec();
        tar.resize(257, 0);
        tar.extend_from_slice(b"ustar\0");
        tar.resize(512, 0);
        for (head, expected) in [
            (zip("[Content_Types].xml"), "an Excel workbook"),
            (
                zip("mimetypeapplication/vnd.oasis.opendocument"),
                "an OpenDocument",
            ),
            (zip("a.csv"), "a ZIP archive"),
            (tar, "a tar archive"),
            (
                b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(),
                "an Excel 97 workbook",
            ),
            (b"%PDF-1.7\n%\xe2".to_vec(), "a PDF document"),
            (b"PAR1\x15\x04\x15".to_vec(), "a Parquet file"),
            (b"\x28\xb5\x2f\xfd\x04".to_vec(), "compressed with zstd"),
            (b"BZh91AY&SY".to_vec(), "compressed with bzip2"),
            (b"{\\rtf1\\ansi".to_vec(), "an RTF document"),
            (b"\xef\xbb\xbf<?xml version".to_vec(), "XML or HTML"),
            (b"\xff\xfe\0\0a\0\0\0".to_vec(), "in UTF-32"),
            (b"a\0\0\0b\0\0\0".to_vec(), "in UTF-32"),
            (vec![1, 2, 3, 4, 200, 201, 6, 7, 250], "binary"),
        ] {
            let name = name(&head);
            assert!(name.starts_with(expected), "{name}");
        }
    }

    #[test]
    fn text_is_text_in_every_encoding_that_is_read() {
        for head in [
            &b"record_id,customer_id\n"[..],
            b"\xef\xbb\xbfrecord_id",
            b"M\xfcller;Stra\xdfe",
            b"a\tb\tc\r",
            b"",
            b" \n\n{",
            b"a,b\0\0\0\0\0\0\0\0\0\0",
        ] {
            assert_eq!(detect(head, true), Some(Kind::Text), "{head:?}");
        }
        for head in [&b"\xff\xfea\0"[..], b"a\0b\0c\0"] {
            assert_eq!(detect(head, true), Some(Kind::Utf16Le), "{head:?}");
        }
        for head in [&b"\xfe\xff\0a"[..], b"\0a\0b\0c"] {
            assert_eq!(detect(head, true), Some(Kind::Utf16Be), "{head:?}");
        }
    }

    #[test]
    fn the_decision_does_not_depend_on_the_parts_in_which_a_file_arrives() {
        let long = "x".repeat(2 * HEAD_BYTES);
        for content in [
            "record_id,customer_id\nr,c",
            "{\"a\":1}  ",
            "\u{feff} \r\n[1,2,3,4]",
            &long,
        ] {
            let whole = detect(content.as_bytes(), true);
            for end in 0..content.len() {
                let decided = detect(&content.as_bytes()[..end], false);
                assert!(decided.is_none() || decided == whole, "{content:?} {end}");
            }
        }
    }
}
