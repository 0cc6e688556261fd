//! The section `[funnel]` of `tt.toml`: how the metrics of one pipeline relate to each other.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

/// The name of the file.
const FILE: &str = "tt.toml";
/// The settings of the functions in this workspace.
const OF_THIS_WORKSPACE: &str = include_str!("../../tt.toml");

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
    Invalid {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Box<toml::de::Error>,
    },
    /// A number is outside of its range.
    #[error("{name} in `{}` is {value}, expected {expected}", path.display())]
    Range {
        /// The file.
        path: PathBuf,
        /// The setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// The range.
        expected: &'static str,
    },
}

/// How the metrics of a pipeline relate. Without settings, there are no stages, balances and limits.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Funnel {
    /// The metrics that every unit passes, in order.
    pub stages: Vec<String>,
    /// What one unit of the first and of the last stage is called.
    pub nouns: Option<[String; 2]>,
    /// The percentage of units that reach the last stage, 94 to 99.999.
    pub objective_percent: f64,
    /// Below this number of units in a period, a rate is not an alarm.
    pub minimum_volume: u32,
    /// A percentage of failures that is an alarm.
    pub failure_rate_percent: f64,
    /// What a failure is called, by the name of its metric.
    pub failures: BTreeMap<String, String>,
    /// Where failed records are stored.
    pub failed_records: Option<FailedRecords>,
    /// Which metrics add up to another one.
    pub balances: Vec<Balance>,
    /// Limits of gauges.
    pub limits: Vec<Limit>,
    /// What the generated alarms refer to.
    pub alarms: Alarms,
}

/// Where failed records are stored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailedRecords {
    /// The logical id of the bucket.
    pub bucket: String,
    /// The prefix of their keys.
    pub prefix: String,
    /// The fields of which the first one that is present contains the reason.
    pub reasons: Vec<String>,
    /// A field with the number of records of each reason, in a line about several records.
    #[serde(default)]
    pub counts: Option<String>,
}

/// A metric that is the sum of others.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Balance {
    /// The metric.
    pub whole: String,
    /// The others.
    pub parts: Vec<String>,
    /// What it means if both are equal.
    pub holds: String,
    /// What the difference is.
    pub open: String,
    /// Whether a difference within five minutes is an alarm.
    #[serde(default)]
    pub alarm: bool,
}

/// A limit of a gauge.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// The gauge.
    pub metric: String,
    /// The title of its graph.
    pub title: Option<String>,
    /// The range of its axis.
    pub range: Option<[f64; 2]>,
    /// The limit.
    pub limit: f64,
    /// What happens at the limit.
    pub meaning: String,
    /// From this value on, it is an alarm.
    pub alarm_from: Option<f64>,
}

/// What the generated alarms refer to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Alarms {
    /// The value of `AlarmActions`, as YAML.
    pub actions: Option<String>,
    /// The condition of alarms with metric math and of composite alarms.
    pub math_condition: Option<String>,
    /// The condition under which the functions write documents to their logs.
    pub documents_condition: Option<String>,
    /// The age in seconds of the oldest record of a stream that is an alarm.
    pub iterator_age_seconds: Option<u32>,
    /// Descriptions, by the name of a metric or the logical id of a resource.
    pub meaning: BTreeMap<String, String>,
}

/// The file. Other sections belong to other commands.
#[derive(Debug, Default, Deserialize)]
struct File {
    #[serde(default)]
    funnel: Funnel,
}

impl Default for Funnel {
    fn default() -> Self {
        Self {
            stages: Vec::new(),
            nouns: None,
            objective_percent: 99.0,
            minimum_volume: 20,
            failure_rate_percent: 5.0,
            failures: BTreeMap::new(),
            failed_records: None,
            balances: Vec::new(),
            limits: Vec::new(),
            alarms: Alarms::default(),
        }
    }
}

