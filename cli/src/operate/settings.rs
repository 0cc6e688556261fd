//! The section `[operate]` of `tt.toml`: what `cargo tt` cannot read from a stack.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

/// The name of the file.
pub const FILE_NAME: &str = "tt.toml";

/// The settings of a repository. Every field can be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The directory of the file, to which its paths are relative.
    #[serde(skip)]
    pub directory: PathBuf,
    /// The stack if the command line names none.
    pub stack: Option<String>,
    /// Logical ids of functions in the order of a deployment: a consumer before its producer. Functions that are not listed
    /// follow in the order of the template.
    pub order: Vec<String>,
    /// The smoke tests.
    pub smoke: Vec<Smoke>,
    /// The end-to-end check.
    pub verify: Option<Verify>,
    /// Sums that must agree: the balances of the section `[funnel]`.
    #[serde(skip)]
    pub identities: Vec<Identity>,
}

/// The sections of the file that these commands read. Others belong to other commands.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sections {
    operate: Settings,
    funnel: Funnel,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Funnel {
    balances: Vec<Identity>,
}

/// Payloads with which a function is invoked after its code has changed. They must have no effect.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smoke {
    /// Logical id of the function.
    pub function: String,
    /// Payloads in JSON, one invocation each.
    pub payloads: Vec<String>,
}

/// An upload and the metrics that follow from it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// The file. Each `{run}` in it is replaced by the id of the run, so that its records can be recognised.
    pub file: PathBuf,
    /// Logical id of the bucket.
    pub bucket: String,
    /// Prefix of the object key.
    pub prefix: String,
    /// What an upload creates outside the stack, for the question before it: "5 Cases in Salesforce".
    pub creates: Option<String>,
    /// The metric that counts what enters the stack. If it grows by more than expected, other traffic was active.
    pub traffic: Option<String>,
    /// The expected growth of each metric, in the order of the report.
    pub expect: Vec<Expected>,
}

/// The expected growth of a metric.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Name of the metric, without dimensions.
    pub metric: String,
    /// By how much its sum grows.
    pub count: u64,
}

/// `whole` is the sum of `parts`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Identity {
    /// Name of a metric.
    pub whole: String,
    /// Names of metrics.
    pub parts: Vec<String>,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read.
    #[error("failed to read the settings `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is not valid.
    #[error("the settings `{}` are not valid", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The cause, with the position.
        source: Box<toml::de::Error>,
    },
}

impl Settings {
    /// Reads the file, or else the nearest `tt.toml` of `directory` and the directories above it. Without such a file every
    /// field is absent.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is not valid.
    pub fn load(file: Option<&Path>, directory: &Path) -> Result<Self, Error> {
        let nearest = || {
            let candidates = directory.ancestors().map(|above| above.join(FILE_NAME));
            candidates.into_iter().find(|path| path.is_file())
        };
        let Some(path) = file.map(Path::to_path_buf).or_else(nearest) else {
            return Ok(Self {
                directory: directory.to_path_buf(),
                ..Self::default()
            });
        };
        let text = fs::read_to_string(&path).map_err(|source| Error::Read {
            path: path.clone(),
            source,
        })?;
        let sections: Sections = toml::from_str(&text).map_err(|source| Error::Parse {
            path: path.clone(),
            source: Box::new(source),
        })?;
        let mut settings = sections.operate;
        settings.identities = sections.funnel.balances;
        path.parent()
            .unwrap_or(directory)
            .clone_into(&mut settings.directory);
        Ok(settings)
    }

    /// The smoke tests of a function.
    pub fn smoke_of(&self, logical_id: &str) -> impl Iterator<Item = &str> {
        let of_function = self
            .smoke
            .iter()
            .filter(move |smoke| smoke.function == logical_id);
        of_function.flat_map(|smoke| smoke.payloads.iter().map(String::as_str))
    }

    /// The position of a function in a deployment.
    pub fn rank(&self, logical_id: &str) -> usize {
        let rank = self.order.iter().position(|listed| listed == logical_id);
        rank.unwrap_or(self.order.len())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn settings_of_this_repository_are_valid() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let settings = Settings::load(None, root).unwrap();
        assert_eq!(Some(settings.directory.as_path()), root.parent());
        let verify = settings.verify.as_ref().unwrap();
        assert!(settings.directory.join(&verify.file).is_file());
        let template = fs::read_to_string(settings.directory.join("template.yaml")).unwrap();
        let ids = settings.order.iter().chain([&verify.bucket]);
        let ids = ids.chain(settings.smoke.iter().map(|smoke| &smoke.function));
        for id in ids {
            assert!(template.contains(&format!("\n  {id}:\n")), "{id}");
        }
        let smoke: Vec<&str> = settings.smoke_of("TTProducer").collect();
        assert_eq!(smoke, [r#"{"Records":[]}"#]);
        // A consumer comes before its producer.
        assert!(settings.rank("CaseCreation") < settings.rank("TTProducer"));
    }

    #[test]
    fn metrics_of_the_settings_are_those_of_the_functions() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let settings = Settings::load(None, root).unwrap();
        let verify = settings.verify.unwrap();
        assert_eq!(settings.identities.len(), 2);
        let declared: Vec<&str> = tt_metrics::catalogue().map(|entry| entry.metric).collect();
        let identities = settings.identities.iter();
        let in_identities = identities.flat_map(|one| one.parts.iter().chain([&one.whole]));
        let expected = verify.expect.iter().map(|one| &one.metric);
        for metric in expected.chain(in_identities).chain(&verify.traffic) {
            assert!(declared.contains(&metric.as_str()), "{metric}");
        }
    }

    #[test]
    fn misspelt_field_is_an_error_with_its_line() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(
            directory.path().join(FILE_NAME),
            "[operate]\nordre = []\n[other]\nx = 1\n",
        )
        .unwrap();
        let error = Settings::load(None, directory.path()).unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(
            cause.contains("line 2") && cause.contains("ordre"),
            "{cause}"
        );
    }

    #[test]
    fn settings_without_a_file_are_empty() {
        let directory = tempfile::tempdir().unwrap();
        let settings = Settings::load(None, directory.path()).unwrap();
        assert_eq!(settings.verify, None);
        assert_eq!(settings.rank("Any"), 0);
    }
}
