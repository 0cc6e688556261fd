//! `cargo tt deploy`: replaces the code of a stack by that of a release.

use std::time::Duration;

use super::{
    context::{Context, mark},
    verify,
};
use crate::{
    args::operate as args,
    commands::error::Error,
    operate::{
        deploy::{Deployed, Prepared},
        verify::{Check, Options},
    },
    terminal::screen::Terminal,
};

/// Deploys the release, or rolls back.
pub(in crate::commands) async fn run(args: &args::Deploy) -> Result<(), Error> {
    let context = Context::find(&args.stack).await?;
    let Context {
        target, settings, ..
    } = &context;
    let backups = context.backups(&args.backups);
    let timeout = args.timeout.map(Duration::from_secs);
    let check = if args.no_verify || settings.verify.is_none() {
        None
    } else {
        let options = Options {
            timeout,
            ..Options::default()
        };
        Some(Check::new(settings, options)?)
    };
    let prepared = context
        .with_progress(async |progress| {
            Prepared::new(target, settings, &args.release, &backups, progress).await
        })
        .await?;
    if !prepared.is_empty() {
        let changes = prepared.changes().into_iter();
        let mut effects: Vec<_> = changes
            .map(|change| format!("replaces the code of {change}"))
            .collect();
        effects.extend(check.as_ref().map(Check::effect));
        context.confirm(args.yes, &effects)?;
    }
    // Without a change there is nothing to verify either.
    let check = check.filter(|_| !prepared.is_empty());
    let deployed = context
        .with_progress(async |progress| {
            prepared
                .run(target, &backups, check.as_ref(), progress)
                .await
        })
        .await?;
    context.print(&deployed, |terminal| lines(&deployed, terminal, args));
    Ok(())
}

fn lines(deployed: &Deployed, terminal: &Terminal, args: &args::Deploy) -> Vec<String> {
    let release = args.release.display();
    let mut lines = Vec::new();
    if let Some(verified) = &deployed.verified {
        lines.extend(verify::lines(verified, terminal));
        lines.push(String::new());
    }
    if deployed.changed.is_empty() {
        let text = format!("every function has the code of {release} already; nothing was changed");
        lines.push(format!("  {} {text}", mark(terminal, true)));
        return lines;
    }
    lines.extend(deployed.changed.iter().map(|changed| {
        let (from, to) = (changed.from.short(), changed.to.short());
        format!(
            "  {} {}: {from} -> {to}",
            mark(terminal, true),
            changed.logical_id
        )
    }));
    let unchanged = deployed.unchanged.iter();
    lines.extend(unchanged.map(|name| format!("    {name}: unchanged")));
    lines.push(format!(
        "  the stack still names the code of before; `sam deploy --template-file {release}` brings it in step"
    ));
    lines
}
