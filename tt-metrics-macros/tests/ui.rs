//! What the attributes accept, and the words in which they refuse.

use std::{fs, process::Command};

/// The texts in `ui/fail/*.stderr` are those of this compiler.
const PINNED: &str = include_str!("../../rust-toolchain.toml");

#[test]
fn accepted_shapes_compile_and_refused_ones_are_explained() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let compiler = version.split_whitespace().nth(1).unwrap();
    assert!(
        PINNED.contains(&format!("channel = \"{compiler}\"")),
        "the expected texts belong to the toolchain of rust-toolchain.toml, this is {compiler}"
    );
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}

/// An attribute that did nothing would be accepted everywhere.
#[test]
fn each_accepted_shape_says_what_it_counted() {
    let cases = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ui/pass")).unwrap();
    let mut silent = Vec::new();
    for case in cases {
        let path = case.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        if !text.contains("capture()") || !text.contains("metrics.count(") {
            silent.push(path);
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
}
