//! Compares what is live with what the stack, a release and the declared metrics require. Reads only.

mod finding;

pub mod metrics;
mod traps;

pub use self::finding::{Finding, Level};

use std::path::{Path, PathBuf};

use aws_sdk_cloudformation::types::StackResourceDriftStatus;
use serde::Serialize;

use super::{
    error::Error,
    live::{self, Function},
    program::{Program, Sha256Hash},
    release::{Location, Release},
    settings::Settings,
    target::Target,
};
use crate::terminal::progress::Progress;

/// What to compare.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The file of a release.
    pub release: Option<&'a Path>,
}

/// The result of the comparison.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// One row for each function.
    pub functions: Vec<Row>,
    /// The release, if one was given.
    pub release: Option<ReleasePlan>,
    /// What does not agree besides the code.
    pub findings: Vec<Finding>,
}

/// A function.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in the account.
    pub name: String,
    /// The hash of the live zip.
    pub live: Sha256Hash,
    /// The address of the zip that the stack names.
    pub stack_zip: String,
    /// The hash of that zip; `None` if it does not exist.
    pub stack: Option<Sha256Hash>,
    /// The comparison of both.
    pub code: CodeState,
    /// The hash of the zip in the release.
    pub release: Option<Sha256Hash>,
    /// The architecture of the function.
    pub architecture: String,
    /// The newest glibc that the live program requires.
    pub glibc: Option<String>,
    /// The number of metrics that the live program declares; `None` without a catalogue.
    pub metrics: Option<usize>,
    /// The configuration beside that of the stack.
    pub configuration: Configuration,
}

/// The live code beside the zip that the stack names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeState {
    /// Both are the same.
    InStep,
    /// The live code is that of the given release.
    OfRelease,
    /// The live code is another one. The next update of the function by the stack replaces it.
    Drift,
    /// The zip that the stack names does not exist.
    KeyGone,
}

/// What `cargo tt deploy` would do with the release.
#[derive(Debug, Clone, Serialize)]
pub struct ReleasePlan {
    /// Its file.
    pub path: PathBuf,
    /// The functions whose code would change.
    pub changes: Vec<String>,
    /// Why `cargo tt deploy` refuses it.
    pub refused: Option<String>,
}

/// The configuration of a function beside that of the stack, by `CloudFormation`'s drift detection. It does not compare code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Configuration {
    /// Both are the same.
    InStep,
    /// These properties differ.
    Changed(Vec<String>),
    /// The function does not exist.
    Deleted,
    /// `CloudFormation` does not compare the function.
    NotChecked,
}

impl CodeState {
    /// Compares the hashes of the live code, of the zip that the stack names (`None`: it does not exist), and of the release.
    pub fn of(live: &Sha256Hash, stack: Option<&Sha256Hash>, release: Option<&Sha256Hash>) -> Self {
        match stack {
            None => Self::KeyGone,
            Some(stack) if stack == live => Self::InStep,
            Some(_) if release == Some(live) => Self::OfRelease,
            Some(_) => Self::Drift,
        }
    }

    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InStep => "in step",
            Self::OfRelease => "of the release",
            Self::Drift => "drift",
            Self::KeyGone => "key gone",
        }
    }
}

impl Plan {
    /// A sentence about what is not in step; `None` if everything is.
    pub fn drift(&self) -> Option<String> {
        let rows = self.functions.iter().filter_map(|row| match row.code {
            CodeState::Drift => Some(format!(
                "`{}` runs {}, and the stack names {}",
                row.logical_id,
                row.live.short(),
                row.stack.as_ref().map_or("nothing", Sha256Hash::short)
            )),
            CodeState::KeyGone => Some(format!(
                "{} of `{}` does not exist",
                row.stack_zip, row.logical_id
            )),
            CodeState::InStep | CodeState::OfRelease => None,
        });
        let configurations = self.functions.iter();
        let configurations = configurations.filter(|row| row.configuration.is_drift());
        let configurations = configurations.map(|row| {
            let text = row.configuration.text();
            format!("the configuration of `{}` is {text}", row.logical_id)
        });
        let findings = self.findings.iter();
        let findings = findings.filter(|finding| finding.level == Level::Drift);
        let findings = findings.map(|finding| format!("`{}`: {}", finding.subject, finding.text));
        let all: Vec<String> = rows.chain(configurations).chain(findings).collect();
        (!all.is_empty()).then(|| format!("the stack is not in step: {}", all.join("; ")))
    }
}

