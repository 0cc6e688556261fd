//! The metrics of programs: read from their files, or those of the functions in this workspace.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

// The catalogue of this program contains the metrics of linked crates only.
use case_creation as _;
use tms_token_manager as _;
use tt_metrics::catalogue::{Entry, Meaning, MetricKind, ReadError};
use tt_producer as _;

use crate::stack::functions::build::FUNCTIONS;

/// Where cargo-lambda puts a program: `<name>/bootstrap`.
const BOOTSTRAP: &str = "bootstrap";

/// Why the metrics of a program cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read.
    #[error("failed to read program `{}`", path.display())]
    Read {
        /// As given.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is not a program, or its catalogue is damaged or of another version.
    #[error("`{}` contains no catalogue of metrics", path.display())]
    Catalogue {
        /// As given.
        path: PathBuf,
        /// The cause.
        source: ReadError,
    },
}

/// A dimension of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    /// The name.
    pub name: String,
    /// The listed values, or an empty list for free text.
    pub values: Vec<String>,
    /// The maximum number of values of free text.
    pub max: u16,
}

/// A metric that an attribute or `gauge!` declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// The metric's name.
    pub metric: String,
    /// The unit in the spelling of `CloudWatch`.
    pub unit: String,
    /// Whether it is a counter, a histogram or a gauge.
    pub kind: MetricKind,
    /// What it measures.
    pub meaning: Meaning,
    /// The storage resolution in seconds, 1 or 60.
    pub resolution_seconds: u32,
    /// The dimension sets. The empty set is the total.
    pub dimensions: Vec<Vec<Dimension>>,
    /// `module::path::function` of the counted function, or the module path of a `gauge!`.
    pub function: String,
    /// The source file.
    pub file: String,
    /// The line of the attribute.
    pub line: u32,
    /// The function's doc comment.
    pub doc: String,
}

/// A program and its metrics. A program without metrics is not an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The name of its file; for `<name>/bootstrap`, the name of the folder.
    pub name: String,
    /// The metrics, in the order of the source.
    pub metrics: Vec<Declared>,
}

/// The metrics of some programs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// The programs, in the order in which they were given.
    pub programs: Vec<Program>,
}

/// Two counters of one function: of its successes and of its failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcomes<'a> {
    /// The successes, or all calls if `counts_calls`.
    pub success: &'a Declared,
    /// The failures.
    pub failure: &'a Declared,
    /// Whether `success` includes the failures.
    pub counts_calls: bool,
}

impl Catalogue {
    /// The functions of this workspace, which are linked into this program.
    pub fn of_this_workspace() -> Self {
        let entries: Vec<Entry<'_>> = tt_metrics::catalogue().collect();
        let program = |name: &&'static str| {
            let package = name.replace('-', "_");
            let of_program =
                |entry: &&Entry<'_>| entry.function.split("::").next() == Some(&package);
            Program::new(name, entries.iter().filter(of_program))
        };
        Self {
            programs: FUNCTIONS.iter().map(program).collect(),
        }
    }

    /// Reads the files of programs.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or is not a program.
    pub fn read(paths: &[PathBuf]) -> Result<Self, Error> {
        let programs = paths.iter().map(|path| Program::read(path));
        Ok(Self {
            programs: programs.collect::<Result<_, _>>()?,
        })
    }

    /// Every declaration of every program.
    pub fn declared(&self) -> impl Iterator<Item = &Declared> {
        self.programs.iter().flat_map(|program| &program.metrics)
    }

    /// Every metric once, by its first declaration.
    pub fn metrics(&self) -> Vec<&Declared> {
        let mut seen = BTreeSet::new();
        let declared = self.declared();
        declared
            .filter(|one| seen.insert(one.metric.as_str()))
            .collect()
    }

    /// Whether a program declares the metric.
    pub fn contains(&self, metric: &str) -> bool {
        self.declared().any(|one| one.metric == metric)
    }

    /// The first declaration of a metric.
    pub fn get(&self, metric: &str) -> Option<&Declared> {
        self.declared().find(|one| one.metric == metric)
    }

    /// The number of time series that `CloudWatch` stores and charges for, at most: one for each dimension set and value.
    pub fn series(&self) -> u64 {
        let of_metric = |one: &Declared| match one.dimensions.as_slice() {
            [] => 1,
            sets => sets
                .iter()
                .map(|set| set.iter().map(Dimension::most).product::<u64>())
                .sum(),
        };
        self.metrics().into_iter().map(of_metric).sum()
    }
}

