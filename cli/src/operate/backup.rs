//! Backups of the code of functions: zips under their own hash, and the history of what was live.
//!
//! | path below the directory | content |
//! |---|---|
//! | `<account>/<Region>/<function>/<sha256>.zip` | the package, never overwritten |
//! | `<account>/<Region>/<function>/<sha256>.json` | the configuration of the function at that time |
//! | `<account>/<Region>/<function>/history.jsonl` | one line for each deployment and rollback |

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};

use super::program::Sha256Hash;

const HISTORY: &str = "history.jsonl";
/// The fewest digits by which a backup is named.
const MIN_DIGITS: usize = 8;

/// The backups of an account and Region.
#[derive(Debug, Clone)]
pub struct Backups {
    directory: PathBuf,
}

/// One backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The hash of the zip.
    pub sha256: Sha256Hash,
    /// The zip.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was written.
    pub at: SystemTime,
}

/// A change of the code of a function by `cargo tt`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// When, in RFC 3339.
    pub at: String,
    /// The operation; all changes of a deployment have the same.
    pub run: String,
    /// The hash before, in hexadecimal.
    pub from: String,
    /// The hash after.
    pub to: String,
    /// The release, for a deployment.
    pub release: Option<String>,
}

/// Why a backup cannot be written or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file operation failed.
    #[error("failed to {action} `{}`", path.display())]
    Io {
        /// The operation.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The content does not have the expected hash.
    #[error("`{}` has the hash {found}, not that of its name; restore the file or delete it", path.display())]
    Damaged {
        /// The zip.
        path: PathBuf,
        /// The hash of its content.
        found: Sha256Hash,
    },
    /// The history cannot be read.
    #[error("line {line} of `{}` is not valid", path.display())]
    History {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The cause.
        source: serde_json::Error,
    },
}

impl Backups {
    /// The backups of an account and Region below `directory`.
    pub fn new(directory: &Path, account: &str, region: &str) -> Self {
        Self {
            directory: directory.join(account).join(region),
        }
    }

    /// The directory of the account and Region.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn of(&self, function: &str) -> PathBuf {
        self.directory.join(function)
    }

    fn zip(&self, function: &str, sha256: &Sha256Hash) -> PathBuf {
        self.of(function).join(format!("{sha256}.zip"))
    }

    /// Stores a zip and the configuration of its function, and returns whether it is new. A backup that exists is checked and
    /// not changed.
    ///
    /// # Errors
    ///
    /// When a file cannot be written, or the existing backup is damaged.
    pub fn keep(
        &self,
        function: &str,
        zip: &[u8],
        configuration: &serde_json::Value,
    ) -> Result<bool, Error> {
        let sha256 = Sha256Hash::of(zip);
        let directory = self.of(function);
        let io = io("create", &directory);
        fs::create_dir_all(&directory).map_err(io)?;
        let path = self.zip(function, &sha256);
        if path.exists() {
            return self.load(function, &sha256).map(|_| false);
        }
        let mut text = serde_json::to_vec_pretty(configuration).unwrap_or_default();
        text.push(b'\n');
        // The configuration comes first, so that each zip has one.
        persist(&path.with_extension("json"), &text)?;
        persist(&path, zip)?;
        Ok(true)
    }

    /// Reads a backup and checks its hash; `None` if there is none.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is damaged.
    pub fn load(&self, function: &str, sha256: &Sha256Hash) -> Result<Option<Vec<u8>>, Error> {
        let path = self.zip(function, sha256);
        let content = match fs::read(&path) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io("read", &path)(error)),
        };
        let found = Sha256Hash::of(&content);
        if found == *sha256 {
            Ok(Some(content))
        } else {
            Err(Error::Damaged { path, found })
        }
    }

    /// The backups of a function, newest first. Other files are ignored.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read.
    pub fn list(&self, function: &str) -> Result<Vec<Backup>, Error> {
        let directory = self.of(function);
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io("list", &directory)(error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.map_err(io("list", &directory))?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let digits = name.and_then(|name| name.strip_suffix(".zip"));
            let Some(sha256) = digits.and_then(Sha256Hash::from_hex) else {
                continue;
            };
            let metadata = fs::metadata(&path).map_err(io("read", &path))?;
            found.push(Backup {
                sha256,
                bytes: metadata.len(),
                at: metadata.modified().map_err(io("read", &path))?,
                path,
            });
        }
        found.sort_by(|one, other| other.at.cmp(&one.at).then(one.sha256.cmp(&other.sha256)));
        Ok(found)
    }

    /// Adds a change to the history of a function.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn record(&self, function: &str, change: &Change) -> Result<(), Error> {
        let path = self.of(function).join(HISTORY);
        fs::create_dir_all(self.of(function)).map_err(io("create", &path))?;
        let mut line = serde_json::to_string(change).unwrap_or_default();
        line.push('\n');
        // One write, so that two processes do not mix their lines.
        let file = File::options().create(true).append(true).open(&path);
        file.and_then(|mut file| file.write_all(line.as_bytes()))
            .map_err(io("write", &path))
    }

    /// The changes of a function, oldest first.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is not valid.
    pub fn history(&self, function: &str) -> Result<Vec<Change>, Error> {
        let path = self.of(function).join(HISTORY);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io("read", &path)(error)),
        };
        let lines = text.lines().enumerate();
        let lines = lines.filter(|(_, line)| !line.trim().is_empty());
        let changes = lines.map(|(index, line)| {
            serde_json::from_str(line).map_err(|source| Error::History {
                path: path.clone(),
                line: index + 1,
                source,
            })
        });
        changes.collect()
    }

    /// Deletes a backup and its configuration.
    ///
    /// # Errors
    ///
    /// When a file cannot be deleted.
    pub fn delete(&self, backup: &Backup) -> Result<(), Error> {
        fs::remove_file(&backup.path).map_err(io("delete", &backup.path))?;
        let configuration = backup.path.with_extension("json");
        match fs::remove_file(&configuration) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(io("delete", &configuration)(error))
            }
            _ => Ok(()),
        }
    }
}

