//! Checks the rules of this repository that the compiler does not check.
//!
//! Each rule is a function from the tracked files to a list of violations, one sentence each. `tests/this_tree.rs` applies the
//! rules to this repository, and the tests beside each rule show that it finds a violation.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic here fails the test that applies the rule"
)]

pub mod artefacts;
pub mod documents;
pub mod features;
pub mod layers;
pub mod layout;
pub mod modules;
pub mod source;
pub mod tree;
