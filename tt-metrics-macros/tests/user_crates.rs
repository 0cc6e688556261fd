//! Crates of users, built as they would build them: another edition, another name, the strictest lints.
#![expect(
    clippy::unwrap_used,
    reason = "a crate that cannot be built fails its test"
)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

/// A crate that depends on the library, in a separate workspace.
struct UserCrate {
    name: &'static str,
    edition: &'static str,
    /// The name of the dependency in the manifest of the crate.
    library: &'static str,
    /// Lines of the manifest for other dependencies.
    others: &'static str,
}

const EDITION_2018: UserCrate = UserCrate {
    name: "edition_2018",
    edition: "2018",
    library: "tt-metrics",
    others: "",
};

const EDITION_2021: UserCrate = UserCrate {
    name: "edition_2021",
    edition: "2021",
    library: "tt-metrics",
    others: "",
};

const RENAMED_DEPENDENCY: UserCrate = UserCrate {
    name: "renamed_dependency",
    edition: "2024",
    library: "counters",
    others: "",
};

const STRICT_LINTS: UserCrate = UserCrate {
    name: "strict_lints",
    edition: "2024",
    library: "tt-metrics",
    others: "",
};

/// In a separate workspace, so that the features of its dependencies do not affect this one.
const ASYNC_TRAITS: UserCrate = UserCrate {
    name: "async_traits",
    edition: "2021",
    library: "tt-metrics",
    others: "async-trait = \"=0.1.92\"\n",
};

/// Held by the test whose build runs: they share files.
static BUILD: Mutex<()> = Mutex::new(());

/// Lints that rustc and clippy have, and that no crate has on by itself.
const EVERY_LINT: [&str; 27] = [
    "clippy::all",
    "clippy::nursery",
    "clippy::pedantic",
    "clippy::restriction",
    "absolute_paths_not_starting_with_crate",
    "explicit_outlives_requirements",
    "future_incompatible",
    "keyword_idents",
    "let_underscore",
    "meta_variable_misuse",
    "missing_copy_implementations",
    "missing_debug_implementations",
    "missing_docs",
    "non_ascii_idents",
    "nonstandard_style",
    "rust_2018_idioms",
    "rust_2024_compatibility",
    "single_use_lifetimes",
    "trivial_casts",
    "unit_bindings",
    "unnameable_types",
    "unreachable_pub",
    "unused",
    "unused_lifetimes",
    "unused_qualifications",
    "unused_results",
    "variant_size_differences",
];

impl UserCrate {
    fn source(&self) -> PathBuf {
        package().join("tests/user_crates").join(self.name)
    }

    fn directory(&self) -> PathBuf {
        builds().join(self.name)
    }

    /// Writes the manifest, and the versions of this workspace, so that a registry is asked for what only this crate depends on.
    fn generate(&self) {
        let Self {
            name,
            edition,
            library,
            others,
        } = self;
        let manifest = format!(
            "[package]\nname = {name:?}\nversion = \"0.0.0\"\nedition = {edition:?}\n\n[workspace]\n\n\
             [features]\noff = [\"{library}/off\"]\n\n\
             [dependencies]\n{library} = {{ package = \"tt-metrics\", path = '{}' }}\n{others}\n\
             [[bin]]\nname = {name:?}\npath = '{}/main.rs'\n",
            package().join("../tt-metrics").display(),
            self.source().display(),
        );
        fs::create_dir_all(self.directory()).unwrap();
        fs::write(self.directory().join("Cargo.toml"), manifest).unwrap();
        let versions = self.directory().join("Cargo.lock");
        fs::copy(package().join("../Cargo.lock"), versions).unwrap();
    }

    /// Whether the command succeeded, and its standard error.
    fn cargo(&self, command: &[&str]) -> (bool, String) {
        let _turn = BUILD.lock().unwrap_or_else(PoisonError::into_inner);
        self.generate();
        let output = Command::new(cargo())
            .args(command)
            .env("CARGO_TARGET_DIR", builds().join("target"))
            .env("CARGO_NET_OFFLINE", self.others.is_empty().to_string())
            .env("CARGO_TERM_COLOR", "never")
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .current_dir(self.directory())
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        (output.status.success(), stderr)
    }

    fn assert_runs(&self) {
        let (succeeded, stderr) = self.cargo(&["run", "--quiet"]);
        assert!(succeeded, "{}:\n{stderr}", self.name);
        assert_eq!(stderr, "", "{} compiles with warnings", self.name);
    }

