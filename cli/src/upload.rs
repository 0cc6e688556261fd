//! `cargo tt upload`: one more file for the demo that runs in another terminal.

use crate::{
    args,
    error::Error,
    file::File,
    screen::{self, Look, Style},
    stack::state::State,
};

/// Uploads the file as often as asked for.
///
/// # Errors
///
/// When the file can't be uploaded, or no demo runs.
pub async fn run(args: &args::Upload) -> Result<(), Error> {
    let file = File::read(&args.file)?;
    let state = State::find()?;
    let look = Look::of_stdout();
    let mark = look.paint(Style::Green, look.glyph("✓", "ok"));
    for _ in 0..args.times {
        let uploaded = state.upload(&file.name, file.body.clone()).await?;
        let (bucket, key, version) = (uploaded.bucket, uploaded.key, uploaded.version_id);
        screen::print(&format!("{mark} s3://{bucket}/{key} version {version}\n"));
    }
    screen::print("The graph of the running demo follows in a few seconds.\n");
    Ok(())
}
