//! A program with two incompatible versions of the library: this one, and a copy of it with the next version.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const PROGRAM: &str = r#"#[tt_metrics::count("Counted")]
fn counted() {}

#[next::count("CountedByNext", crate = next)]
fn counted_by_next() {}

fn main() {
    let (metrics, metrics_of_next) = (tt_metrics::capture(), next::capture());
    counted();
    counted_by_next();
    counted_by_next();
    println!("{:?} {:?}", metrics.counts(), metrics_of_next.counts());
    for declared in tt_metrics::catalogue() {
        println!("{}", declared.metric);
    }
    for declared in next::catalogue() {
        println!("{} of next", declared.metric);
    }
}
"#;

/// Builds and runs it; what it prints.
pub(crate) fn run() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("versions");
    let next = home.join("next");
    for folder in ["tt-metrics", "tt-metrics-macros"] {
        copy(&root.join(folder), &next.join(folder));
    }
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    write(&next.join("Cargo.toml"), &with_next_version(&manifest));
    fs::create_dir_all(home.join("src")).unwrap();
    write(&home.join("src/main.rs"), PROGRAM);
    let library = root.join("tt-metrics");
    let library = library.display();
    let manifest = format!(
        "[package]\nname = \"program\"\nedition = \"2024\"\n\n[dependencies]\n\
         tt-metrics = {{ path = \"{library}\" }}\n\
         next = {{ path = \"next/tt-metrics\", package = \"tt-metrics\" }}\n\n[workspace]\nexclude = [\"next\"]\n"
    );
    write(&home.join("Cargo.toml"), &manifest);
    // The versions of the workspace are in the local registry cache.
    fs::copy(root.join("Cargo.lock"), home.join("Cargo.lock")).unwrap();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["run", "--offline", "--quiet"])
        .env("CARGO_TARGET_DIR", home.join("target"))
        .env_remove("RUSTFLAGS")
        .current_dir(&home)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the program failed: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Copies the manifest, the README and the sources of a package, with the next version.
fn copy(from: &Path, to: &Path) {
    let mut folders: Vec<PathBuf> = vec![PathBuf::new(), PathBuf::from("src")];
    while let Some(folder) = folders.pop() {
        fs::create_dir_all(to.join(&folder)).unwrap();
        for entry in fs::read_dir(from.join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_file() {
                let text = fs::read_to_string(entry.path()).unwrap();
                write(&to.join(path), &with_next_version(&text));
            } else if folder.starts_with("src") {
                folders.push(path);
            }
        }
    }
}

/// The steps that a release of the next version takes.
fn with_next_version(text: &str) -> String {
    text.replace("TT_METRICS_0_1_", "TT_METRICS_0_2_")
        .replace("version.workspace = true\n", "version = \"0.2.0\"\n")
        .replace("\"=0.1.0\"", "\"=0.2.0\"")
        .replace("MINOR\").as_bytes(), b\"1\"", "MINOR\").as_bytes(), b\"2\"")
}

fn write(path: &Path, text: &str) {
    // The time of an unchanged file stays, so nothing is built twice.
    if fs::read_to_string(path).ok().as_deref() != Some(text) {
        fs::write(path, text).unwrap();
    }
}
