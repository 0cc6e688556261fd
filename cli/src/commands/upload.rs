//! `cargo tt upload`: uploads a file to the running demo.

use super::error::Error;
use crate::{
    args,
    file::File,
    stack::RunningStack,
    terminal::screen::{self, Style, Terminal},
};

/// Uploads the file `args.times` times.
pub(super) async fn run(args: &args::Upload) -> Result<(), Error> {
    let file = File::read(&args.file)?;
    let stack = RunningStack::find()?;
    let terminal = Terminal::of_stdout();
    let mark = terminal.paint(Style::Green, terminal.glyph("✓", "ok"));
    for _ in 0..args.times {
        let uploaded = stack.upload(&file.name, file.body.clone()).await?;
        let (bucket, key, version) = (uploaded.bucket, uploaded.key, uploaded.version_id);
        screen::print(&format!("{mark} s3://{bucket}/{key} version {version}\n"));
    }
    screen::print("The graph of the running demo follows in a few seconds.\n");
    Ok(())
}