    /// The messages of clippy for the crate, as `file:line: severity: message`.
    ///
    /// Without the column: an `async fn` that is counted begins at its `fn`.
    fn lints(&self, features: &[&str], lints: &[&str]) -> BTreeSet<String> {
        let mut command = vec!["clippy", "--quiet", "--message-format=short"];
        command.extend(features);
        command.push("--");
        command.extend(lints.iter().flat_map(|lint| ["-W", lint]));
        let (_, stderr) = self.cargo(&command);
        let directory = format!("{}/", self.name);
        let at = |line: &str| {
            let mut parts = line.split_once(&directory)?.1.splitn(4, ':');
            let (file, line) = (parts.next()?, parts.next()?);
            Some(format!("{file}:{line}:{}", parts.nth(1)?))
        };
        stderr.lines().filter_map(at).collect()
    }
}

fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn builds() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("user-crates")
}

fn assert_clippy_is_installed() {
    let version = Command::new(cargo()).args(["clippy", "--version"]).output();
    assert!(
        version.is_ok_and(|output| output.status.success()),
        "this test runs clippy, which is not installed: rustup component add clippy"
    );
}

#[test]
fn a_crate_of_edition_2018_counts_without_a_migration_lint() {
    EDITION_2018.assert_runs();
}

/// Coverage tools read the regions that the compiler maps to counters. A region of generated code has no line of its own, so
/// a body counts as one region unless its tokens and braces keep their spans.
#[test]
fn coverage_maps_each_branch_of_a_counted_body() {
    let mir = EDITION_2018.directory().join("coverage.mir");
    let emit = format!("--emit=mir={}", mir.display());
    let (succeeded, stderr) =
        EDITION_2018.cargo(&["rustc", "--quiet", "--", "-Cinstrument-coverage", &emit]);
    assert!(succeeded, "{stderr}");
    let mir = fs::read_to_string(mir).unwrap();
    let source = fs::read_to_string(EDITION_2018.source().join("main.rs")).unwrap();
    let regions = mir.lines().filter(|line| line.contains("coverage Code"));
    let mapped: BTreeSet<String> = regions
        .filter_map(|line| {
            Some(
                line.rsplit_once("main.rs:")?
                    .1
                    .split(':')
                    .next()?
                    .to_owned(),
            )
        })
        .collect();
    let marked = (1..)
        .zip(source.lines())
        .filter(|(_, text)| text.ends_with("// covered"))
        .map(|(line, _): (u32, _)| line.to_string());
    let missing: Vec<String> = marked.filter(|line| !mapped.contains(line)).collect();
    assert!(missing.is_empty(), "{missing:?} of {mapped:?}");
}

#[test]
fn a_crate_of_edition_2021_counts() {
    EDITION_2021.assert_runs();
}

#[test]
fn methods_of_async_trait_are_counted_from_above_and_below() {
    ASYNC_TRAITS.assert_runs();
}

#[test]
fn a_dependency_of_another_name_is_found_by_its_path() {
    RENAMED_DEPENDENCY.assert_runs();
}

#[test]
fn a_crate_that_denies_all_warnings_has_none() {
    assert_clippy_is_installed();
    let (succeeded, stderr) = STRICT_LINTS.cargo(&["clippy", "--quiet"]);
    assert!(succeeded, "{stderr}");
    assert_eq!(stderr, "");
}

/// Many lints of `restriction` contradict each other, so the counted crate is compared with the same crate uncounted.
#[test]
fn counting_a_function_adds_and_removes_no_lint() {
    assert_clippy_is_installed();
    let counted = STRICT_LINTS.lints(&[], &EVERY_LINT);
    let plain = STRICT_LINTS.lints(&["--features=off"], &EVERY_LINT);
    assert!(plain.len() > 10, "the lints are off: {plain:?}");
    let ours: Vec<&String> = counted.difference(&plain).collect();
    assert!(ours.is_empty(), "{ours:#?}");
    // A counted function cannot be `const`, imports that only attributes use are unused without them, and a closure in
    // `outcome!` is no function.
    let expected = [
        "could be a `const fn`",
        "unused import: `Outcome`",
        "missing `return`",
    ];
    let lost = |lint: &&String| !expected.iter().any(|expected| lint.contains(expected));
    let lost: Vec<&String> = plain.difference(&counted).filter(lost).collect();
    assert!(lost.is_empty(), "{lost:#?}");
}

/// A derive expands with and without counting, so its lines may have no lint.
#[test]
fn no_lint_fires_on_a_derive() {
    assert_clippy_is_installed();
    let source = fs::read_to_string(STRICT_LINTS.source().join("order.rs")).unwrap();
    let derives: Vec<String> = (1..)
        .zip(source.lines())
        .filter(|(_, text)| text.starts_with("#[derive(") && !text.contains("Debug"))
        .map(|(line, _)| format!("order.rs:{line}:"))
        .collect();
    assert_eq!(derives.len(), 3);
    let lints = STRICT_LINTS.lints(&[], &EVERY_LINT);
    let on_derive = |lint: &&String| derives.iter().any(|line| lint.starts_with(line));
    let ours: Vec<&String> = lints.iter().filter(on_derive).collect();
    assert!(ours.is_empty(), "{ours:#?}");
}
