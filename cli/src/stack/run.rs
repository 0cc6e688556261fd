//! The directory of one run: everything that a stack writes, gone when it stops.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use super::Error;

const PREFIX: &str = "run-";
const LOCK: &str = "lock";
/// The file by which another terminal finds the stack of a run.
const STATE: &str = "stack.json";

/// `<target>/tt/run-<pid>-<n>`, locked while this process lives.
#[derive(Debug)]
pub(super) struct Run {
    directory: PathBuf,
    _lock: File,
}

impl Run {
    /// Makes a directory of its own for this stack, and removes those that killed processes left.
    pub(super) fn create(scratch: &Path) -> Result<Self, Error> {
        /// Tests start several stacks in one process.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let directory = scratch.join(format!("{PREFIX}{}-{number}", std::process::id()));
        fs::create_dir_all(scratch).map_err(io("create", scratch))?;
        remove_abandoned(scratch);
        if directory.exists() {
            fs::remove_dir_all(&directory).map_err(io("remove", &directory))?;
        }
        fs::create_dir(&directory).map_err(io("create", &directory))?;
        let lock = directory.join(LOCK);
        let held = File::create(&lock).map_err(io("create", &lock))?;
        held.lock().map_err(io("lock", &lock))?;
        Ok(Self {
            directory,
            _lock: held,
        })
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where ministack and the functions put what nobody reads afterwards.
    pub(super) fn temporary(&self) -> PathBuf {
        self.directory.join("tmp")
    }

    /// Removes the directory, log included; a run that is dropped instead keeps its log until the next start.
    pub(super) fn remove(self) -> Result<(), Error> {
        fs::remove_dir_all(&self.directory).map_err(io("remove", &self.directory))
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.temporary());
    }
}

/// Best effort: what cannot be removed now is looked at again by the next start.
pub(super) fn remove_abandoned(scratch: &Path) {
    for directory in directories(scratch) {
        let lock = directory.join(LOCK);
        // Without a lock file it is a run that is just being made.
        if lock.exists() && !is_locked(&lock) {
            let _ = fs::remove_dir_all(directory);
        }
    }
}

/// Where the stack of a run is announced.
pub(super) fn state_file(directory: &Path) -> PathBuf {
    directory.join(STATE)
}

/// The announcements of living runs, the newest first.
pub(super) fn announced(scratch: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = directories(scratch)
        .into_iter()
        .filter(|directory| is_locked(&directory.join(LOCK)))
        .map(|directory| state_file(&directory))
        .filter_map(|file| Some((fs::metadata(&file).ok()?.modified().ok()?, file)))
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, file)| file).collect()
}

fn directories(scratch: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(scratch).into_iter().flatten().flatten();
    let runs = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    runs.map(|entry| entry.path()).collect()
}

/// Whether a living process holds the lock; a process id alone may be taken again by another one.
fn is_locked(lock: &Path) -> bool {
    let Ok(file) = File::open(lock) else {
        return false;
    };
    matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock))
}

fn io<'p>(action: &'static str, path: &'p Path) -> impl FnOnce(std::io::Error) -> Error + use<'p> {
    move |source| Error::Io {
        action,
        path: path.to_path_buf(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_run_removes_what_a_killed_one_left_and_spares_a_living_one() {
        let scratch = tempfile::tempdir().unwrap();
        let left = scratch.path().join("run-1-0");
        fs::create_dir(&left).unwrap();
        fs::write(left.join(LOCK), "").unwrap();
        let living = Run::create(scratch.path()).unwrap();
        let other = Run::create(scratch.path()).unwrap();
        assert!(!left.exists());
        assert!(living.directory().exists() && other.directory().exists());
        living.remove().unwrap();
        assert!(other.directory().exists());
    }

    #[test]
    fn a_run_that_is_cut_short_keeps_its_log_only() {
        let scratch = tempfile::tempdir().unwrap();
        let run = Run::create(scratch.path()).unwrap();
        let log = run.directory().join("ministack.log");
        fs::create_dir(run.temporary()).unwrap();
        fs::write(run.temporary().join("bootstrap"), "large").unwrap();
        fs::write(&log, "why").unwrap();
        let temporary = run.temporary();
        drop(run);
        assert!(log.exists() && !temporary.exists());
    }
}
