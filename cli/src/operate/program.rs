//! A Lambda package: its hash, and what its program requires and declares.

use std::{
    fmt,
    io::{Cursor, Read},
};

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::{BASE64, HEXLOWER};
use flate2::read::DeflateDecoder;
use object::{
    Architecture, Object,
    elf::FileHeader64,
    read::elf::{ElfFile64, FileHeader},
};
use serde::Serialize;
use tt_metrics::catalogue::{self, Meaning, MetricKind, ReadError};
use zip::{CompressionMethod, ZipArchive};

/// The file that the runtimes `provided.*` start.
const BOOTSTRAP: &str = "bootstrap";
/// The version of glibc on Amazon Linux 2023 (<https://docs.aws.amazon.com/linux/al2023/ug/compare-with-al2.html>).
pub const AMAZON_LINUX_2023: Glibc = Glibc(2, 34);
/// The largest unzipped package (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const MAX_UNZIPPED_BYTES: u64 = 250 * 1024 * 1024;

/// SHA-256 of a zip.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256Hash(String);

/// Major and minor version of glibc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glibc(pub u32, pub u32);

/// What a package contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The architecture as Lambda names it; `None` for one that Lambda does not have.
    pub architecture: Option<&'static str>,
    /// The newest glibc that a symbol requires; `None` for a static program.
    pub glibc: Option<Glibc>,
    /// Whether `bootstrap` has the permission to run.
    pub is_executable: bool,
    /// The declared metrics, sorted by name; `None` without a catalogue.
    pub metrics: Option<Vec<DeclaredMetric>>,
}

/// A metric of a program's catalogue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeclaredMetric {
    /// Its name.
    pub name: String,
    /// Whether it counts failures.
    pub is_failure: bool,
    /// Whether it is a counter.
    pub is_counter: bool,
}