/// Compares everything.
///
/// # Errors
///
/// When the stack or the release cannot be read.
pub async fn run(
    target: &Target,
    settings: &Settings,
    options: Options<'_>,
    progress: &dyn Progress,
) -> Result<Plan, Error> {
    progress.begin("reading the stack");
    let resources = live::resources(target).await?;
    let functions = live::functions(target, &resources).await?;
    let template = live::template(target).await?;
    let release = options.release.map(live::release).transpose()?;
    progress.done(&format!("{} functions", functions.len()));

    progress.begin("comparing the code");
    let mut findings = Vec::new();
    let (mut rows, mut programs) = (Vec::new(), Vec::new());
    for function in &functions {
        progress.detail(&function.logical_id);
        let zip = live::code(target, function).await?;
        let program = match live::program(&function.logical_id, zip).await {
            Ok(program) => Some(program),
            Err(error) => {
                findings.push(Finding::new(
                    Level::Warning,
                    &function.logical_id,
                    error.text(),
                ));
                None
            }
        };
        let problem = program.as_ref();
        let problem = problem.and_then(|program| program.problem(&function.architecture));
        findings.extend(problem.map(|text| Finding::new(Level::Drift, &function.logical_id, text)));
        let row = row(
            target,
            function,
            &template,
            release.as_ref(),
            program.as_ref(),
        )
        .await?;
        rows.push(row);
        programs.push(metrics::Declared {
            logical_id: function.logical_id.clone(),
            namespace: function.namespace.clone(),
            metrics: program.and_then(|program| program.metrics),
        });
    }
    progress.done("");

    progress.begin("comparing the metrics");
    let observed = metrics::observe(target, &resources, &programs).await?;
    findings.extend(metrics::findings(&programs, &observed));
    findings.extend(traps::findings(
        &settings.directory,
        &template,
        &target.stack,
    ));
    progress.done("");

    let release = match (options.release, &release) {
        (Some(path), Some(release)) => Some(release_plan(path, release, &template, &rows)),
        _ => None,
    };
    Ok(Plan {
        functions: rows,
        release,
        findings,
    })
}

async fn row(
    target: &Target,
    function: &Function,
    template: &Release,
    release: Option<&Release>,
    program: Option<&Program>,
) -> Result<Row, Error> {
    let logical_id = &function.logical_id;
    let named = template.code_of(logical_id);
    let stack = match named {
        Some(location) => live::hash_of(target, location).await?,
        None => None,
    };
    let of_release = match release.and_then(|release| release.code_of(logical_id)) {
        Some(location) if Some(location) == named => stack.clone(),
        Some(location) => live::hash_of(target, location).await?,
        None => None,
    };
    let configuration = Configuration::of(target, logical_id).await?;
    let declared = program.and_then(|program| program.metrics.as_ref());
    Ok(Row {
        logical_id: logical_id.clone(),
        name: function.name.clone(),
        live: function.sha256.clone(),
        stack_zip: named.map_or_else(|| "no zip".to_owned(), Location::uri),
        code: CodeState::of(&function.sha256, stack.as_ref(), of_release.as_ref()),
        stack,
        release: of_release,
        architecture: function.architecture.clone(),
        glibc: program
            .and_then(|program| program.glibc)
            .map(|glibc| glibc.to_string()),
        metrics: declared.map(Vec::len),
        configuration,
    })
}

impl Configuration {
    async fn of(target: &Target, logical_id: &str) -> Result<Self, Error> {
        let detected = aws_sdk_cloudformation::Client::new(target.sdk())
            .detect_stack_resource_drift()
            .stack_name(&target.stack)
            .logical_resource_id(logical_id)
            .send()
            .await
            .map_err(Error::aws(format!("detect the drift of `{logical_id}`")))?;
        let Some(drift) = detected.stack_resource_drift else {
            return Ok(Self::NotChecked);
        };
        Ok(match drift.stack_resource_drift_status() {
            Some(StackResourceDriftStatus::InSync) => Self::InStep,
            Some(StackResourceDriftStatus::Modified) => {
                let differences = drift.property_differences().iter();
                let paths = differences.filter_map(|difference| difference.property_path());
                Self::Changed(paths.map(str::to_owned).collect())
            }
            Some(StackResourceDriftStatus::Deleted) => Self::Deleted,
            _ => Self::NotChecked,
        })
    }

    /// In words.
    pub fn text(&self) -> String {
        match self {
            Self::InStep => "in step".to_owned(),
            Self::Changed(paths) => format!("changed: {}", paths.join(", ")),
            Self::Deleted => "deleted".to_owned(),
            Self::NotChecked => "not checked".to_owned(),
        }
    }

    fn is_drift(&self) -> bool {
        matches!(self, Self::Changed(_) | Self::Deleted)
    }
}

