//! Pushes backups, and finds the release that is live.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{
    backup::{self, Backup, Backups, Change},
    deploy::{Changed, now, run_id},
    error::Error,
    live::{self, Function},
    program::Sha256Hash,
    push::{self, Code},
    release::{Location, Release},
    settings::Settings,
    target::Target,
};
use crate::terminal::progress::Progress;

/// The most releases that are compared with the live code.
const MAX_RELEASES: usize = 20;

/// What a rollback will do.
#[derive(Debug, Clone)]
pub struct Prepared {
    steps: Vec<(Function, Sha256Hash)>,
}

/// A finished rollback.
#[derive(Debug, Clone, Serialize)]
pub struct RolledBack {
    /// The id of the rollback in the history of the backups.
    pub run: String,
    /// The functions with older code.
    pub changed: Vec<Changed>,
    /// What is live now.
    pub in_step: InStep,
}

/// The template that names the live code of every function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InStep {
    /// The template of the stack.
    Stack,
    /// The file of a release.
    Release(PathBuf),
    /// None of those that were found.
    None,
}

impl Prepared {
    /// Finds the backups: the one that begins with `to`, or else the code before the last deployment.
    ///
    /// # Errors
    ///
    /// When there is no such backup.
    pub async fn new(target: &Target, backups: &Backups, to: Option<&str>) -> Result<Self, Error> {
        target.require_complete()?;
        let resources = live::resources(target).await?;
        live::require_no_alias(&resources)?;
        let functions = live::functions(target, &resources).await?;
        let wanted = match to {
            Some(digits) => vec![named(backups, &functions, digits)?],
            None => before(backups, &functions)?,
        };
        let steps = functions.into_iter().filter_map(|function| {
            let wanted = wanted.iter().find(|(name, _)| *name == function.name);
            wanted.map(|(_, sha256)| (function, sha256.clone()))
        });
        Ok(Self {
            steps: steps.collect(),
        })
    }

    /// One line for each function that gets older code.
    pub fn changes(&self) -> Vec<String> {
        let lines = self.steps.iter().map(|(function, to)| {
            let (from, to) = (function.sha256.short(), to.short());
            format!("{}: {from} -> {to}", function.logical_id)
        });
        lines.collect()
    }

    /// Stores the live code, pushes the backups, and tests each function.
    ///
    /// # Errors
    ///
    /// When a backup is damaged, the code has changed in between, or a smoke test fails. Functions that were changed before
    /// keep the older code.
    pub async fn run(
        self,
        target: &Target,
        settings: &Settings,
        backups: &Backups,
        releases: &Path,
        progress: &dyn Progress,
    ) -> Result<RolledBack, Error> {
        let run = run_id("rollback");
        let mut changed = Vec::new();
        for (function, to) in &self.steps {
            let logical_id = &function.logical_id;
            progress.begin(&format!("replacing the code of {logical_id}"));
            let zip = push::load(backups, function, to).await?;
            push::check_size(target, logical_id, &zip)?;
            progress.detail("storing the live code");
            push::keep(target, backups, function).await?;
            progress.detail("pushing the backup");
            push::update(target, function, Code::Zip(zip), to).await?;
            let change = Change {
                at: now(),
                run: run.clone(),
                from: function.sha256.hex().to_owned(),
                to: to.hex().to_owned(),
                release: None,
            };
            backups.record(&function.name, &change)?;
            progress.done(to.short());
            changed.push(Changed {
                logical_id: logical_id.clone(),
                from: function.sha256.clone(),
                to: to.clone(),
            });
            for payload in settings.smoke_of(logical_id) {
                progress.begin(&format!("testing {logical_id} with {payload}"));
                push::smoke(target, logical_id, &function.name, payload).await?;
                progress.done("");
            }
        }
        progress.begin("looking for the release that is live");
        let in_step = in_step(target, releases).await?;
        progress.done("");
        Ok(RolledBack {
            run,
            changed,
            in_step,
        })
    }
}

