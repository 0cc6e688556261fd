//! `cargo tt demo`: runs a file through the whole pipeline and reports the metrics.

mod interrupt;

mod first_upload;
mod live;

use std::{fs, io, path::Path};

use super::error::Error;
use crate::{
    args,
    file::File,
    report::html::live_page::LivePage,
    stack::{LocalStack, Options},
    terminal::{progress::Progress, screen, spinner::Spinner},
    workspace::Workspace,
};
use first_upload::Demo;
use interrupt::Interrupt;

/// Runs the demo. Everything that it started is stopped before it returns.
pub(super) async fn run(args: &args::Demo) -> Result<(), Error> {
    let file = match (&args.file, args.records) {
        (Some(path), _) => File::read(path)?,
        (None, Some(records)) => File::generated(records),
        (None, None) => File::shipped(),
    };
    let workspace = Workspace::find()?;
    let default_report = || workspace.scratch().join("report.html");
    let report = args.report.clone().unwrap_or_else(default_report);
    check_report(&report)?;
    let mut interrupt = Interrupt::listen()?;
    let page = LivePage::serve(args.port.unwrap_or(0)).await?;

    let progress = Spinner::new();
    let options = Options {
        announce: true,
        ..Options::default()
    };
    let stack = tokio::select! {
        stack = LocalStack::start(options, &progress) => stack?,
        () = interrupt.wait() => {
            // Dropping the future has ended what it had started.
            LocalStack::remove_leftovers()?;
            return Err(Error::Interrupted);
        }
    };
    let demo = Demo::new(&stack, &page, &report);
    let first = tokio::select! {
        first = demo.first_upload(&file, progress) => first,
        () = interrupt.wait() => Err(Error::Interrupted),
    };
    let result = match first {
        Ok(summary) if !args.once => tokio::select! {
            result = live::follow(&demo, summary) => result,
            () = interrupt.wait() => Ok(()),
        },
        first => first.map(|summary| {
            first_upload::print_graph(&summary);
            demo.print_sums(&summary);
        }),
    };
    match result {
        Ok(()) => stop(stack, &mut interrupt).await,
        Err(Error::Interrupted) => {
            stop(stack, &mut interrupt).await?;
            Err(Error::Interrupted)
        }
        Err(error) => {
            // If the endpoint has ended, that is the cause of any other error.
            let error = stack.ended().map_or(error, Error::from);
            abandon(stack, &mut interrupt).await;
            Err(error)
        }
    }
}

/// Checks that the report can be written before the long work begins.
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

/// Stops the stack and removes its files. A second signal ends this process at once.
async fn stop(stack: LocalStack, interrupt: &mut Interrupt) -> Result<(), Error> {
    let progress = Spinner::new();
    progress.begin("stopping everything");
    tokio::select! {
        stopped = stack.stop() => {
            stopped?;
            progress.done("nothing is left running");
            Ok(())
        }
        () = interrupt.wait() => exit(progress),
    }
}

/// Stops the stack and keeps its logs.
async fn abandon(stack: LocalStack, interrupt: &mut Interrupt) {
    let progress = Spinner::new();
    progress.begin("stopping everything");
    let ended = tokio::task::spawn_blocking(|| drop(stack));
    tokio::select! {
        _ = ended => progress.done("nothing is left running"),
        () = interrupt.wait() => exit(progress),
    }
}

/// Ends this process at once. The supervisor of the AWS endpoint then ends the remaining processes.
fn exit(progress: Spinner) -> ! {
    drop(progress);
    screen::print_status("killed; the last processes end within two seconds\n");
    std::process::exit(130)
}