impl Program {
    fn read(path: &Path) -> Result<Self, Error> {
        let file = fs::read(path).map_err(|source| Error::Read {
            path: path.into(),
            source,
        })?;
        let entries = match tt_metrics::catalogue::read(&file) {
            Ok(entries) => entries,
            Err(ReadError::Missing) => Vec::new(),
            Err(source) => {
                return Err(Error::Catalogue {
                    path: path.into(),
                    source,
                });
            }
        };
        let name = |path: &Path| {
            path.file_name()
                .map(|name| name.to_string_lossy().into_owned())
        };
        let folder = path.parent().and_then(name);
        let name = name(path).filter(|name| name != BOOTSTRAP).or(folder);
        Ok(Self::new(&name.unwrap_or_default(), entries.iter()))
    }

    fn new<'e>(name: &str, entries: impl Iterator<Item = &'e Entry<'e>>) -> Self {
        let mut metrics: Vec<Declared> = entries.map(Declared::of).collect();
        // Link order is unspecified. Within an attribute it is that of the arguments, which a stable sort keeps.
        metrics.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
        Self {
            name: name.to_owned(),
            metrics,
        }
    }

    /// The pairs of counters by which a share of failures can be computed, each once.
    pub fn outcomes(&self) -> Vec<Outcomes<'_>> {
        let mut seen = BTreeSet::new();
        let failures = self
            .metrics
            .iter()
            .filter(|one| one.meaning == Meaning::Failure && one.has_total());
        let pairs = failures.filter_map(|failure| {
            let of_function = |meaning: Meaning| {
                let mut metrics = self.metrics.iter();
                metrics
                    .find(|one| one.meaning == meaning && one.has_total() && one.is_beside(failure))
            };
            let success = of_function(Meaning::Success);
            let counts_calls = success.is_none();
            let success = success.or_else(|| of_function(Meaning::Calls))?;
            Some(Outcomes {
                success,
                failure,
                counts_calls,
            })
        });
        pairs
            .filter(|pair| seen.insert((&pair.success.metric, &pair.failure.metric)))
            .collect()
    }

    /// The counter whose data show that the program sends metrics.
    pub fn sign_of_life(&self) -> Option<&Declared> {
        let mut metrics = self.metrics.iter();
        metrics.find(|one| one.kind == MetricKind::Counter && one.has_total())
    }
}

impl Declared {
    fn of(entry: &Entry<'_>) -> Self {
        let dimension = |one: &tt_metrics::catalogue::DimensionEntry<'_>| Dimension {
            name: one.name.to_owned(),
            values: one.values.iter().map(|value| (*value).to_owned()).collect(),
            max: one.max,
        };
        let sets = entry.dimensions.iter();
        Self {
            metric: entry.metric.to_owned(),
            unit: entry.unit.to_owned(),
            kind: entry.kind,
            meaning: entry.meaning,
            resolution_seconds: entry.resolution.seconds().into(),
            dimensions: sets
                .map(|set| set.iter().map(dimension).collect())
                .collect(),
            function: entry.function.to_owned(),
            file: entry.file.to_owned(),
            line: entry.line,
            doc: entry.doc.to_owned(),
        }
    }

    /// Whether the metric exists without dimensions.
    pub fn has_total(&self) -> bool {
        self.dimensions.is_empty() || self.dimensions.iter().any(Vec::is_empty)
    }

    /// Whether both are declared by the same attribute.
    fn is_beside(&self, other: &Self) -> bool {
        (&self.function, &self.file, self.line) == (&other.function, &other.file, other.line)
    }

    /// The statistic that is meaningful for the metric.
    pub fn statistic(&self) -> &'static str {
        match self.kind {
            MetricKind::Counter => "Sum",
            _ => "Maximum",
        }
    }

    /// The last segment of the function's path.
    pub fn short_function(&self) -> &str {
        self.function.rsplit("::").next().unwrap_or(&self.function)
    }

    /// The dimension sets besides the total: names joined by `x`, sets by a comma.
    pub fn dimension_sets(&self) -> String {
        let sets = self.dimensions.iter().filter(|set| !set.is_empty());
        let names = sets.map(|set| {
            let names: Vec<&str> = set
                .iter()
                .map(|dimension| dimension.name.as_str())
                .collect();
            names.join(" x ")
        });
        names.collect::<Vec<_>>().join(", ")
    }
}

