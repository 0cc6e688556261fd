//! The commands of `cargo tt`.

mod error;

mod demo;
mod graph;
mod upload;

mod catalogue;

pub use self::error::Error;

use crate::args::Command;

/// Runs one command.
///
/// # Errors
///
/// When the command fails; the error describes the cause and what to do.
pub async fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Demo(args) => demo::run(&args).await,
        Command::Upload(args) => upload::run(&args).await,
        Command::Graph => graph::run().await,
        Command::Catalogue(args) => catalogue::run(args.program.as_deref()),
    }
}
