//! The file by which another terminal finds a running stack.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::run;

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
    /// Finds the stack that `cargo tt demo` runs in another terminal; of several, the one that was started last.
    ///
    /// # Errors
    ///
    /// When none runs.
    pub fn find() -> Result<Self, super::Error> {
        let scratch = crate::workspace::Workspace::find()?.scratch();
        Ok(Self::find_in(&scratch)?)
    }

    fn find_in(scratch: &Path) -> Result<Self, Error> {
        for path in run::announced(scratch) {
            match fs::read(&path) {
                Ok(text) => {
                    let state = serde_json::from_slice(&text);
                    return state.map_err(|error| failed(&path)(error.into()));
                }
                // It stopped since.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(&path)(error)),
            }
        }
        Err(Error::NotRunning)
    }
}

/// The file while the stack runs; dropping it removes the file.
#[derive(Debug)]
pub(super) struct Announcement(PathBuf);

impl Announcement {
    /// Writes the file into the directory of a run.
    pub(super) fn write(directory: &Path, state: &State) -> Result<Self, Error> {
        let path = run::state_file(directory);
        // Renamed into place: a reader sees a whole file or none.
        let draft = path.with_extension("draft");
        let text = serde_json::to_vec_pretty(state).map_err(|error| failed(&path)(error.into()))?;
        fs::write(&draft, text)
            .and_then(|()| fs::rename(&draft, &path))
            .map_err(failed(&path))?;
        Ok(Self(path))
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error + use<'_> {
    move |source| Error::Io {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::File, time::SystemTime};

    use super::*;
    use crate::stack::run::Run;

    fn announce(run: &Run, pid: u32, age: u64) -> Announcement {
        let state = State {
            endpoint: "http://127.0.0.1:4566".to_owned(),
            region: "us-east-1".to_owned(),
            bucket: "files".to_owned(),
            pid,
        };
        let announcement = Announcement::write(run.directory(), &state).unwrap();
        let written = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000 - age);
        let file = File::options().append(true).open(&announcement.0).unwrap();
        file.set_modified(written).unwrap();
        announcement
    }

    fn found(scratch: &Path) -> Option<u32> {
        State::find_in(scratch).ok().map(|state| state.pid)
    }

    #[test]
    fn the_stack_that_was_started_last_is_found_and_then_the_one_before() {
        let scratch = tempfile::tempdir().unwrap();
        let runs = [1, 2].map(|_| Run::create(scratch.path()).unwrap());
        let older = announce(&runs[0], 1, 60);
        let newer = announce(&runs[1], 2, 0);
        assert_eq!(found(scratch.path()), Some(2));
        drop(newer);
        assert_eq!(found(scratch.path()), Some(1));
        drop(older);
        assert_eq!(found(scratch.path()), None);
    }

    #[test]
    fn what_a_killed_process_left_is_not_a_running_stack() {
        let scratch = tempfile::tempdir().unwrap();
        let run = Run::create(scratch.path()).unwrap();
        std::mem::forget(announce(&run, 1, 0));
        assert_eq!(found(scratch.path()), Some(1));
        // Its lock ends with it.
        drop(run);
        assert_eq!(found(scratch.path()), None);
    }

    #[test]
    fn no_stack_says_how_to_start_one() {
        let scratch = tempfile::tempdir().unwrap();
        let error = State::find_in(scratch.path()).unwrap_err().to_string();
        assert!(error.contains("cargo tt demo"), "{error}");
    }
}