impl Dimension {
    /// The largest number of values. Free text has `Other` besides its maximum.
    fn most(&self) -> u64 {
        match self.values.len() {
            0 => u64::from(self.max) + 1,
            listed => u64::try_from(listed).unwrap_or(u64::MAX),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use tt_metrics::catalogue::{Meaning, MetricKind};

    use super::{Catalogue, Declared, Dimension, Error, Program};

    /// A metric of the function `orders::<function>`.
    pub(crate) fn declared(metric: &str, meaning: Meaning, function: &str) -> Declared {
        let kind = match meaning {
            Meaning::Latency => MetricKind::Histogram,
            Meaning::InFlight | Meaning::Level => MetricKind::Gauge,
            _ => MetricKind::Counter,
        };
        Declared {
            metric: metric.into(),
            unit: "Count".into(),
            kind,
            meaning,
            resolution_seconds: 60,
            dimensions: vec![Vec::new()],
            function: format!("orders::{function}"),
            file: "src/orders.rs".into(),
            line: u32::try_from(function.len()).unwrap(),
            doc: "Ships.".into(),
        }
    }

    /// A program with three metrics and one without.
    pub(crate) fn orders() -> Catalogue {
        Catalogue {
            programs: vec![
                Program {
                    name: "ship-orders".into(),
                    metrics: vec![
                        declared("OrderShipped", Meaning::Success, "ship"),
                        declared("OrderRejected", Meaning::Failure, "ship"),
                        declared("PagesRead", Meaning::Calls, "read_page"),
                    ],
                },
                Program {
                    name: "clean-up".into(),
                    metrics: Vec::new(),
                },
            ],
        }
    }

    #[test]
    fn functions_of_this_workspace_are_in_the_order_of_the_pipeline() {
        let programs = Catalogue::of_this_workspace().programs;
        let names: Vec<&str> = programs
            .iter()
            .map(|program| program.name.as_str())
            .collect();
        assert_eq!(names, ["tt-producer", "case-creation", "tms-token-manager"]);
        assert!(
            programs[0]
                .metrics
                .iter()
                .any(|one| one.metric == "S3RecordsReceived")
        );
        assert!(
            programs[1]
                .metrics
                .iter()
                .any(|one| one.metric == "SFApiUsagePercent")
        );
        assert_eq!(programs[2].metrics, []);
    }

    #[test]
    fn counters_of_one_attribute_are_a_pair() {
        let orders = orders();
        let pairs = orders.programs[0].outcomes();
        let names: Vec<_> = pairs
            .iter()
            .map(|pair| (pair.success.metric.as_str(), pair.failure.metric.as_str()))
            .collect();
        assert_eq!(names, [("OrderShipped", "OrderRejected")]);
        assert!(!pairs[0].counts_calls);
    }

    #[test]
    fn failures_beside_calls_are_a_pair() {
        let program = Program {
            name: "p".into(),
            metrics: vec![
                declared("Calls", Meaning::Calls, "f"),
                declared("Failures", Meaning::Failure, "f"),
                declared("Others", Meaning::Failure, "other"),
            ],
        };
        let pairs = program.outcomes();
        assert_eq!(pairs.len(), 1);
        assert!(pairs[0].counts_calls && pairs[0].success.metric == "Calls");
    }

    #[test]
    fn program_without_metrics_is_read_and_a_text_is_refused() {
        let program = Program::read(&std::env::current_exe().unwrap()).unwrap();
        assert!(!program.metrics.is_empty(), "this test links the functions");
        let cat = Program::read("/bin/cat".as_ref()).unwrap();
        assert_eq!((cat.name.as_str(), cat.metrics.len()), ("cat", 0));
        let text = Program::read("/etc/passwd".as_ref());
        assert!(matches!(text, Err(Error::Catalogue { .. })));
    }

    #[test]
    fn program_of_cargo_lambda_has_the_name_of_its_folder() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("ship-orders");
        std::fs::create_dir(&folder).unwrap();
        std::fs::copy("/bin/cat", folder.join("bootstrap")).unwrap();
        assert_eq!(
            Program::read(&folder.join("bootstrap")).unwrap().name,
            "ship-orders"
        );
    }

    #[test]
    fn each_value_of_a_dimension_is_a_series() {
        let mut orders = orders();
        assert_eq!(orders.series(), 3);
        let dimension = |values: &[&str], max| Dimension {
            name: "D".into(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
            max,
        };
        let sets = vec![
            Vec::new(),
            vec![dimension(&["a", "b"], 0), dimension(&[], 9)],
        ];
        orders.programs[0].metrics[1].dimensions = sets;
        assert_eq!(orders.series(), 3 + 2 * 10);
    }
}
