//! The directory of one run, with all files that a stack writes. It is removed when the stack stops.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use super::error::Error;

const PREFIX: &str = "run-";
const LOCK: &str = "lock";
/// Describes the running stack for other processes.
const ANNOUNCEMENT: &str = "stack.json";

/// `<target>/tt/run-<pid>-<n>`, locked while this process runs.
#[derive(Debug)]
pub(super) struct RunDirectory {
    path: PathBuf,
    _lock: File,
}

impl RunDirectory {
    /// Creates a new directory, and removes those of killed processes.
    pub(super) fn create(scratch: &Path) -> Result<Self, Error> {
        // Tests start several stacks in one process.
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
        let locked = File::create(&lock).map_err(io("create", &lock))?;
        locked.lock().map_err(io("lock", &lock))?;
        Ok(Self {
            path: directory,
            _lock: locked,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file that announces the stack of this run.
    pub(super) fn announcement(&self) -> PathBuf {
        self.path.join(ANNOUNCEMENT)
    }

    /// The temporary directory of the AWS endpoint and the functions.
    pub(super) fn temporary(&self) -> PathBuf {
        self.path.join("tmp")
    }

    /// Removes the directory with its log. Dropping a run keeps the log until the next start.
    pub(super) fn remove(self) -> Result<(), Error> {
        fs::remove_dir_all(&self.path).map_err(io("remove", &self.path))
    }
}

impl Drop for RunDirectory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.temporary());
    }
}

/// Removes the directories of killed processes. A failure is ignored; the next start tries again.
pub(super) fn remove_abandoned(scratch: &Path) {
    for directory in directories(scratch) {
        let lock = directory.join(LOCK);
        // A directory without a lock file is being created.
        if lock.exists() && !is_locked(&lock) {
            let _ = fs::remove_dir_all(directory);
        }
    }
}

/// The announcements of running stacks, newest first.
pub(super) fn announced(scratch: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = directories(scratch)
        .into_iter()
        .filter(|directory| is_locked(&directory.join(LOCK)))
        .map(|directory| directory.join(ANNOUNCEMENT))
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

/// Whether a running process holds the lock. A process id alone could belong to a new process.
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
    fn new_run_removes_directories_of_killed_processes_only() {
        let scratch = tempfile::tempdir().unwrap();
        let killed = scratch.path().join("run-1-0");
        fs::create_dir(&killed).unwrap();
        fs::write(killed.join(LOCK), "").unwrap();
        let running = RunDirectory::create(scratch.path()).unwrap();
        let other = RunDirectory::create(scratch.path()).unwrap();
        assert!(!killed.exists());
        assert!(running.path().exists() && other.path().exists());
        running.remove().unwrap();
        assert!(other.path().exists());
    }

    #[test]
    fn dropped_run_keeps_only_its_log() {
        let scratch = tempfile::tempdir().unwrap();
        let run = RunDirectory::create(scratch.path()).unwrap();
        let log = run.path().join("ministack.log");
        fs::create_dir(run.temporary()).unwrap();
        fs::write(run.temporary().join("bootstrap"), "large").unwrap();
        fs::write(&log, "why").unwrap();
        let temporary = run.temporary();
        drop(run);
        assert!(log.exists() && !temporary.exists());
    }
}
