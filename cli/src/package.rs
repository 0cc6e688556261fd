//! Packs a Lambda binary, stripped, into a zip whose bytes depend on the binary only, and names it by its content.

use std::{
    fs,
    io::{Cursor, Write},
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use crate::strip;

/// The file that `provided.al2023` starts; it must be executable.
const BOOTSTRAP: &str = "bootstrap";

/// A Lambda package in memory.
#[derive(Clone)]
pub struct Package {
    function: String,
    sha256: String,
    zip: Vec<u8>,
}

/// Why a binary could not be packed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The binary is missing or unreadable.
    #[error("failed to read the binary {}", path.display())]
    Read {
        /// The binary.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The zip could not be written.
    #[error("failed to pack `{function}`")]
    Zip {
        /// Which function.
        function: String,
        /// The cause.
        source: zip::result::ZipError,
    },
}

impl Package {
    /// Packs the binary of `function`.
    ///
    /// # Errors
    ///
    /// When the binary cannot be read.
    pub fn of(function: &str, binary: &Path) -> Result<Self, Error> {
        let content = fs::read(binary).map_err(|source| Error::Read {
            path: binary.to_owned(),
            source,
        })?;
        let zip = zip_of(&strip::loaded(content)).map_err(|source| Error::Zip {
            function: function.to_owned(),
            source,
        })?;
        let sha256 = HEXLOWER.encode(&Sha256::digest(&zip));
        Ok(Self {
            function: function.to_owned(),
            sha256,
            zip,
        })
    }

    /// The function that this is the code of, for example `tt-producer`.
    pub fn function(&self) -> &str {
        &self.function
    }

    /// SHA-256 of the zip in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// `<function>/<sha256 of the zip>.zip`: new code has a new key, and a key never changes its meaning.
    pub fn key(&self) -> String {
        format!("{}/{}.zip", self.function, self.sha256)
    }

    /// The zip.
    pub fn zip(&self) -> &[u8] {
        &self.zip
    }

    /// The zip, for an upload that takes it.
    pub fn into_zip(self) -> Vec<u8> {
        self.zip
    }
}

impl std::fmt::Debug for Package {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Package")
            .field("key", &self.key())
            .field("bytes", &self.zip.len())
            .finish_non_exhaustive()
    }
}

fn zip_of(binary: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    // Time, mode and method are fixed, so that nothing but the binary decides the hash.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o755);
    let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(binary.len() + 1024)));
    zip.start_file(BOOTSTRAP, options)?;
    zip.write_all(binary)?;
    Ok(zip.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn packed(content: &[u8], name: &str) -> Package {
        let directory = tempfile::tempdir().unwrap();
        let binary = directory.path().join(name);
        fs::write(&binary, content).unwrap();
        Package::of("tt-producer", &binary).unwrap()
    }

    #[test]
    fn one_binary_gives_one_key_whatever_its_name_and_time() {
        let first = packed(b"\x7fELF code", "tt-producer");
        let second = packed(b"\x7fELF code", "renamed");
        assert_eq!(first.key(), second.key());
        // Fixed, so that a change of the format is seen: it would give old code a new key.
        assert_eq!(
            first.sha256(),
            "a35072cb2e892584b1b9856a5fe627763012235a6c6daf0558ae1ad6a5270724"
        );
    }

    #[test]
    fn new_code_has_a_new_key() {
        assert_ne!(packed(b"old", "b").key(), packed(b"new", "b").key());
    }

    #[test]
    fn only_an_executable_bootstrap_is_inside() {
        let package = packed(b"code", "tt-producer");
        let mut archive = zip::ZipArchive::new(Cursor::new(package.zip())).unwrap();
        assert_eq!(archive.len(), 1);
        let mut file = archive.by_index(0).unwrap();
        assert_eq!(file.name().unwrap(), "bootstrap");
        assert_eq!(file.unix_mode().map(|mode| mode & 0o777), Some(0o755));
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        assert_eq!(content, b"code");
    }

    #[test]
    fn a_missing_binary_is_named() {
        let error = Package::of("tt-producer", Path::new("/nowhere/tt-producer")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "failed to read the binary /nowhere/tt-producer"
        );
    }
}
