//! The commands of `cargo tt`.

mod error;

mod demo;
mod upload;

mod sources;

mod picture;

mod graph;

mod catalogue;
mod generate;

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
    }
}
