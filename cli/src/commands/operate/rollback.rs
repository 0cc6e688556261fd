//! `cargo tt rollback`: returns to stored code.

use super::context::{Context, mark};
use crate::{
    args::operate as args,
    commands::error::Error,
    operate::rollback::{InStep, Prepared, RolledBack},
    terminal::screen::Terminal,
};

/// Pushes the backups.
pub(in crate::commands) async fn run(args: &args::Rollback) -> Result<(), Error> {
    let context = Context::find(&args.stack).await?;
    let Context {
        target, settings, ..
    } = &context;
    let backups = context.backups(&args.backups);
    let releases = context.releases(args.releases.as_deref());
    let prepared = Prepared::new(target, &backups, args.to.as_deref()).await?;
    let changes = prepared.changes().into_iter();
    let effects: Vec<_> = changes
        .map(|change| format!("replaces the code of {change}"))
        .collect();
    context.confirm(args.yes, &effects)?;
    let done = context
        .with_progress(async |progress| {
            prepared
                .run(target, settings, &backups, &releases, progress)
                .await
        })
        .await?;
    context.print(&done, |terminal| lines(&done, terminal));
    Ok(())
}

fn lines(done: &RolledBack, terminal: &Terminal) -> Vec<String> {
    let changed = done.changed.iter().map(|changed| {
        let (from, to) = (changed.from.short(), changed.to.short());
        format!(
            "  {} {}: {from} -> {to}",
            mark(terminal, true),
            changed.logical_id
        )
    });
    let in_step = match &done.in_step {
        InStep::Stack => "the stack names the live code: it is in step".to_owned(),
        InStep::Release(path) => format!(
            "`sam deploy --template-file {}` brings the stack in step",
            path.display()
        ),
        InStep::None => {
            "no release names the live code; `cargo tt plan` shows what the stack names".to_owned()
        }
    };
    changed.chain([format!("  {in_step}")]).collect()
}
