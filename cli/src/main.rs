//! `cargo tt`: the pipeline on this machine, and its metrics as a picture.

use std::process::ExitCode;

use clap::Parser;
use tt_cli::{
    args::{self, Args, Command},
    catalogue, demo,
    error::Error,
    reading, screen, upload,
};

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse_from(args::without_plugin_name(std::env::args_os()));
    match run(args.command).await {
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
        Command::Catalogue => {
            catalogue::run();
            Ok(())
        }
    }
}
