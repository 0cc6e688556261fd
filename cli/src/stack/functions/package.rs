//! Packs a stripped Lambda binary into a zip that depends only on the binary, and names it by its hash.

use std::{
    fs,
    io::{Cursor, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

/// The executable that `provided.al2023` starts.
const BOOTSTRAP: &str = "bootstrap";

/// A Lambda package in memory.
#[derive(Clone)]
pub struct Package {
    function: String,
    sha256: String,
    zip: Vec<u8>,
}

/// Why a Lambda was not packed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The binary cannot be read.
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
        /// The function.
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
        let content = match stripped(binary) {
            Some(content) => content,
            None => fs::read(binary).map_err(|source| Error::Read {
                path: binary.to_owned(),
                source,
            })?,
        };
        let zip = zip_of(&content).map_err(|source| Error::Zip {
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

    /// `<function>/<sha256 of the zip>.zip`, so that a key always refers to the same code.
    pub fn key(&self) -> String {
        format!("{}/{}.zip", self.function, self.sha256)
    }

    /// The zip.
    pub fn zip(&self) -> &[u8] {
        &self.zip
    }

    /// The zip by value.
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

/// The binary without symbols and debug information, by `strip`, which the linker's package (binutils) contains. It
/// takes half a second and reduces a debug build to a third. `None` when `strip` is missing or refuses the file.
fn stripped(binary: &Path) -> Option<Vec<u8>> {
    let output = tempfile::NamedTempFile::new().ok()?;
    let mut strip = Command::new("strip");
    strip.arg("-o").arg(output.path()).arg(binary);
    let status = strip.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let content = status.ok()?.success().then(|| fs::read(output.path()))?;
    content.ok()
}

fn zip_of(binary: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    // Time, mode and method are fixed, so that the hash depends only on the binary.
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
    fn key_depends_only_on_the_content() {
        let first = packed(b"\x7fELF code", "tt-producer");
        let second = packed(b"\x7fELF code", "renamed");
        assert_eq!(first.key(), second.key());
        // A literal, so that a change of the format is noticed: it would give old code a new key.
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
    fn zip_contains_only_an_executable_bootstrap() {
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
    fn missing_binary_is_named() {
        let error = Package::of("tt-producer", Path::new("/nowhere/tt-producer")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "failed to read the binary /nowhere/tt-producer"
        );
    }

    #[test]
    fn package_of_an_executable_is_stripped() {
        let binary = std::env::current_exe().unwrap();
        let whole = usize::try_from(fs::metadata(&binary).unwrap().len()).unwrap();
        let packed = Package::of("tt-producer", &binary).unwrap().zip().len();
        assert!(packed < whole * 3 / 4, "{packed} of {whole}");
    }
}
