//! `cargo run --release -p tt-bench-pipeline`: measures CPU, memory and start of the functions.

mod build;
mod content;
mod cost;
mod error;
mod event;
mod floor;
mod plan;
mod process;
mod python;
mod run;
mod server;
mod table;
mod wire;

use std::process::ExitCode;

use clap::Parser;

use crate::{error::Error, plan::Plan};

fn main() -> ExitCode {
    // The floor is this program, started as a separate process like the functions.
    if let Some(work) = floor::Work::of_this_process() {
        return floor::run(work);
    }
    let result = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|source| Error::Io {
            action: "start the local services",
            source,
        })
        .and_then(|runtime| runtime.block_on(run::run(&Plan::parse())));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            table::complain(&error);
            ExitCode::FAILURE
        }
    }
}
