//! The file by which another terminal finds the running stack.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// What another process needs to use a running stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct State {
    /// `http://127.0.0.1:<port>` of the AWS endpoint.
    pub endpoint: String,
    /// Region of the stack.
    pub region: String,
    /// The bucket that takes uploads.
    pub bucket: String,
    /// The process that runs the stack.
    pub pid: u32,
    /// Locked as long as that process lives; a process id alone may be taken again by another one.
    pub(super) lock: PathBuf,
}

/// Why no running stack was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no file, or the process that wrote it is gone.
    #[error("no local stack is running; start one with `cargo tt demo` in another terminal")]
    NotRunning,
    /// The file cannot be used.
    #[error("failed to use {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl State {
    /// Finds the stack that `cargo tt demo` runs in another terminal; a file left by a killed process is removed.
    ///
    /// # Errors
    ///
    /// When none runs.
    pub fn find() -> Result<Self, super::Error> {
        let scratch = crate::workspace::Workspace::find()?.scratch();
        Ok(Self::read(&file(&scratch))?)
    }

    fn read(path: &Path) -> Result<Self, Error> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::NotRunning),
            Err(source) => {
                return Err(Error::Io {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        let state = serde_json::from_slice::<Self>(&text).ok();
        let Some(state) = state.filter(|state| is_locked(&state.lock)) else {
            let _ = fs::remove_file(path);
            return Err(Error::NotRunning);
        };
        Ok(state)
    }
}

/// The file while the stack runs; dropping it removes the file, unless a later stack has taken it over.
#[derive(Debug)]
pub(super) struct Announcement {
    path: PathBuf,
    state: State,
}

impl Announcement {
    pub(super) fn write(scratch: &Path, state: State) -> Result<Self, Error> {
        let path = file(scratch);
        let failed = |source| Error::Io {
            path: path.clone(),
            source,
        };
        // Renamed into place: a reader sees a whole file or none.
        let draft = scratch.join(format!("stack-{}.json", state.pid));
        let text = serde_json::to_vec_pretty(&state).map_err(|error| failed(error.into()))?;
        fs::write(&draft, text)
            .and_then(|()| fs::rename(&draft, &path))
            .map_err(failed)?;
        Ok(Self { path, state })
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        if State::read(&self.path).is_ok_and(|state| state == self.state) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether a living process holds the lock.
pub(super) fn is_locked(lock: &Path) -> bool {
    let Ok(file) = File::open(lock) else {
        return false;
    };
    matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock))
}

fn file(scratch: &Path) -> PathBuf {
    scratch.join("stack.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A state and the lock of the process that it speaks of.
    fn state(scratch: &Path, pid: u32) -> (State, File) {
        let lock = scratch.join(format!("lock-{pid}"));
        let held = File::create(&lock).unwrap();
        held.lock().unwrap();
        let state = State {
            endpoint: "http://127.0.0.1:4566".to_owned(),
            region: "us-east-1".to_owned(),
            bucket: "files".to_owned(),
            pid,
            lock,
        };
        (state, held)
    }

    #[test]
    fn a_running_stack_is_found_until_it_stops() {
        let scratch = tempfile::tempdir().unwrap();
        let path = file(scratch.path());
        let (state, _held) = state(scratch.path(), 1);
        let announcement = Announcement::write(scratch.path(), state.clone()).unwrap();
        assert_eq!(State::read(&path).unwrap(), state);
        drop(announcement);
        assert!(matches!(State::read(&path), Err(Error::NotRunning)));
    }

    #[test]
    fn what_a_killed_process_left_is_not_a_running_stack() {
        let scratch = tempfile::tempdir().unwrap();
        let path = file(scratch.path());
        let (state, held) = state(scratch.path(), 1);
        std::mem::forget(Announcement::write(scratch.path(), state).unwrap());
        drop(held);
        assert!(matches!(State::read(&path), Err(Error::NotRunning)));
        assert!(!path.exists());
    }

    #[test]
    fn a_stack_that_stops_leaves_the_file_of_a_later_one() {
        let scratch = tempfile::tempdir().unwrap();
        let (first, _held) = state(scratch.path(), 1);
        let (second, _held_too) = state(scratch.path(), 2);
        let first = Announcement::write(scratch.path(), first).unwrap();
        let second = Announcement::write(scratch.path(), second).unwrap();
        drop(first);
        assert_eq!(State::read(&second.path).unwrap().pid, 2);
    }

    #[test]
    fn no_stack_says_how_to_start_one() {
        let scratch = tempfile::tempdir().unwrap();
        let error = State::read(&file(scratch.path())).unwrap_err().to_string();
        assert!(error.contains("cargo tt demo"), "{error}");
    }
}
