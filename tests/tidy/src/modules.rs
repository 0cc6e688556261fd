//! Finds circles between the modules of a production crate.

pub(crate) mod scan;

pub(crate) mod resolve;

pub(crate) mod graph;

use crate::tree::File;

use graph::Imports;

/// The crates whose layout is checked: all that are deployed or published.
pub(crate) const PRODUCTION: [&str; 5] = [
    "tt-metrics/",
    "tt-metrics-macros/",
    "crates/",
    "functions/",
    "cli/",
];

/// One violation for each circle of modules.
///
/// A module imports the module that defines an item which it uses. Re-exports are followed to the definition, so a module that only
/// declares and re-exports others imports nothing. Parent and child are two modules like any other.
pub fn circles(files: &[File]) -> Vec<String> {
    let crates = production_crates(files);
    crates.iter().flat_map(Imports::circles).collect()
}

/// The imports of each production crate.
pub(crate) fn production_crates(files: &[File]) -> Vec<Imports> {
    let roots = files.iter().filter(|file| is_root(&file.path));
    roots.map(|root| Imports::read(files, &root.path)).collect()
}

fn is_root(path: &str) -> bool {
    let is_production = PRODUCTION.iter().any(|folder| path.starts_with(folder));
    is_production && (path.ends_with("/src/lib.rs") || path.ends_with("/src/main.rs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<File> = files
            .iter()
            .map(|(path, text)| File::new(&format!("cli/src/{path}"), text))
            .collect();
        circles(&files)
    }

    const SIBLINGS: &str = "mod a; mod b;";

    #[test]
    fn two_modules_that_use_each_other_are_a_circle() {
        let a = "use crate::b::B; pub struct A;";
        let b = "pub struct B; fn f() -> super::a::A { super::a::A }";
        let found = complaints(&[("lib.rs", SIBLINGS), ("a.rs", a), ("b.rs", b)]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("a -> b (crate::b::B)"), "{found:?}");
        assert!(found[0].contains("b -> a (super::a::A)"), "{found:?}");
    }

    #[test]
    fn one_direction_is_no_circle() {
        let a = "use crate::b::{self, B}; fn f() { b::g(); }";
        let b = "pub struct B; pub fn g() {}";
        let found = complaints(&[("lib.rs", SIBLINGS), ("a.rs", a), ("b.rs", b)]);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn test_code_is_not_part_of_a_circle() {
        let a = "use crate::b::B; pub struct A;";
        let tests = [
            "pub struct B; #[cfg(test)] mod tests { use crate::a::A; }",
            "pub struct B; #[cfg(test)] use crate::a::A;",
            "pub struct B; #[cfg(all(test, unix))] fn f(a: crate::a::A) -> u8 { 1 }",
            "pub struct B; #[test] fn f() { crate::a::A; }",
            "pub struct B; fn f() { match 1 { #[cfg(test)] 1 => crate::a::A, _ => B } }",
        ];
        for b in tests {
            let found = complaints(&[("lib.rs", SIBLINGS), ("a.rs", a), ("b.rs", b)]);
            assert_eq!(found, Vec::<String>::new(), "{b}");
        }
        let production = [
            "pub struct B; #[cfg(not(test))] use crate::a::A;",
            "pub struct B; #[cfg(any(test, unix))] use crate::a::A;",
            "pub struct B; #[cfg(test)] fn g() {} use crate::a::A;",
            "pub struct B; #[cfg(test)] use std::fs; fn g(a: crate::a::A) {}",
        ];
        for b in production {
            let found = complaints(&[("lib.rs", SIBLINGS), ("a.rs", a), ("b.rs", b)]);
            assert_eq!(found.len(), 1, "{b}");
        }
    }

    #[test]
    fn a_reexport_leads_to_the_module_of_the_definition() {
        let facade = "mod a; mod b; pub use a::A; pub use b::B;";
        let a = "use crate::B; pub struct A;";
        let one_way = complaints(&[("lib.rs", facade), ("a.rs", a), ("b.rs", "pub struct B;")]);
        assert_eq!(one_way, Vec::<String>::new());
        let b = "pub struct B(crate::A);";
        let circle = complaints(&[("lib.rs", facade), ("a.rs", a), ("b.rs", b)]);
        assert_eq!(circle.len(), 1, "{circle:?}");
    }

    #[test]
    fn a_private_import_of_the_parent_leads_to_the_definition() {
        let parent = "mod child; pub mod other; use other::Other; fn f() { child::g(); }";
        let child = "use super::Other; pub fn g() {}";
        let files = [
            ("lib.rs", "mod parent;"),
            ("parent.rs", parent),
            ("parent/child.rs", child),
            ("parent/other.rs", "pub struct Other;"),
        ];
        assert_eq!(complaints(&files), Vec::<String>::new());
    }

    #[test]
    fn parent_and_child_can_be_a_circle() {
        let parent = "mod child; pub struct Parent; fn f() { child::g(); }";
        let child = "use super::Parent; pub fn g() {}";
        let found = complaints(&[
            ("lib.rs", "mod parent;"),
            ("parent.rs", parent),
            ("parent/child.rs", child),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn globs_and_modules_within_a_file_and_macros_are_followed() {
        let files = [
            ("lib.rs", "mod a; mod b { use crate::a::*; pub struct B; }"),
            (
                "a.rs",
                "macro_rules! m { () => { $crate::b::B } } pub struct A;",
            ),
        ];
        assert_eq!(complaints(&files).len(), 1);
        let exported = [
            ("lib.rs", SIBLINGS),
            ("a.rs", "pub fn f() { crate::m!(); } pub struct A;"),
            ("b.rs", "macro_rules! m { () => { $crate::a::A } }"),
        ];
        assert_eq!(complaints(&exported).len(), 1);
    }

    #[test]
    fn a_module_without_a_file_is_reported() {
        let found = complaints(&[("lib.rs", "mod gone;")]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("`gone`"), "{found:?}");
    }
}
