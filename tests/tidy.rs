//! The rules of this tree that no compiler checks.

#[cfg(test)]
#[path = "tidy/artefacts.rs"]
mod artefacts;
#[cfg(test)]
#[path = "tidy/features.rs"]
mod features;
#[cfg(test)]
#[path = "tidy/source.rs"]
mod source;
#[cfg(test)]
#[path = "tidy/tree.rs"]
mod tree;

use std::path::Path;

/// Fails with one line for each broken rule.
#[track_caller]
fn assert_none(broken: &[String]) {
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

#[test]
fn git_tracks_no_artefact_and_no_secret() {
    assert_none(&artefacts::broken(&tree::tracked(root())));
}

#[test]
fn sources_keep_the_rules_of_the_house() {
    assert_none(&source::broken(&tree::tracked(root())));
}

#[test]
fn demo_and_tests_share_one_build_of_each_dependency() {
    assert_none(&features::broken(root()));
}

#[test]
fn metrics_without_put_metric_data_bring_no_aws_sdk() {
    assert_none(&features::with_sdk(root()));
}
