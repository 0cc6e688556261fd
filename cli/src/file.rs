//! A file to upload, checked before anything is started.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{error::Error, sample};

/// The local AWS endpoint keeps each object in memory, several times while it takes it in.
pub(crate) const MOST_BYTES: u64 = 512 * 1024 * 1024;

/// Name and content of a file, not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Name without directories; it becomes part of the object key.
    pub name: String,
    /// Content.
    pub body: Vec<u8>,
    /// How many records it holds, where that is known without reading it.
    pub records: Option<u64>,
}

impl File {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// When it does not exist, is no regular file, is empty or too large, or can't be read.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let path_buf = || PathBuf::from(path);
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                Error::NoSuchFile { path: path_buf() }
            }
            _ => Error::ReadFile {
                path: path_buf(),
                source,
            },
        };
        let found = fs::metadata(path).map_err(failed)?;
        if found.is_dir() {
            return Err(Error::Directory { path: path_buf() });
        }
        // Reading a pipe or a device could wait, or go on, for ever.
        if !found.is_file() {
            return Err(Error::NotRegular { path: path_buf() });
        }
        if found.len() > MOST_BYTES {
            return Err(Error::LargeFile { path: path_buf() });
        }
        let body = fs::read(path).map_err(failed)?;
        if body.trim_ascii().is_empty() {
            return Err(Error::EmptyFile { path: path_buf() });
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

    /// The shipped five records.
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
        // A `Vec` takes every byte.
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

    use super::{File, MOST_BYTES};
    use crate::error::Error;

    #[test]
    fn a_file_is_named_without_its_directories() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.csv");
        fs::write(&path, "record_id\nR1\n").unwrap();
        let file = File::read(&path).unwrap();
        assert_eq!((file.name.as_str(), file.body.len()), ("a.csv", 13));
    }

    #[test]
    fn what_cannot_be_uploaded_is_refused_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let blank = directory.path().join("blank.csv");
        fs::write(&blank, " \n\n").unwrap();
        assert!(matches!(
            File::read(directory.path()),
            Err(Error::Directory { .. })
        ));
        assert!(matches!(File::read(&blank), Err(Error::EmptyFile { .. })));
        assert!(matches!(
            File::read(Path::new("/dev/zero")),
            Err(Error::NotRegular { .. })
        ));
        let large = directory.path().join("large.csv");
        let sparse = fs::File::create(&large).unwrap();
        sparse.set_len(MOST_BYTES + 1).unwrap();
        assert!(matches!(File::read(&large), Err(Error::LargeFile { .. })));
        let below_a_file = blank.join("x.csv");
        assert!(matches!(
            File::read(&below_a_file),
            Err(Error::NoSuchFile { .. })
        ));
    }

    #[test]
    fn the_shipped_and_the_generated_file_say_how_many_records_they_hold() {
        assert_eq!(File::shipped().records, Some(5));
        assert_eq!(File::generated(12).records, Some(12));
    }
}
