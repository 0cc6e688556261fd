//! A file to upload, checked before anything is started.

pub mod sample;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The local AWS endpoint holds several copies of each uploaded object in memory.
const MAX_BYTES: u64 = 512 * 1024 * 1024;

/// Name and content of a file that is not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Name without directories; it becomes part of the object key.
    pub name: String,
    /// Content.
    pub body: Vec<u8>,
    /// The number of records, if it is known without parsing the file.
    pub records: Option<u64>,
}

/// Why a file cannot be uploaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It does not exist.
    #[error("file `{}` does not exist", path.display())]
    Missing {
        /// As given.
        path: PathBuf,
    },
    /// It is a directory.
    #[error("`{}` is a directory, not a file", path.display())]
    Directory {
        /// As given.
        path: PathBuf,
    },
    /// It is a pipe, a device or a socket.
    #[error("`{}` is not a regular file", path.display())]
    NotRegular {
        /// As given.
        path: PathBuf,
    },
    /// It is too large.
    #[error(
        "file `{}` is larger than {} MiB, the limit of the local stack",
        path.display(),
        MAX_BYTES / (1024 * 1024)
    )]
    TooLarge {
        /// As given.
        path: PathBuf,
    },
    /// It is empty or blank.
    #[error("file `{}` is empty", path.display())]
    Empty {
        /// As given.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("failed to read file `{}`", path.display())]
    Read {
        /// As given.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl File {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// When it does not exist, is not a regular file, is empty or too large, or cannot be read.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let path_buf = || PathBuf::from(path);
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                Error::Missing { path: path_buf() }
            }
            _ => Error::Read {
                path: path_buf(),
                source,
            },
        };
        let metadata = fs::metadata(path).map_err(failed)?;
        if metadata.is_dir() {
            return Err(Error::Directory { path: path_buf() });
        }
        // A pipe may block, and a device may be endless.
        if !metadata.is_file() {
            return Err(Error::NotRegular { path: path_buf() });
        }
        if metadata.len() > MAX_BYTES {
            return Err(Error::TooLarge { path: path_buf() });
        }
        let body = fs::read(path).map_err(failed)?;
        if body.trim_ascii().is_empty() {
            return Err(Error::Empty { path: path_buf() });
        }
        let name = path
            .file_name()
            .map_or_else(|| "file".into(), |name| name.to_string_lossy());
        Ok(Self {
            name: name.into_owned(),
            body,
            records: None,
        })
    }

    /// The shipped file of five records.
    pub fn shipped() -> Self {
        Self {
            name: sample::FIVE_RECORDS_NAME.into(),
            body: sample::FIVE_RECORDS.into(),
            records: Some(5),
        }
    }

    /// A generated CSV file.
    pub fn generated(records: u64) -> Self {
        let mut body = Vec::new();
        // Writing to a `Vec` cannot fail.
        let _infallible = sample::write(records, &mut body);
        Self {
            name: format!("generated-{records}.csv"),
            body,
            records: Some(records),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::{Error, File, MAX_BYTES};

    #[test]
    fn name_has_no_directories() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.csv");
        fs::write(&path, "record_id\nR1\n").unwrap();
        let file = File::read(&path).unwrap();
        assert_eq!((file.name.as_str(), file.body.len()), ("a.csv", 13));
    }

    #[test]
    fn unusable_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let blank = directory.path().join("blank.csv");
        fs::write(&blank, " \n\n").unwrap();
        assert!(matches!(
            File::read(directory.path()),
            Err(Error::Directory { .. })
        ));
        assert!(matches!(File::read(&blank), Err(Error::Empty { .. })));
        assert!(matches!(
            File::read(Path::new("/dev/zero")),
            Err(Error::NotRegular { .. })
        ));
        let large = directory.path().join("large.csv");
        let sparse = fs::File::create(&large).unwrap();
        sparse.set_len(MAX_BYTES + 1).unwrap();
        assert!(matches!(File::read(&large), Err(Error::TooLarge { .. })));
        let below_a_file = blank.join("x.csv");
        assert!(matches!(
            File::read(&below_a_file),
            Err(Error::Missing { .. })
        ));
    }

    #[test]
    fn number_of_records_is_known_for_shipped_and_generated_files() {
        assert_eq!(File::shipped().records, Some(5));
        assert_eq!(File::generated(12).records, Some(12));
    }
}
