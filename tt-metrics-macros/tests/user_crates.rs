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

/// A crate that depends on the library, in a workspace of its own.
struct UserCrate {
    name: &'static str,
    edition: &'static str,
    /// The name of the dependency in the manifest of the crate.
    library: &'static str,
    /// Lines of the manifest for other dependencies.
    others: &'static str,
}

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

/// Of another workspace, so the features that it asks of its own dependencies reach no build of this one.
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

    /// Whether the command came to a good end, and what it said.
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
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.success(), said)
    }

    fn assert_runs(&self) {
        let (succeeded, said) = self.cargo(&["run", "--quiet"]);
        assert!(succeeded, "{}:\n{said}", self.name);
        assert_eq!(said, "", "{} compiles with warnings", self.name);
    }

    /// What clippy says of the crate, as `file:line: severity: message`.
    ///
    /// Without the column: an `async fn` that is counted begins at its `fn`.
    fn lints(&self, features: &[&str], lints: &[&str]) -> BTreeSet<String> {
        let mut command = vec!["clippy", "--quiet", "--message-format=short"];
        command.extend(features);
        command.push("--");
        command.extend(lints.iter().flat_map(|lint| ["-W", lint]));
        let (_, said) = self.cargo(&command);
        let directory = format!("{}/", self.name);
        let at = |said: &str| {
            let mut parts = said.split_once(&directory)?.1.splitn(4, ':');
            let (file, line) = (parts.next()?, parts.next()?);
            Some(format!("{file}:{line}:{}", parts.nth(1)?))
        };
        said.lines().filter_map(at).collect()
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
    let (succeeded, said) = STRICT_LINTS.cargo(&["clippy", "--quiet"]);
    assert!(succeeded, "{said}");
    assert_eq!(said, "");
}

/// Many lints of `restriction` contradict each other, so a crate can only be free of more of them than its plain self.
#[test]
fn no_lint_at_all_fires_or_falls_silent_because_a_function_is_counted() {
    assert_clippy_is_installed();
    let counted = STRICT_LINTS.lints(&[], &EVERY_LINT);
    let plain = STRICT_LINTS.lints(&["--features=off"], &EVERY_LINT);
    assert!(plain.len() > 10, "the lints are off: {plain:?}");
    let ours: Vec<&String> = counted.difference(&plain).collect();
    assert!(ours.is_empty(), "{ours:#?}");
    // What is counted is no `const fn`, names in attributes are used only where it is, and a closure in `outcome!` is
    // no function.
    let said = [
        "could be a `const fn`",
        "unused import: `Outcome`",
        "missing `return`",
    ];
    let lost = |lint: &&String| !said.iter().any(|said| lint.contains(said));
    let lost: Vec<&String> = plain.difference(&counted).filter(lost).collect();
    assert!(lost.is_empty(), "{lost:#?}");
}

/// A derive is there with and without counting, so its own lines may have no lint.
#[test]
fn no_lint_at_all_fires_on_a_derive() {
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
