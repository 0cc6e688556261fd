//! Replaces the code of the functions by that of a release, and nothing else.
//!
//! The code before is stored first. If a function does not accept the new code, a smoke test or the verification fails, or the
//! user interrupts the deployment, every function gets its code of before again.

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use super::{
    backup::{Backups, Change},
    error::Error,
    live::{self, Function, Zip},
    program::Sha256Hash,
    push::{self, Code},
    release::Location,
    settings::Settings,
    target::Target,
    verify::{self, Check, Verified},
};
use crate::terminal::progress::Progress;

/// What a deployment will do.
#[derive(Debug, Clone)]
pub struct Prepared {
    release: String,
    /// In the order of the deployment.
    steps: Vec<Step>,
    unchanged: Vec<String>,
}

/// The new code of a function.
#[derive(Debug, Clone)]
struct Step {
    function: Function,
    code: Location,
    sha256: Sha256Hash,
    smoke: Vec<String>,
}

/// A finished deployment.
#[derive(Debug, Clone, Serialize)]
pub struct Deployed {
    /// The id of the deployment in the history of the backups.
    pub run: String,
    /// The functions with new code, in the order of the deployment.
    pub changed: Vec<Changed>,
    /// The functions that had the code of the release already.
    pub unchanged: Vec<String>,
    /// The end-to-end check.
    pub verified: Option<Verified>,
}

/// A function with new code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// Its name in the template.
    pub logical_id: String,
    /// The code before.
    pub from: Sha256Hash,
    /// The code now.
    pub to: Sha256Hash,
}

impl Prepared {
    /// Compares a release with the stack and checks its zips. Changes nothing.
    ///
    /// # Errors
    ///
    /// When the release differs from the stack in anything but code, a zip does not run on its function, or a function runs code
    /// that neither the stack names nor a backup contains.
    pub async fn new(
        target: &Target,
        settings: &Settings,
        path: &Path,
        backups: &Backups,
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        progress.begin("comparing the release with the stack");
        target.require_complete()?;
        let release = live::release(path)?;
        let template = live::template(target).await?;
        if let Some(difference) = release.difference(&template) {
            return Err(Error::NotOnlyCode {
                path: path.to_owned(),
                difference,
            });
        }
        let resources = live::resources(target).await?;
        live::require_no_alias(&resources)?;
        let mut functions = live::functions(target, &resources).await?;
        let position = |function: &Function| {
            let mut order = template.functions().iter();
            order.position(|one| one.logical_id == function.logical_id)
        };
        functions.sort_by_key(|function| (settings.rank(&function.logical_id), position(function)));
        progress.done(&format!("{} functions", functions.len()));

        progress.begin("checking the zips of the release");
        let (mut steps, mut unchanged) = (Vec::new(), Vec::new());
        for function in functions {
            let logical_id = function.logical_id.clone();
            progress.detail(&logical_id);
            let Some(code) = release.code_of(&logical_id).cloned() else {
                // Its code is in the template.
                continue;
            };
            let (zip, sha256) = match live::zip(target, &code).await? {
                Zip::Found(zip) => live::hashed(zip).await?,
                Zip::Gone => {
                    let uri = code.uri();
                    return Err(Error::NoZip { logical_id, uri });
                }
            };
            if sha256 == function.sha256 {
                unchanged.push(logical_id);
                continue;
            }
            let program = live::program(&logical_id, zip).await?;
            if let Some(reason) = program.problem(&function.architecture) {
                return Err(Error::Package { logical_id, reason });
            }
            if let Some(state) = &function.busy {
                let reason = format!("its state is {state}");
                return Err(Error::Update { logical_id, reason });
            }
            let named = template.code_of(&logical_id);
            require_known(target, backups, &function, named).await?;
            let smoke = settings.smoke_of(&logical_id).map(str::to_owned).collect();
            steps.push(Step {
                function,
                code,
                sha256,
                smoke,
            });
        }
        progress.done(&format!(
            "{} of {} are new",
            steps.len(),
            steps.len() + unchanged.len()
        ));
        Ok(Self {
            release: path.display().to_string(),
            steps,
            unchanged,
        })
    }

    /// One line for each function that gets new code.
    pub fn changes(&self) -> Vec<String> {
        let lines = self.steps.iter().map(|step| {
            let Step {
                function, sha256, ..
            } = step;
            let (from, to) = (function.sha256.short(), sha256.short());
            let smoke = match step.smoke.len() {
                0 => "no smoke test".to_owned(),
                1 => "1 smoke test".to_owned(),
                count => format!("{count} smoke tests"),
            };
            format!("{}: {from} -> {to}, {smoke}", function.logical_id)
        });
        lines.collect()
    }

