//! What the attributes accept, and the words in which they refuse.

/// The texts in `ui/fail/*.stderr` are those of this compiler.
const PINNED: &str = include_str!("../../rust-toolchain.toml");

#[test]
fn accepted_shapes_compile_and_refused_ones_are_explained() {
    let compiler = compiler_version();
    assert!(
        PINNED.contains(&format!("channel = \"{compiler}\"")),
        "the expected texts belong to the toolchain of rust-toolchain.toml, this is {compiler}"
    );
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}

fn compiler_version() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = std::process::Command::new(rustc)
        .arg("--version")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace()
        .nth(1)
        .unwrap_or_default()
        .to_owned()
}