/// Why the content of a package cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is not a zip.
    #[error("the package is not a zip")]
    Zip(#[from] zip::result::ZipError),
    /// It has no program.
    #[error("the package has no file `bootstrap`")]
    NoBootstrap,
    /// The program cannot be unpacked.
    #[error("failed to unpack `bootstrap`")]
    Unpack(#[source] std::io::Error),
    /// The compression method is not one of Lambda packages.
    #[error("`bootstrap` is compressed with the unknown method {0}")]
    Method(CompressionMethod),
    /// It is larger than Lambda accepts.
    #[error("`bootstrap` is larger than {} MiB", MAX_UNZIPPED_BYTES / (1024 * 1024))]
    TooLarge,
    /// It is not a program.
    #[error("`bootstrap` is not an ELF program")]
    Elf(#[source] object::Error),
    /// The catalogue cannot be read.
    #[error("failed to read the catalogue of `bootstrap`")]
    Catalogue(#[source] ReadError),
}

impl Sha256Hash {
    /// The hash of these bytes.
    pub fn of(zip: &[u8]) -> Self {
        Self(HEXLOWER.encode(digest(&SHA256, zip).as_ref()))
    }

    /// Reads the field `CodeSha256` of Lambda, which is in base64.
    pub fn from_base64(text: &str) -> Option<Self> {
        let bytes = BASE64.decode(text.as_bytes()).ok()?;
        (bytes.len() == 32).then(|| Self(HEXLOWER.encode(&bytes)))
    }

    /// Reads 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let is_hash = HEXLOWER.decode(text.as_bytes()).ok()?.len() == 32;
        is_hash.then_some(Self(text))
    }

    /// 64 hexadecimal digits.
    pub fn hex(&self) -> &str {
        &self.0
    }

    /// The first digits, for reports.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for Sha256Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Serialize for Sha256Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Display for Glibc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.0, self.1)
    }
}

impl Program {
    /// Reads the program of a package.
    ///
    /// # Errors
    ///
    /// When the bytes are not a zip with an ELF program `bootstrap`, or its catalogue is damaged.
    pub fn read(zip: &[u8]) -> Result<Self, Error> {
        let (bootstrap, mode) = bootstrap(zip)?;
        let elf = object::File::parse(&*bootstrap).map_err(Error::Elf)?;
        let metrics = match catalogue::read(&bootstrap) {
            Ok(entries) => Some(declared(&entries)),
            Err(ReadError::Missing) => None,
            Err(error) => return Err(Error::Catalogue(error)),
        };
        Ok(Self {
            architecture: match elf.architecture() {
                Architecture::X86_64 => Some("x86_64"),
                Architecture::Aarch64 => Some("arm64"),
                _ => None,
            },
            glibc: newest_glibc(&bootstrap).map_err(Error::Elf)?,
            // Without a mode, as in a zip of another system, Lambda starts the file.
            is_executable: mode.is_none_or(|mode| mode & 0o111 != 0),
            metrics,
        })
    }

    /// What prevents the program from running on a function of this architecture; `None` if nothing does.
    pub fn problem(&self, architecture: &str) -> Option<String> {
        if self.architecture != Some(architecture) {
            let found = self.architecture.unwrap_or("another architecture");
            return Some(format!(
                "the program is for {found} and the function for {architecture}; give the same \
                 `Architecture` to `sam build` and `sam deploy`"
            ));
        }
        if !self.is_executable {
            return Some("`bootstrap` has no permission to run".to_owned());
        }
        let newer = self.glibc.filter(|glibc| *glibc > AMAZON_LINUX_2023);
        newer.map(|glibc| {
            format!(
                "the program requires glibc {glibc}, and Amazon Linux 2023 has {AMAZON_LINUX_2023}"
            )
        })
    }
}

/// The file `bootstrap` and its mode. The zips of SAM are deflated, and those of the local stack are stored.
fn bootstrap(zip: &[u8]) -> Result<(Vec<u8>, Option<u32>), Error> {
    let mut archive = ZipArchive::new(Cursor::new(zip))?;
    let index = archive
        .index_for_name(BOOTSTRAP)
        .ok_or(Error::NoBootstrap)?;
    let file = archive.by_index_raw(index)?;
    let (method, mode, size) = (file.compression(), file.unix_mode(), file.size());
    if size > MAX_UNZIPPED_BYTES {
        return Err(Error::TooLarge);
    }
    let mut content = Vec::new();
    // The size in the zip may be wrong.
    let limit = MAX_UNZIPPED_BYTES + 1;
    let read = if method == CompressionMethod::STORE {
        file.take(limit).read_to_end(&mut content)
    } else if method == CompressionMethod::DEFLATE {
        DeflateDecoder::new(file)
            .take(limit)
            .read_to_end(&mut content)
    } else {
        return Err(Error::Method(method));
    };
    read.map_err(Error::Unpack)?;
    if content.len() as u64 == limit {
        return Err(Error::TooLarge);
    }
    Ok((content, mode))
}

fn declared(entries: &[catalogue::Entry<'_>]) -> Vec<DeclaredMetric> {
    let mut metrics: Vec<_> = entries
        .iter()
        .map(|entry| DeclaredMetric {
            name: entry.metric.to_owned(),
            is_failure: entry.meaning == Meaning::Failure,
            is_counter: entry.kind == MetricKind::Counter,
        })
        .collect();
    metrics.sort();
    metrics.dedup_by(|one, other| one.name == other.name);
    metrics
}

/// The newest version of glibc that a symbol requires, from the section `.gnu.version_r`; `None` without such a symbol.
///
/// # Errors
///
/// When the bytes are not a 64-bit ELF file.
pub fn newest_glibc(executable: &[u8]) -> object::Result<Option<Glibc>> {
    let file = ElfFile64::<object::Endianness>::parse(executable)?;
    let endian = file.endian();
    let header: &FileHeader64<_> = file.elf_header();
    let sections = header.sections(endian, executable)?;
    let Some((libraries, names)) = sections.gnu_verneed(endian, executable)? else {
        return Ok(None);
    };
    let names = sections.strings(endian, executable, names)?;
    let mut newest = None;
    for library in libraries {
        let (_, needs) = library?;
        for need in needs {
            newest = newest.max(Glibc::parse(need?.name(endian, names)?));
        }
    }
    Ok(newest)
}

impl Glibc {
    /// Reads `GLIBC_2.34` and `GLIBC_2.2.5`; `GLIBC_PRIVATE` has no number.
    fn parse(name: &[u8]) -> Option<Self> {
        let numbers = std::str::from_utf8(name).ok()?.strip_prefix("GLIBC_")?;
        let mut numbers = numbers.split('.').map(|number| number.parse().ok());
        Some(Self(numbers.next()??, numbers.next()??))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::DeflateEncoder};
    use sha2::{Digest, Sha256};
    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    fn stored(name: &str, content: &[u8], mode: u32) -> Vec<u8> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .unix_permissions(mode);
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file(name, options).unwrap();
        zip.write_all(content).unwrap();
        zip.finish().unwrap().into_inner()
    }

    fn this_program() -> Vec<u8> {
        std::fs::read(std::env::current_exe().unwrap()).unwrap()
    }

    /// A zip with one deflated file, as `sam package` writes it. The crate `zip` writes none without another dependency.
    fn deflated(content: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::none());
        encoder.write_all(content).unwrap();
        let packed = encoder.finish().unwrap();
        let mut zip = stored(BOOTSTRAP, &packed, 0o755);
        let size = u32::try_from(content.len()).unwrap().to_le_bytes();
        let central = zip
            .windows(4)
            .rposition(|word| word == b"PK\x01\x02")
            .unwrap();
        for (method, unpacked) in [(8, 22), (central + 10, central + 24)] {
            zip[method] = 8;
            zip[unpacked..unpacked + 4].copy_from_slice(&size);
        }
        zip
    }

    #[test]
    fn program_of_a_stored_and_of_a_deflated_package_is_the_same() {
        let content = this_program();
        let program = Program::read(&stored(BOOTSTRAP, &content, 0o755)).unwrap();
        assert_eq!(Program::read(&deflated(&content)).unwrap(), program);
        assert_eq!(program.architecture, Some(std::env::consts::ARCH));
        assert!(program.glibc.is_some_and(|glibc| glibc > Glibc(2, 9)));
        let metrics = program.metrics.as_deref().unwrap();
        let published = metrics.iter().find(|one| one.name == "TTEventPublished");
        assert!(published.is_some_and(|one| !one.is_failure && one.is_counter));
        let failed = metrics.iter().find(|one| one.name == "TTEventFailed");
        assert!(failed.is_some_and(|one| one.is_failure));
    }

    #[test]
    fn package_without_a_program_is_refused() {
        assert!(matches!(Program::read(b"text"), Err(Error::Zip(_))));
        let other = stored("main", b"text", 0o755);
        assert!(matches!(Program::read(&other), Err(Error::NoBootstrap)));
        let script = stored(BOOTSTRAP, b"#!/bin/sh\n", 0o755);
        assert!(matches!(Program::read(&script), Err(Error::Elf(_))));
    }

    const FITTING: Program = Program {
        architecture: Some("arm64"),
        glibc: Some(AMAZON_LINUX_2023),
        is_executable: true,
        metrics: None,
    };

    #[test]
    fn program_that_lambda_cannot_start_has_a_problem() {
        assert_eq!(FITTING.problem("arm64"), None);
        let other = FITTING.problem("x86_64").unwrap();
        assert!(other.contains("for arm64"), "{other}");
        let newer = Program {
            glibc: Some(Glibc(2, 36)),
            ..FITTING
        };
        let newer = newer.problem("arm64").unwrap();
        assert!(newer.contains("glibc 2.36"), "{newer}");
        let plain = Program {
            is_executable: false,
            ..FITTING
        };
        assert!(plain.problem("arm64").unwrap().contains("permission"));
    }

    #[test]
    fn hash_is_read_in_the_forms_of_lambda_and_of_files() {
        let hash = Sha256Hash::of(b"zip");
        let base64 = BASE64.encode(&Sha256::digest(b"zip"));
        assert_eq!(Sha256Hash::from_base64(&base64).as_ref(), Some(&hash));
        assert_eq!(Sha256Hash::from_hex(hash.hex()).as_ref(), Some(&hash));
        assert_eq!(Sha256Hash::from_hex("abc"), None);
        assert_eq!(hash.short().len(), 12);
    }

    #[test]
    fn versions_of_glibc_are_ordered_by_number() {
        let parse = |name: &str| Glibc::parse(name.as_bytes());
        assert!(parse("GLIBC_2.4") < parse("GLIBC_2.34"));
        assert!(parse("GLIBC_2.2.5") < parse("GLIBC_2.3"));
        assert_eq!(parse("GLIBC_PRIVATE"), None);
        assert_eq!(parse("GCC_4.2.0"), None);
    }

    #[test]
    fn newer_requirement_is_found() {
        let mut executable = this_program();
        let Glibc(major, minor) = newest_glibc(&executable).unwrap().expect("tests use glibc");
        let (old, new) = (
            format!("GLIBC_{major}.{minor}\0"),
            format!("GLIBC_{major}.99\0"),
        );
        let at: Vec<usize> = executable
            .windows(old.len())
            .enumerate()
            .filter_map(|(at, window)| (window == old.as_bytes()).then_some(at))
            .collect();
        for at in at {
            executable[at..at + new.len()].copy_from_slice(new.as_bytes());
        }
        assert_eq!(newest_glibc(&executable).unwrap(), Some(Glibc(major, 99)));
    }
}
