//! The commands of `cargo tt`.

mod error;

mod demo;
mod upload;

mod sources;

mod picture;

mod graph;

mod catalogue;
mod doctor;
mod generate;
mod operate;

pub use self::error::Error;

use crate::{args::Command, monitoring::check};

/// Runs one command.
///
/// # Errors
///
/// When the command fails; the error describes the cause and what to do.
pub async fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Demo(args) => demo::run(&args).await,
        Command::Upload(args) => upload::run(&args).await,
        Command::Graph(args) => graph::run(&args).await,
        Command::Catalogue(args) => catalogue::run(&args),
        Command::Dashboard(args) => generate::run(&args, check::DASHBOARD),
        Command::Alarms(args) => generate::run(&args, check::ALARMS),
        Command::Doctor(args) => doctor::run(&args).await,
        Command::Plan(args) => operate::plan::run(&args).await,
        Command::Backup(args) => operate::backup::keep(&args).await,
        Command::Backups(args) => operate::backup::run(&args).await,
        Command::Deploy(args) => operate::deploy::run(&args).await,
        Command::Rollback(args) => operate::rollback::run(&args).await,
        Command::Verify(args) => operate::verify::run(&args).await,
    }
}
