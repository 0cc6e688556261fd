//! `cargo tt dashboard` and `cargo tt alarms`: print a generated section, or write it into a template.

use std::{fs, path::PathBuf};

use super::{error::Error, sources::Sources};
use crate::{
    args,
    monitoring::{alarms, check, dashboard},
    terminal::screen,
    workspace::Workspace,
};

/// Generates the section `name`.
pub(super) fn run(args: &args::Generate, name: &'static str) -> Result<(), Error> {
    let template = match args.write.as_ref().or(args.template.as_ref()) {
        Some(path) => Some(path.clone()),
        None if args.programs.is_empty() => Some(template_of_this_workspace()?),
        None => None,
    };
    let settings = args.settings.as_deref();
    let sources = Sources::read(
        &args.programs,
        settings,
        template.as_deref(),
        args.namespace.as_deref(),
    )?;
    let watched = sources.watched()?;
    let (Some(path), Some(template)) = (&args.write, &sources.template) else {
        let alarms = alarms::alarms(&watched);
        let text = if name == check::ALARMS {
            alarms::yaml(&watched, &alarms)
        } else {
            let body = dashboard::body(&watched, &alarms);
            let mut text = dashboard::json(&body.map_err(|error| Error::Monitoring(error.into()))?);
            text.push('\n');
            text
        };
        screen::print(&text);
        return Ok(());
    };
    let rewritten = check::rewritten(&watched, &template.text, name).map_err(Error::Monitoring)?;
    if rewritten == template.text {
        screen::print(&format!("{} is current\n", path.display()));
        return Ok(());
    }
    fs::write(path, rewritten).map_err(|source| Error::WriteTemplate {
        path: path.clone(),
        source,
    })?;
    screen::print(&format!(
        "wrote the section `{name}` of {}\n",
        path.display()
    ));
    Ok(())
}

fn template_of_this_workspace() -> Result<PathBuf, Error> {
    Ok(Workspace::find()?.root().join("template.yaml"))
}
