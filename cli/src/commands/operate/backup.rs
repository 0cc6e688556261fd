//! `cargo tt backup` and `cargo tt backups`: stores, lists and deletes code.

use serde_json::json;

use super::context::{Context, columns};
use crate::{
    args::operate::{self as args, Backups as Command},
    commands::error::Error,
    operate::{
        self,
        backup::{self, Backup},
        live::{self, Function},
        rollback,
    },
};

/// Stores the live code of each function.
pub(in crate::commands) async fn keep(args: &args::Backup) -> Result<(), Error> {
    let context = Context::find(&args.stack).await?;
    let backups = context.backups(&args.backups);
    let kept = context
        .with_progress(async |progress| {
            rollback::keep_all(&context.target, &backups, progress).await
        })
        .await?;
    let result = kept.iter().map(|(function, is_new)| {
        json!({"logical_id": function.logical_id, "name": function.name, "sha256": function.sha256, "is_new": is_new})
    });
    let directory = backups.directory().display().to_string();
    let result = json!({"directory": directory, "functions": result.collect::<Vec<_>>()});
    context.print(&result, |_| {
        let rows: Vec<_> = kept
            .iter()
            .map(|(function, is_new)| {
                let state = if *is_new { "stored" } else { "stored before" };
                vec![
                    function.logical_id.clone(),
                    function.sha256.hex().to_owned(),
                    state.to_owned(),
                ]
            })
            .collect();
        let mut lines = columns(&rows);
        lines.push(format!("  in {directory}"));
        lines
    });
    Ok(())
}

/// Lists or deletes backups.
pub(in crate::commands) async fn run(command: &Command) -> Result<(), Error> {
    match command {
        Command::List(args) => list(args).await,
        Command::Prune(args) => prune(args).await,
    }
}

async fn list(args: &args::Backup) -> Result<(), Error> {
    let context = Context::find(&args.stack).await?;
    let backups = context.backups(&args.backups);
    let functions = functions(&context).await?;
    let mut rows = Vec::new();
    let mut result = Vec::new();
    for function in &functions {
        let history = backups
            .history(&function.name)
            .map_err(operate::Error::from)?;
        for backup in backups.list(&function.name).map_err(operate::Error::from)? {
            let mut changes = history.iter().rev();
            let release = changes.find(|change| change.to == backup.sha256.hex());
            let release = release.and_then(|change| change.release.clone());
            let is_live = backup.sha256 == function.sha256;
            let at = at(&backup);
            rows.push(vec![
                function.logical_id.clone(),
                backup.sha256.hex().to_owned(),
                at.clone(),
                format!("{} kB", backup.bytes / 1000),
                [is_live.then_some("live"), release.as_deref()]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(", "),
            ]);
            result.push(json!({
                "logical_id": function.logical_id, "sha256": backup.sha256, "at": at,
                "bytes": backup.bytes, "path": backup.path, "is_live": is_live, "release": release,
            }));
        }
    }
    context.print(&json!({"backups": result}), |_| {
        if rows.is_empty() {
            let directory = backups.directory().display();
            return vec![format!(
                "  no backups in {directory}; `cargo tt backup` stores the live code"
            )];
        }
        columns(&rows)
    });
    Ok(())
}

async fn prune(args: &args::Prune) -> Result<(), Error> {
    let context = Context::find(&args.stack).await?;
    let backups = context.backups(&args.backups);
    let functions = functions(&context).await?;
    let mut pruned: Vec<(String, Backup)> = Vec::new();
    for function in &functions {
        let history = backups
            .history(&function.name)
            .map_err(operate::Error::from)?;
        let list = backups.list(&function.name).map_err(operate::Error::from)?;
        let found = backup::prunable(&list, args.keep, &history, &function.sha256);
        let found = found.into_iter().cloned();
        pruned.extend(found.map(|backup| (function.logical_id.clone(), backup)));
    }
    let lines: Vec<String> = pruned
        .iter()
        .map(|(function, backup)| format!("deletes {} of {function}", backup.sha256))
        .collect();
    if !pruned.is_empty() {
        context.confirm(args.yes, &lines)?;
    }
    for (_, backup) in &pruned {
        backups.delete(backup).map_err(operate::Error::from)?;
    }
    let result = pruned
        .iter()
        .map(|(function, backup)| json!({"logical_id": function, "sha256": backup.sha256}));
    context.print(&json!({"deleted": result.collect::<Vec<_>>()}), |_| {
        let count = match pruned.len() {
            1 => "1 backup".to_owned(),
            count => format!("{count} backups"),
        };
        let mut text: Vec<_> = lines
            .iter()
            .map(|line| format!("  {}", line.replacen("deletes", "deleted", 1)))
            .collect();
        text.push(format!("  {count} deleted"));
        text
    });
    Ok(())
}

async fn functions(context: &Context) -> Result<Vec<Function>, Error> {
    let resources = live::resources(&context.target).await?;
    Ok(live::functions(&context.target, &resources).await?)
}

fn at(backup: &Backup) -> String {
    let at = jiff::Timestamp::try_from(backup.at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