/// Stores the live code of every function, and returns for each the hash and whether its backup is new.
///
/// # Errors
///
/// When a function cannot be downloaded or its backup cannot be written.
pub async fn keep_all(
    target: &Target,
    backups: &Backups,
    progress: &dyn Progress,
) -> Result<Vec<(Function, bool)>, Error> {
    let resources = live::resources(target).await?;
    let mut kept = Vec::new();
    for function in live::functions(target, &resources).await? {
        progress.begin(&format!("downloading the code of {}", function.logical_id));
        let zip = live::code(target, &function).await?;
        let is_new = push::store(backups, &function, zip).await?;
        progress.done(if is_new { "stored" } else { "stored before" });
        kept.push((function, is_new));
    }
    Ok(kept)
}

fn named(
    backups: &Backups,
    functions: &[Function],
    digits: &str,
) -> Result<(String, Sha256Hash), Error> {
    let lists = functions.iter().map(|function| {
        let list = backups.list(&function.name)?;
        Ok((function.name.clone(), list))
    });
    let lists: Vec<(String, Vec<Backup>)> = lists.collect::<Result<_, Error>>()?;
    let found = backup::named(&lists, digits);
    match found
        .ok_or_else(|| Error::NotAHash(digits.to_owned()))?
        .as_slice()
    {
        [] => Err(Error::NoBackup(digits.to_owned())),
        [(function, backup)] => Ok(((*function).to_owned(), backup.sha256.clone())),
        _ => Err(Error::Ambiguous(digits.to_owned())),
    }
}

fn before(backups: &Backups, functions: &[Function]) -> Result<Vec<(String, Sha256Hash)>, Error> {
    let histories = functions.iter().map(|function| {
        let history = backups.history(&function.name)?;
        Ok((function.name.clone(), function.sha256.clone(), history))
    });
    let histories: Vec<_> = histories.collect::<Result<_, Error>>()?;
    let changes = backup::last_change(&histories).into_iter();
    let before = changes.filter_map(|(function, change)| {
        Some((function.to_owned(), Sha256Hash::from_hex(&change.from)?))
    });
    let before: Vec<_> = before.collect();
    if before.is_empty() {
        return Err(Error::NothingToRollBack);
    }
    Ok(before)
}

/// Finds the template that names the live code of every function: that of the stack, or the newest one of a directory.
///
/// # Errors
///
/// When a zip or the stack cannot be read. Files that are no packaged template are skipped.
pub async fn in_step(target: &Target, releases: &Path) -> Result<InStep, Error> {
    let resources = live::resources(target).await?;
    let functions = live::functions(target, &resources).await?;
    let mut hashes = BTreeMap::new();
    let template = live::template(target).await?;
    if names_live(target, &functions, &template, &mut hashes).await? {
        return Ok(InStep::Stack);
    }
    for path in newest(releases).into_iter().take(MAX_RELEASES) {
        if let Ok(release) = live::release(&path)
            && names_live(target, &functions, &release, &mut hashes).await?
        {
            return Ok(InStep::Release(path));
        }
    }
    Ok(InStep::None)
}

/// Whether a template names the live code of every function. `hashes` has the zips that were read before.
async fn names_live(
    target: &Target,
    functions: &[Function],
    template: &Release,
    hashes: &mut BTreeMap<Location, Option<Sha256Hash>>,
) -> Result<bool, Error> {
    for function in functions {
        let Some(location) = template.code_of(&function.logical_id) else {
            continue;
        };
        if !hashes.contains_key(location) {
            let hash = live::hash_of(target, location).await?;
            hashes.insert(location.clone(), hash);
        }
        let hash = hashes.get(location).and_then(Option::as_ref);
        if hash != Some(&function.sha256) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The YAML files of a directory, newest first.
fn newest(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let files = entries.filter_map(|entry| {
        let path = entry.path();
        let is_yaml = path
            .extension()
            .is_some_and(|one| one == "yaml" || one == "yml");
        let at = entry.metadata().ok()?.modified().ok()?;
        is_yaml.then_some((at, path))
    });
    let mut files: Vec<_> = files.collect();
    files.sort_by(|one, other| other.cmp(one));
    files.into_iter().map(|(_, path)| path).collect()
}
