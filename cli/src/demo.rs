//! `cargo tt demo`: a file goes through the whole pipeline, and its metrics come back as a picture.

mod live;
mod running;

use std::{fs, io, path::Path};

use crate::{
    args,
    error::Error,
    file::File,
    interrupt::Interrupt,
    page::Page,
    progress::{Progress, Terminal},
    screen,
    stack::{LocalStack, Options},
    workspace::Workspace,
};
use live::Live;
use running::Running;

/// The namespace of the metrics: the default of `MetricNamespace` in template.yaml, see the test below.
pub(crate) const NAMESPACE: &str = "pkyc/Salesforce";
/// CloudWatch keeps the seconds apart on the local stack.
pub(crate) const PERIOD_SECONDS: i32 = 1;

/// Runs the demo to its end.
///
/// # Errors
///
/// When something is missing, does not start, or a record has no outcome in the metrics. Whatever was started
/// is stopped before this returns.
pub async fn run(args: &args::Demo) -> Result<(), Error> {
    let file = match (&args.file, args.records) {
        (Some(path), _) => File::read(path)?,
        (None, Some(records)) => File::generated(records),
        (None, None) => File::shipped(),
    };
    let workspace = Workspace::find()?;
    let report = args
        .report
        .clone()
        .unwrap_or_else(|| workspace.scratch().join("report.html"));
    check_report(&report)?;
    let mut interrupt = Interrupt::listen()?;
    let page = Page::serve(args.port.unwrap_or(0)).await?;

    let progress = Terminal::new();
    let options = Options {
        announce: true,
        ..Options::default()
    };
    let stack = tokio::select! {
        stack = LocalStack::start(options, &progress) => stack?,
        () = interrupt.wait() => {
            // What had been started ended when its future was dropped, just before this.
            LocalStack::remove_leftovers()?;
            return Err(Error::Interrupted);
        }
    };
    let running = Running::new(&stack, &page, &report);
    let first = tokio::select! {
        first = running.first(&file, progress) => first,
        () = interrupt.wait() => Err(Error::Interrupted),
    };
    let outcome = match first {
        Ok(picture) if !args.once => tokio::select! {
            outcome = Live::new(&running, picture).follow() => outcome,
            () = interrupt.wait() => Ok(()),
        },
        first => first.map(|picture| {
            running::print_graph(&picture);
            running.print_sums(&picture);
        }),
    };
    match outcome {
        Ok(()) => stop(stack, &mut interrupt).await,
        Err(Error::Interrupted) => {
            stop(stack, &mut interrupt).await?;
            Err(Error::Interrupted)
        }
        Err(error) => {
            // An endpoint that is gone explains whatever else went wrong.
            let error = stack.ended().map_or(error, Error::from);
            abandon(stack, &mut interrupt).await;
            Err(error)
        }
    }
}

/// Finds out before the long work whether the report will have a place.
fn check_report(path: &Path) -> Result<(), Error> {
    let failed = |source| Error::WriteReport {
        path: path.into(),
        source,
    };
    if path.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    path.parent()
        .map_or(Ok(()), fs::create_dir_all)
        .map_err(failed)
}

/// Ends everything that was started and removes what it wrote; a second signal does not wait for it.
async fn stop(stack: LocalStack, interrupt: &mut Interrupt) -> Result<(), Error> {
    let progress = Terminal::new();
    progress.begin("stopping everything");
    tokio::select! {
        stopped = stack.stop() => {
            stopped?;
            progress.done("nothing is left running");
            Ok(())
        }
        () = interrupt.wait() => leave(progress),
    }
}

/// Ends everything that was started and keeps what it wrote, the logs above all.
async fn abandon(stack: LocalStack, interrupt: &mut Interrupt) {
    let progress = Terminal::new();
    progress.begin("stopping everything");
    let ended = tokio::task::spawn_blocking(|| drop(stack));
    tokio::select! {
        _ = ended => progress.done("nothing is left running"),
        () = interrupt.wait() => leave(progress),
    }
}

/// Ends this process at once; the supervisor of the AWS endpoint notices and kills what still runs.
fn leave(progress: Terminal) -> ! {
    drop(progress);
    screen::tell("killed; the last processes end within two seconds\n");
    std::process::exit(130)
}

#[cfg(test)]
mod tests {
    use super::NAMESPACE;

    #[test]
    fn the_namespace_is_the_default_of_the_template() {
        let template = include_str!("../../template.yaml");
        let parameter = template
            .split("MetricNamespace:")
            .nth(1)
            .unwrap_or_default();
        let default = parameter
            .lines()
            .find_map(|line| line.trim().strip_prefix("Default: "));
        assert_eq!(default, Some(NAMESPACE));
    }
}
