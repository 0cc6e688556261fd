//! Measures the compile time of 100 functions: plain, with `#[count_outcome]`, and with `#[tracing::instrument]`.
//!
//! `cargo run -p tt-bench --bin compile-time` generates the three crates below the target directory, and prints the shortest of
//! several runs of each build as a table in Markdown. A clean build compiles the crate without its dependencies. Each figure
//! includes the start of cargo.
#![expect(
    clippy::print_stdout,
    reason = "the report is the output of the benchmark"
)]

use std::{
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

const FUNCTIONS: usize = 100;
const RUNS: usize = 5;

/// One of the crates that are compared.
struct Crate {
    name: &'static str,
    attribute: &'static str,
}

const CRATES: [Crate; 3] = [
    Crate {
        name: "plain",
        attribute: "",
    },
    Crate {
        name: "counted",
        attribute: "#[tt_metrics::count_outcome(success = \"Done@\", failure = \"Failed@\")]",
    },
    Crate {
        name: "instrumented",
        attribute: "#[tracing::instrument(skip_all)]",
    },
];

fn main() -> io::Result<()> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let root = root.canonicalize()?;
    let workspace = root.join("target/compile-time");
    generate(&root, &workspace)?;
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load average before: {}", load.trim());
    let mut table = String::from(
        "| 100 functions | `check`, clean | `check`, one line changed | `build`, clean | `build`, one line changed |\n\
         |---|---|---|---|---|\n",
    );
    for Crate { name, .. } in &CRATES {
        let _infallible = write!(table, "| {name} |");
        for command in ["check", "build"] {
            // The dependencies are built before the measurement.
            cargo(&workspace, command, name)?;
            let clean = shortest(|| {
                remove_output(&workspace, name)?;
                timed(&workspace, command, name)
            })?;
            let changed = shortest(|| {
                change(&workspace, name)?;
                timed(&workspace, command, name)
            })?;
            let _infallible = write!(
                table,
                " {} ms | {} ms |",
                clean.as_millis(),
                changed.as_millis()
            );
        }
        table.push('\n');
    }
    println!("{table}");
    Ok(())
}

/// Writes a workspace of the three crates, with the dependency versions of this one.
fn generate(root: &Path, workspace: &Path) -> io::Result<()> {
    let members: Vec<&str> = CRATES.iter().map(|krate| krate.name).collect();
    fs::create_dir_all(workspace)?;
    fs::write(
        workspace.join("Cargo.toml"),
        format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n"),
    )?;
    fs::copy(root.join("Cargo.lock"), workspace.join("Cargo.lock"))?;
    for krate in &CRATES {
        let directory = workspace.join(krate.name);
        fs::create_dir_all(directory.join("src"))?;
        let dependencies = format!(
            "tt-metrics = {{ path = '{}' }}\ntracing = \"0.1\"\n",
            root.join("tt-metrics").display()
        );
        fs::write(
            directory.join("Cargo.toml"),
            format!(
                "[package]\nname = {:?}\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}",
                krate.name
            ),
        )?;
        fs::write(directory.join("src/lib.rs"), source(krate, 0))?;
    }
    Ok(())
}

/// Generates the functions. Half of them are `async`, and each has arguments, a `?` and two outcomes.
fn source(krate: &Crate, change: u128) -> String {
    let mut source = format!("//! Generated.\n\npub const CHANGE: u128 = {change};\n");
    for number in 0..FUNCTIONS {
        let attribute = krate.attribute.replace('@', &number.to_string());
        let (keyword, wait) = if number % 2 == 0 {
            ("", "")
        } else {
            ("async ", "    std::future::ready(()).await;\n")
        };
        let _infallible = write!(
            source,
            "\n{attribute}\npub {keyword}fn work_{number}(text: &str, more: u64) -> Result<u64, String> {{\n{wait}    \
             let value: u64 = text.parse().map_err(|_| text.to_owned())?;\n    \
             value.checked_add(more + {number}).ok_or_else(|| text.to_owned())\n}}\n"
        );
    }
    source
}

/// Changes one line of a crate to a new value.
fn change(workspace: &Path, name: &str) -> io::Result<()> {
    let krate = CRATES.iter().find(|krate| krate.name == name);
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    let source = krate.map_or_else(String::new, |krate| source(krate, since.as_nanos()));
    fs::write(workspace.join(name).join("src/lib.rs"), source)
}

/// Removes the build artefacts of the crate, without those of its dependencies.
fn remove_output(workspace: &Path, name: &str) -> io::Result<()> {
    run(
        Command::new("cargo").args(["clean", "--quiet", "--offline", "-p", name]),
        workspace,
    )
}

fn cargo(workspace: &Path, command: &str, name: &str) -> io::Result<()> {
    run(
        Command::new("cargo").args([command, "--quiet", "--offline", "-p", name]),
        workspace,
    )
}

fn run(command: &mut Command, workspace: &Path) -> io::Result<()> {
    let status = command
        .current_dir(workspace)
        .env("CARGO_TARGET_DIR", workspace.join("target"))
        .env_remove("RUSTFLAGS")
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("{command:?} failed")))
    }
}

fn timed(workspace: &Path, command: &str, name: &str) -> io::Result<Duration> {
    let start = Instant::now();
    cargo(workspace, command, name)?;
    Ok(start.elapsed())
}

fn shortest(mut measure: impl FnMut() -> io::Result<Duration>) -> io::Result<Duration> {
    let mut shortest = Duration::MAX;
    for _ in 0..RUNS {
        shortest = shortest.min(measure()?);
    }
    Ok(shortest)
}
