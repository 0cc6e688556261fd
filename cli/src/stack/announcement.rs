//! The announcement of a running stack, by which other processes find it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use aws_config::SdkConfig;
use serde::{Deserialize, Serialize};

use super::{
    error::Error,
    run_directory::{self, RunDirectory},
    sdk::{self, Uploaded},
};
use crate::workspace::Workspace;

/// A stack that another process runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunningStack {
    /// `http://127.0.0.1:<port>` of the AWS endpoint.
    pub endpoint: String,
    /// The bucket for uploads.
    pub bucket: String,
}

impl RunningStack {
    /// Finds the stack of `cargo tt demo` in another terminal; of several, the one that was started last.
    ///
    /// # Errors
    ///
    /// When none runs.
    pub fn find() -> Result<Self, Error> {
        Self::find_in(&Workspace::find()?.scratch())
    }

    /// Uploads a file under `incoming/`, of which S3 notifies TT Producer.
    ///
    /// # Errors
    ///
    /// When S3 refuses it.
    pub async fn upload(&self, name: &str, body: Vec<u8>) -> Result<Uploaded, Error> {
        sdk::upload(&self.sdk_config(), &self.bucket, name, body).await
    }

    /// SDK configuration of the stack.
    pub fn sdk_config(&self) -> SdkConfig {
        sdk::config(&self.endpoint)
    }

    fn find_in(scratch: &Path) -> Result<Self, Error> {
        for path in run_directory::announced(scratch) {
            match fs::read(&path) {
                Ok(text) => {
                    let stack = serde_json::from_slice(&text);
                    return stack.map_err(|error| io("read", &path)(error.into()));
                }
                // The stack has stopped since the directory was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(io("read", &path)(error)),
            }
        }
        Err(Error::NotRunning)
    }
}

/// The announcement while the stack runs; dropping it removes the file.
#[derive(Debug)]
pub(super) struct Announcement(PathBuf);

impl Announcement {
    /// Writes the announcement of a run.
    pub(super) fn write(run: &RunDirectory, stack: &RunningStack) -> Result<Self, Error> {
        let path = run.announcement();
        // Renamed, so that a reader never sees a part of the file.
        let draft = path.with_extension("draft");
        let text =
            serde_json::to_vec_pretty(stack).map_err(|error| io("write", &path)(error.into()))?;
        fs::write(&draft, text)
            .and_then(|()| fs::rename(&draft, &path))
            .map_err(io("write", &path))?;
        Ok(Self(path))
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn io<'p>(action: &'static str, path: &'p Path) -> impl FnOnce(io::Error) -> Error + use<'p> {
    move |source| Error::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::File, time::SystemTime};

    use super::*;

    fn announce(run: &RunDirectory, bucket: &str, age: u64) -> Announcement {
        let stack = RunningStack {
            endpoint: "http://127.0.0.1:4566".to_owned(),
            bucket: bucket.to_owned(),
        };
        let announcement = Announcement::write(run, &stack).unwrap();
        let written = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000 - age);
        let file = File::options().append(true).open(&announcement.0).unwrap();
        file.set_modified(written).unwrap();
        announcement
    }

    fn found(scratch: &Path) -> Option<String> {
        let stack = RunningStack::find_in(scratch).ok();
        stack.map(|stack| stack.bucket)
    }

    #[test]
    fn newest_running_stack_is_found() {
        let scratch = tempfile::tempdir().unwrap();
        let runs = [1, 2].map(|_| RunDirectory::create(scratch.path()).unwrap());
        let older = announce(&runs[0], "older", 60);
        let newer = announce(&runs[1], "newer", 0);
        assert_eq!(found(scratch.path()).as_deref(), Some("newer"));
        drop(newer);
        assert_eq!(found(scratch.path()).as_deref(), Some("older"));
        drop(older);
        assert_eq!(found(scratch.path()), None);
    }

    #[test]
    fn announcement_of_a_killed_process_is_ignored() {
        let scratch = tempfile::tempdir().unwrap();
        let run = RunDirectory::create(scratch.path()).unwrap();
        std::mem::forget(announce(&run, "files", 0));
        assert_eq!(found(scratch.path()).as_deref(), Some("files"));
        // The lock is released with the process.
        drop(run);
        assert_eq!(found(scratch.path()), None);
    }

    #[test]
    fn error_without_a_stack_names_the_command_that_starts_one() {
        let scratch = tempfile::tempdir().unwrap();
        let error = RunningStack::find_in(scratch.path()).unwrap_err();
        assert!(error.to_string().contains("cargo tt demo"), "{error}");
    }
}