/// The backups that `prune` deletes: all but the newest `keep`, the live code and the code before it.
pub fn prunable<'b>(
    backups: &'b [Backup],
    keep: usize,
    history: &[Change],
    live: &Sha256Hash,
) -> Vec<&'b Backup> {
    let before = before(history, live);
    let older = backups.iter().skip(keep);
    older
        .filter(|backup| backup.sha256 != *live && Some(backup.sha256.hex()) != before)
        .collect()
}

/// The code before the live code, if the last change to the live code is in the history.
fn before<'h>(history: &'h [Change], live: &Sha256Hash) -> Option<&'h str> {
    let mut changes = history.iter().rev();
    let last = changes.find(|change| change.to == live.hex());
    last.map(|change| change.from.as_str())
}

/// The functions that the last operation changed and that still run its code, with the change.
///
/// Each function comes with its live code and its history.
pub fn last_change(functions: &[(String, Sha256Hash, Vec<Change>)]) -> Vec<(&str, &Change)> {
    let current = functions.iter().filter_map(|(function, live, history)| {
        let change = in_effect(history).filter(|change| change.to == live.hex())?;
        Some((function.as_str(), change))
    });
    let current: Vec<_> = current.collect();
    let newest = current.iter().max_by_key(|(_, change)| &change.at);
    let Some(run) = newest.map(|(_, change)| change.run.clone()) else {
        return Vec::new();
    };
    current
        .into_iter()
        .filter(|(_, change)| change.run == run)
        .collect()
}

/// The last change that no rollback has undone.
fn in_effect(history: &[Change]) -> Option<&Change> {
    let mut changes: Vec<&Change> = Vec::new();
    for change in history {
        let is_rollback = change.release.is_none();
        let undoes = |last: &&Change| last.from == change.to && last.to == change.from;
        if is_rollback && changes.last().is_some_and(undoes) {
            changes.pop();
        } else {
            changes.push(change);
        }
    }
    changes.pop()
}

/// The backups whose hash begins with these digits, by function. `None` if the text is not a beginning of a hash.
pub fn named<'b>(
    backups: &'b [(String, Vec<Backup>)],
    digits: &str,
) -> Option<Vec<(&'b str, &'b Backup)>> {
    let digits = digits.to_ascii_lowercase();
    let is_hash = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if digits.len() < MIN_DIGITS || !is_hash {
        return None;
    }
    let found = backups.iter().flat_map(|(function, backups)| {
        let matching = backups
            .iter()
            .filter(|backup| backup.sha256.hex().starts_with(&digits));
        matching.map(move |backup| (function.as_str(), backup))
    });
    Some(found.collect())
}

/// Writes a new file completely or not at all, readable for this user only: a configuration can contain secrets.
fn persist(path: &Path, content: &[u8]) -> Result<(), Error> {
    let io = io("write", path);
    let write = || {
        let mut draft = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(path))?;
        draft.write_all(content)?;
        draft.as_file().sync_all()?;
        // The name contains the hash, so a file that another process has just written is the same.
        match draft.persist_noclobber(path) {
            Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error),
            _ => Ok(()),
        }
    };
    write().map_err(io)
}