impl Funnel {
    /// The settings of the functions in this workspace.
    #[expect(
        clippy::missing_panics_doc,
        clippy::expect_used,
        reason = "a test reads the file"
    )]
    pub fn of_this_workspace() -> Self {
        Self::parse(OF_THIS_WORKSPACE, Path::new(FILE)).expect("tt.toml of this workspace is valid")
    }

    /// Reads the settings of `path`, or of the nearest `tt.toml` at or above `directory`; without one, the defaults.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is not valid.
    pub fn find(path: Option<&Path>, directory: &Path) -> Result<Self, Error> {
        let nearest = || {
            directory
                .ancestors()
                .map(|above| above.join(FILE))
                .find(|path| path.is_file())
        };
        let Some(path) = path.map(Path::to_path_buf).or_else(nearest) else {
            return Ok(Self::default());
        };
        let text = fs::read_to_string(&path).map_err(|source| Error::Read {
            path: path.clone(),
            source,
        })?;
        Self::parse(&text, &path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let file: File = toml::from_str(text).map_err(|source| Error::Invalid {
            path: path.into(),
            source: Box::new(source),
        })?;
        let funnel = file.funnel;
        let range = |name, value, expected, holds| {
            if holds {
                return Ok(());
            }
            Err(Error::Range {
                path: path.into(),
                name,
                value,
                expected,
            })
        };
        // At an objective below 94 %, no share of failures would burn the budget 14.4 times as fast as allowed.
        let objective = funnel.objective_percent;
        range(
            "objective_percent",
            objective,
            "94 to 99.999",
            (94.0..=99.999).contains(&objective),
        )?;
        let rate = funnel.failure_rate_percent;
        range(
            "failure_rate_percent",
            rate,
            "above 0 and at most 100",
            rate > 0.0 && rate <= 100.0,
        )?;
        Ok(funnel)
    }

    /// Every metric that the settings name.
    pub fn metrics(&self) -> impl Iterator<Item = &str> {
        let balances = self
            .balances
            .iter()
            .flat_map(|balance| [&balance.whole].into_iter().chain(&balance.parts));
        let limits = self.limits.iter().map(|limit| &limit.metric);
        let names = self.stages.iter().chain(balances).chain(limits);
        names.map(String::as_str)
    }

    /// The limit of a gauge.
    pub fn limit_of(&self, metric: &str) -> Option<&Limit> {
        self.limits.iter().find(|limit| limit.metric == metric)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::{Error, Funnel};

    fn parse(text: &str) -> Result<Funnel, Error> {
        Funnel::parse(text, Path::new("tt.toml"))
    }

    #[test]
    fn file_of_this_workspace_is_valid() {
        let funnel = Funnel::of_this_workspace();
        assert_eq!(funnel.stages.len(), 3);
        assert_eq!(funnel.metrics().count(), 3 + 6 + 1);
    }

    #[test]
    fn sections_of_other_commands_are_ignored_and_misspelt_settings_are_not() {
        assert_eq!(parse("[verify]\nrecords = 5\n").unwrap(), Funnel::default());
        let error = parse("[funnel]\nstage = []\n").unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error}");
    }

    #[test]
    fn objective_that_no_failure_can_burn_is_refused() {
        for objective in ["90.0", "100.0", "nan"] {
            let error = parse(&format!("[funnel]\nobjective_percent = {objective}\n"));
            assert!(matches!(error, Err(Error::Range { .. })), "{objective}");
        }
        assert!(parse("[funnel]\nobjective_percent = 99.9\n").is_ok());
    }

    #[test]
    fn nearest_file_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let below = directory.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        fs::write(
            directory.path().join("tt.toml"),
            "[funnel]\nstages = [\"A\"]\n",
        )
        .unwrap();
        assert_eq!(Funnel::find(None, &below).unwrap().stages, ["A"]);
        fs::write(below.join("tt.toml"), "").unwrap();
        assert_eq!(Funnel::find(None, &below).unwrap(), Funnel::default());
        let missing = Funnel::find(Some(&below.join("none.toml")), &below);
        assert!(matches!(missing, Err(Error::Read { .. })));
    }
}
