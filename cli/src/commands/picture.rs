//! A picture of a page, drawn by Chromium.

use std::{env, fs, io, path::Path};

use tokio::process::Command;

use super::error::Error;

/// The names of its program in the distributions.
const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];
/// Width and height in pixels.
const SIZE: &str = "--window-size=1120,1900";

/// Draws `page` into the PNG file `path`.
pub(super) async fn draw(page: &str, path: &Path) -> Result<(), Error> {
    let Some(browser) = BROWSERS.into_iter().find(|name| is_on_path(name)) else {
        return Err(Error::NoBrowser { names: &BROWSERS });
    };
    let failed = |source: io::Error| Error::Picture {
        browser: browser.to_owned(),
        path: path.into(),
        source,
    };
    let directory = tempfile::tempdir().map_err(failed)?;
    let file = directory.path().join("page.html");
    fs::write(&file, page).map_err(failed)?;
    // The browser resolves a relative path elsewhere.
    let picture = std::path::absolute(path).map_err(failed)?;
    let mut command = Command::new(browser);
    command
        .args(["--headless", "--hide-scrollbars", "--disable-gpu", SIZE])
        .arg(format!(
            "--user-data-dir={}",
            directory.path().join("profile").display()
        ))
        .arg(format!("--screenshot={}", picture.display()));
    if rustix::process::geteuid().is_root() {
        // Chromium refuses to start as root with its sandbox. The page is our own and has no scripts.
        command.arg("--no-sandbox");
    }
    let output = command.arg(&file).output().await.map_err(failed)?;
    if output.status.success() && picture.is_file() {
        return Ok(());
    }
    let log = String::from_utf8_lossy(&output.stderr);
    let last = log.lines().rfind(|line| !line.trim().is_empty());
    Err(failed(io::Error::other(
        last.unwrap_or("it wrote no file").to_owned(),
    )))
}

fn is_on_path(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|directory| directory.join(name).is_file())
}