    /// Whether every function has the code of the release already.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Stores the code before, pushes the new code, tests each function, verifies the whole, and rolls back if anything fails.
    ///
    /// # Errors
    ///
    /// When the backup fails, which changes nothing; [`Error::RolledBack`] when the new code was rolled back; and
    /// [`Error::NotRolledBack`] when that failed, too.
    pub async fn run(
        self,
        target: &Target,
        backups: &Backups,
        check: Option<&Check>,
        progress: &dyn Progress,
    ) -> Result<Deployed, Error> {
        progress.begin("storing the code before");
        for step in &self.steps {
            progress.detail(&step.function.logical_id);
            push::keep(target, backups, &step.function).await?;
        }
        progress.done(&backups.directory().display().to_string());

        let pushed = Mutex::new(Vec::new());
        let attempt = self.attempt(target, check, &pushed, progress);
        let result = tokio::select! {
            result = attempt => result,
            () = interrupted() => Err(Error::Interrupted),
        };
        let verified = match result {
            Ok(verified) => verified,
            Err(error) => {
                let pushed = pushed.into_inner().unwrap_or_else(PoisonError::into_inner);
                return Err(roll_back(target, backups, &pushed, error, progress).await);
            }
        };
        self.finish(backups, verified)
    }

    async fn attempt<'s>(
        &'s self,
        target: &Target,
        check: Option<&Check>,
        pushed: &Mutex<Vec<&'s Step>>,
        progress: &dyn Progress,
    ) -> Result<Option<Verified>, Error> {
        for step in &self.steps {
            let Step {
                function,
                code,
                sha256,
                smoke,
            } = step;
            let logical_id = &function.logical_id;
            progress.begin(&format!("replacing the code of {logical_id}"));
            // Before the request, because it can succeed without a response.
            pushed
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(step);
            push::update(target, function, Code::Object(code), sha256).await?;
            progress.done(sha256.short());
            for payload in smoke {
                progress.begin(&format!("testing {logical_id} with {payload}"));
                push::smoke(target, logical_id, &function.name, payload).await?;
                progress.done("");
            }
        }
        let Some(check) = check else { return Ok(None) };
        let verified = verify::run(target, check, progress).await?;
        match verified.report.failure() {
            Some(failure) => Err(Error::Verify(failure)),
            None => Ok(Some(verified)),
        }
    }

    /// Adds the deployment to the history.
    fn finish(self, backups: &Backups, verified: Option<Verified>) -> Result<Deployed, Error> {
        let run = run_id("deploy");
        let mut changed = Vec::new();
        for step in self.steps {
            let function = step.function;
            let change = Change {
                at: now(),
                run: run.clone(),
                from: function.sha256.hex().to_owned(),
                to: step.sha256.hex().to_owned(),
                release: Some(self.release.clone()),
            };
            backups.record(&function.name, &change)?;
            changed.push(Changed {
                logical_id: function.logical_id,
                from: function.sha256,
                to: step.sha256,
            });
        }
        Ok(Deployed {
            run,
            changed,
            unchanged: self.unchanged,
            verified,
        })
    }
}

/// Waits for Ctrl-C, a termination, or the end of the terminal. From then on, none of them ends the process, so that the rollback
/// is completed.
async fn interrupted() {
    tokio::select! {
        () = received(SignalKind::interrupt()) => {}
        () = received(SignalKind::terminate()) => {}
        () = received(SignalKind::hangup()) => {}
    }
}

async fn received(kind: SignalKind) {
    match signal(kind) {
        Ok(mut signals) => {
            signals.recv().await;
        }
        // Without a handler the signal ends the process.
        Err(_) => std::future::pending().await,
    }
}

/// Refuses to replace code that exists nowhere else.
async fn require_known(
    target: &Target,
    backups: &Backups,
    function: &Function,
    named: Option<&Location>,
) -> Result<(), Error> {
    if push::load(backups, function, &function.sha256)
        .await
        .is_ok()
    {
        return Ok(());
    }
    let history = backups.history(&function.name)?;
    if history
        .iter()
        .any(|change| change.to == function.sha256.hex())
    {
        return Ok(());
    }
    if let Some(named) = named
        && live::hash_of(target, named).await?.as_ref() == Some(&function.sha256)
    {
        return Ok(());
    }
    Err(Error::UnknownCode {
        logical_id: function.logical_id.clone(),
        live: function.sha256.short().to_owned(),
    })
}

/// Pushes the code before to every function that may have the new code, the last one first.
async fn roll_back(
    target: &Target,
    backups: &Backups,
    pushed: &[&Step],
    cause: Error,
    progress: &dyn Progress,
) -> Error {
    progress.failed(&cause.to_string());
    progress.begin("rolling back");
    let mut failed = None;
    for step in pushed.iter().rev() {
        let function = &step.function;
        progress.detail(&function.logical_id);
        let names = (function.logical_id.as_str(), function.name.as_str());
        let restored = push::restore(target, backups, names, &step.sha256, &function.sha256).await;
        // The others are rolled back nevertheless.
        failed = restored.err().or(failed);
    }
    match failed {
        None => {
            progress.done("");
            Error::RolledBack(Box::new(cause))
        }
        Some(source) => Error::NotRolledBack {
            reason: cause.text(),
            source: Box::new(source),
        },
    }
}

/// The id of an operation in the history, for example `deploy-20261201T153000.123Z`.
pub(super) fn run_id(operation: &str) -> String {
    let at = jiff::Timestamp::try_from(SystemTime::now()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{operation}-{}", at.strftime("%Y%m%dT%H%M%S%.3fZ"))
}

/// Now, in RFC 3339 with milliseconds, so that texts sort by time.
pub(super) fn now() -> String {
    let at = jiff::Timestamp::try_from(SystemTime::now()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
