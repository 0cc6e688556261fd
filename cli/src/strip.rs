//! Takes from an ELF executable what is loaded to run it, and leaves symbols and debug information behind.

use std::ops::Range;

/// Offsets in the header of a 64-bit ELF file, and the size of one program header
/// (System V ABI, chapters "ELF Header" and "Program Header").
const PROGRAM_HEADERS: Range<usize> = 0x20..0x28;
const SECTION_HEADERS: Range<usize> = 0x28..0x30;
const PROGRAM_HEADER_COUNT: Range<usize> = 0x38..0x3a;
const SECTION_COUNT_AND_NAMES: Range<usize> = 0x3c..0x40;
const PROGRAM_HEADER_BYTES: usize = 0x38;
/// `\x7fELF`, 64 bits, little endian.
const MAGIC: &[u8] = b"\x7fELF\x02\x01";

/// Cuts everything behind the last byte that a program header names, and the references to it.
///
/// A debug build of a Lambda is then a third as large. Anything but a 64-bit little-endian ELF file comes
/// back as it is.
pub fn loaded(mut binary: Vec<u8>) -> Vec<u8> {
    let Some(end) = end_of_loaded(&binary) else {
        return binary;
    };
    binary.truncate(end);
    for field in [SECTION_HEADERS, SECTION_COUNT_AND_NAMES] {
        if let Some(field) = binary.get_mut(field) {
            field.fill(0);
        }
    }
    binary
}

fn end_of_loaded(binary: &[u8]) -> Option<usize> {
    if !binary.starts_with(MAGIC) {
        return None;
    }
    let first = number(binary, PROGRAM_HEADERS)?;
    let count = number(binary, PROGRAM_HEADER_COUNT)?;
    let mut end = first.checked_add(count.checked_mul(PROGRAM_HEADER_BYTES)?)?;
    for header in binary.get(first..end)?.chunks_exact(PROGRAM_HEADER_BYTES) {
        let offset = number(header, 0x08..0x10)?;
        let size = number(header, 0x20..0x28)?;
        end = end.max(offset.checked_add(size)?);
    }
    (count > 0 && end <= binary.len()).then_some(end)
}

fn number(bytes: &[u8], field: Range<usize>) -> Option<usize> {
    let field = bytes.get(field)?;
    let number = field
        .iter()
        .rev()
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    usize::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt, process::Command};

    use super::*;

    #[test]
    fn a_stripped_executable_is_smaller_and_still_runs() {
        let whole = fs::read(std::env::current_exe().unwrap()).unwrap();
        let stripped = loaded(whole.clone());
        assert!(
            stripped.len() < whole.len() * 3 / 4,
            "{} of {}",
            stripped.len(),
            whole.len()
        );
        assert_eq!(loaded(stripped.clone()), stripped);

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bootstrap");
        fs::write(&path, stripped).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let output = Command::new(&path)
            .args(["--list", "strip::"])
            .output()
            .unwrap();
        let listed = String::from_utf8(output.stdout).unwrap();
        assert!(
            listed.contains("a_stripped_executable_is_smaller_and_still_runs"),
            "{listed}"
        );
    }

    #[test]
    fn what_is_not_a_whole_executable_is_left_alone() {
        for bytes in [&b""[..], b"#!/bin/sh", MAGIC] {
            assert_eq!(loaded(bytes.to_vec()), bytes);
        }
        let mut cut = fs::read(std::env::current_exe().unwrap()).unwrap();
        cut.truncate(4096);
        assert_eq!(loaded(cut.clone()), cut);
    }
}