fn release_plan(path: &Path, release: &Release, template: &Release, rows: &[Row]) -> ReleasePlan {
    let difference = release.difference(template);
    let missing = rows.iter().find(|row| row.release.is_none());
    let refused = difference.map(|difference| difference.to_string());
    let refused = refused
        .or_else(|| missing.map(|row| format!("the zip of `{}` does not exist", row.logical_id)));
    let changes = rows.iter().filter(|row| {
        let release = row.release.as_ref();
        release.is_some_and(|release| *release != row.live)
    });
    ReleasePlan {
        path: path.to_owned(),
        changes: changes.map(|row| row.logical_id.clone()).collect(),
        refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(text: &str) -> Sha256Hash {
        Sha256Hash::of(text.as_bytes())
    }

    #[test]
    fn state_of_the_code_follows_from_the_hashes() {
        let (live, other) = (hash("live"), hash("other"));
        let state = |stack: Option<&str>, release: Option<&str>| {
            let (stack, release) = (stack.map(hash), release.map(hash));
            CodeState::of(&live, stack.as_ref(), release.as_ref())
        };
        assert_eq!(state(Some("live"), None), CodeState::InStep);
        assert_eq!(state(Some("live"), Some("new")), CodeState::InStep);
        assert_eq!(state(Some("old"), None), CodeState::Drift);
        assert_eq!(state(Some("old"), Some("new")), CodeState::Drift);
        assert_eq!(state(Some("old"), Some("live")), CodeState::OfRelease);
        assert_eq!(state(None, Some("live")), CodeState::KeyGone);
        assert_ne!(live, other);
    }

    fn row(code: CodeState, release: Option<&str>) -> Row {
        Row {
            logical_id: "F".to_owned(),
            name: "f".to_owned(),
            live: hash("live"),
            stack_zip: "s3://b/k".to_owned(),
            stack: Some(hash("old")),
            code,
            release: release.map(hash),
            architecture: "x86_64".to_owned(),
            glibc: None,
            metrics: None,
            configuration: Configuration::InStep,
        }
    }

    fn plan(rows: Vec<Row>, findings: Vec<Finding>) -> Plan {
        Plan {
            functions: rows,
            release: None,
            findings,
        }
    }

    #[test]
    fn drift_names_the_function_and_both_hashes() {
        let drift = plan(vec![row(CodeState::Drift, None)], Vec::new())
            .drift()
            .unwrap();
        let (live, old) = (hash("live"), hash("old"));
        let expected = format!(
            "`F` runs {}, and the stack names {}",
            live.short(),
            old.short()
        );
        assert!(drift.contains(&expected), "{drift}");
        let gone = plan(vec![row(CodeState::KeyGone, None)], Vec::new())
            .drift()
            .unwrap();
        assert!(gone.contains("s3://b/k of `F` does not exist"), "{gone}");
    }

    #[test]
    fn changed_configuration_is_drift() {
        let configuration = Configuration::Changed(vec!["/MemorySize".to_owned()]);
        let changed = Row {
            configuration,
            ..row(CodeState::InStep, None)
        };
        let drift = plan(vec![changed], Vec::new()).drift().unwrap();
        let text = "the configuration of `F` is changed: /MemorySize";
        assert!(drift.contains(text), "{drift}");
    }

    #[test]
    fn only_findings_of_the_level_drift_are_drift() {
        let rows = || {
            vec![
                row(CodeState::InStep, None),
                row(CodeState::OfRelease, Some("live")),
            ]
        };
        let finding = |level| vec![Finding::new(level, "Alarm", "text")];
        assert_eq!(plan(rows(), finding(Level::Note)).drift(), None);
        assert_eq!(plan(rows(), finding(Level::Warning)).drift(), None);
        assert!(plan(rows(), finding(Level::Drift)).drift().is_some());
    }

    #[test]
    fn plan_of_a_release_names_the_functions_that_change() {
        let text = |timeout| {
            format!(
                "Resources:\n  F:\n    Properties:\n      CodeUri: s3://b/k\n      Timeout: {timeout}\n"
            )
        };
        let [stack, release] = [3, 4].map(|timeout| Release::parse(&text(timeout)).unwrap());
        let path = Path::new("releases/a.yaml");
        let rows = [
            row(CodeState::Drift, Some("live")),
            row(CodeState::Drift, Some("new")),
        ];
        let plan = release_plan(path, &stack, &stack, &rows);
        assert_eq!((plan.changes.len(), plan.refused), (1, None));
        let plan = release_plan(path, &release, &stack, &rows);
        assert!(plan.refused.unwrap().contains("Timeout: 4"));
    }
}