fn io<'p>(action: &'static str, path: &'p Path) -> impl Fn(io::Error) -> Error + use<'p> {
    move |source| Error::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn backups() -> (tempfile::TempDir, Backups) {
        let directory = tempfile::tempdir().unwrap();
        let backups = Backups::new(directory.path(), "000000000000", "us-east-1");
        (directory, backups)
    }

    fn change(run: &str, at: u8, from: &[u8], to: &[u8]) -> Change {
        Change {
            at: format!("2026-12-01T10:00:{at:02}Z"),
            run: run.to_owned(),
            from: Sha256Hash::of(from).hex().to_owned(),
            to: Sha256Hash::of(to).hex().to_owned(),
            release: Some("releases/a.yaml".to_owned()),
        }
    }

    #[test]
    fn backup_is_stored_once_under_its_hash() {
        let (directory, backups) = backups();
        assert!(backups.keep("f", b"zip", &json!({"Timeout": 3})).unwrap());
        assert!(!backups.keep("f", b"zip", &json!({"Timeout": 9})).unwrap());
        let hash = Sha256Hash::of(b"zip");
        assert_eq!(
            backups.load("f", &hash).unwrap().as_deref(),
            Some(&b"zip"[..])
        );
        let name = format!("000000000000/us-east-1/f/{hash}.json");
        let configuration = fs::read_to_string(directory.path().join(name)).unwrap();
        assert_eq!(configuration, "{\n  \"Timeout\": 3\n}\n");
        assert_eq!(backups.load("g", &hash).unwrap(), None);
    }

    #[test]
    fn damaged_backup_is_an_error_and_is_not_overwritten() {
        let (_directory, backups) = backups();
        backups.keep("f", b"zip", &json!({})).unwrap();
        let path = backups.list("f").unwrap()[0].path.clone();
        fs::write(&path, "other").unwrap();
        let loaded = backups.load("f", &Sha256Hash::of(b"zip"));
        assert!(matches!(loaded, Err(Error::Damaged { .. })));
        assert!(backups.keep("f", b"zip", &json!({})).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"other");
    }

    #[test]
    fn history_has_the_changes_in_order() {
        let (_directory, backups) = backups();
        assert_eq!(backups.history("f").unwrap(), []);
        let changes = [change("1", 1, b"a", b"b"), change("2", 2, b"b", b"a")];
        for change in &changes {
            backups.record("f", change).unwrap();
        }
        assert_eq!(backups.history("f").unwrap(), changes);
    }

    fn backup(zip: &[u8], age: u64) -> Backup {
        Backup {
            sha256: Sha256Hash::of(zip),
            path: PathBuf::new(),
            bytes: 1,
            at: SystemTime::UNIX_EPOCH + Duration::from_secs(1000 - age),
        }
    }

    #[test]
    fn live_code_and_the_code_before_it_are_never_pruned() {
        let backups = [b"d", b"c", b"b", b"a"].map(|zip| backup(zip, 0));
        let history = [change("1", 1, b"a", b"b")];
        let pruned = prunable(&backups, 1, &history, &Sha256Hash::of(b"b"));
        let hashes: Vec<_> = pruned.iter().map(|one| one.sha256.clone()).collect();
        assert_eq!(hashes, [Sha256Hash::of(b"c")]);
        assert!(prunable(&backups, 4, &[], &Sha256Hash::of(b"x")).is_empty());
        assert_eq!(prunable(&backups, 0, &[], &Sha256Hash::of(b"x")).len(), 4);
    }

    #[test]
    fn only_functions_of_the_last_deployment_are_rolled_back() {
        let live = Sha256Hash::of;
        let functions = [
            (
                "both".to_owned(),
                live(b"3"),
                vec![change("1", 1, b"1", b"2"), change("2", 5, b"2", b"3")],
            ),
            (
                "older".to_owned(),
                live(b"b"),
                vec![change("1", 2, b"a", b"b")],
            ),
            ("never".to_owned(), live(b"x"), Vec::new()),
        ];
        let changed = last_change(&functions);
        assert_eq!(changed.len(), 1);
        assert_eq!(changed[0].0, "both");
        assert_eq!(changed[0].1.from, live(b"2").hex());
    }

    #[test]
    fn deployment_that_was_rolled_back_is_not_rolled_back_again() {
        let back = Change {
            release: None,
            ..change("2", 2, b"2", b"1")
        };
        let mut history = vec![change("0", 0, b"0", b"1"), change("1", 1, b"1", b"2"), back];
        let functions = [("f".to_owned(), Sha256Hash::of(b"1"), history.clone())];
        let changed = last_change(&functions);
        assert_eq!(changed[0].1.from, Sha256Hash::of(b"0").hex());
        // The deployment of an older release is not a rollback.
        history[2].release = Some("releases/old.yaml".to_owned());
        let functions = [("f".to_owned(), Sha256Hash::of(b"1"), history)];
        assert_eq!(last_change(&functions)[0].1.run, "2");
    }

    #[test]
    fn code_that_was_pushed_by_hand_has_no_last_deployment() {
        let history = vec![change("1", 1, b"1", b"2")];
        let functions = [("f".to_owned(), Sha256Hash::of(b"by hand"), history)];
        assert!(last_change(&functions).is_empty());
    }

    #[test]
    fn backup_is_named_by_the_first_digits() {
        let backups = [
            ("f".to_owned(), vec![backup(b"a", 0), backup(b"b", 1)]),
            ("g".to_owned(), vec![backup(b"c", 0)]),
        ];
        let wanted = Sha256Hash::of(b"c");
        let digits = wanted.hex()[..8].to_uppercase();
        let found = named(&backups, &digits).unwrap();
        assert_eq!((found.len(), found[0].0), (1, "g"));
        assert_eq!(named(&backups, &digits[..7]), None);
        assert_eq!(named(&backups, "nohexdig"), None);
    }
}
