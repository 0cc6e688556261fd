//! `cargo tt`: the pipeline on this machine, and its metrics as a picture.

use std::process::ExitCode;

use clap::Parser;
use tokio::runtime::Runtime;
use tt_cli::{
    args::{self, Args, Command},
    catalogue, demo,
    error::Error,
    reading, screen, upload,
};

fn main() -> ExitCode {
    let args = Args::parse_from(args::without_plugin_name(std::env::args_os()));
    let outcome = Runtime::new().map_err(Error::Runtime).and_then(|runtime| {
        let outcome = runtime.block_on(run(args.command));
        // What still computes when the user has interrupted is not waited for.
        runtime.shutdown_background();
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            screen::tell(&format!("{}\n", error.lines().join("\n")));
            ExitCode::from(error.exit_code())
        }
    }
}

async fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Demo(demo) => demo::run(&demo).await,
        Command::Upload(upload) => upload::run(&upload).await,
        Command::Graph => reading::run().await,
        Command::Catalogue(of) => catalogue::run(of.program.as_deref()),
    }
}
