//! `cargo tt`: runs the pipeline on this machine and reports its metrics.

use std::process::ExitCode;

use clap::Parser;
use tokio::runtime::Runtime;
use tt_cli::{
    args::{self, Args},
    commands::{self, Error},
    terminal::screen,
};

fn main() -> ExitCode {
    let args = Args::parse_from(args::without_plugin_name(std::env::args_os()));
    let result = Runtime::new().map_err(Error::Runtime).and_then(|runtime| {
        let result = runtime.block_on(commands::run(args.command));
        // After an interruption, blocking tasks may still run; do not wait for them.
        runtime.shutdown_background();
        result
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            screen::print_status(&format!("{}\n", error.lines().join("\n")));
            ExitCode::from(error.exit_code())
        }
    }
}
