//! Applies every rule to this repository.

use std::{path::Path, sync::LazyLock};

use tt_tidy::{
    artefacts, documents, features, layers, layout, modules, source,
    tree::{self, File},
};

static FILES: LazyLock<Vec<File>> = LazyLock::new(|| tree::tracked(root()));

fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package)
}

/// Fails with one line for each violation.
#[track_caller]
fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

#[test]
fn git_tracks_no_artefact_and_no_secret() {
    assert_none(&artefacts::violations(&FILES));
}

#[test]
fn sources_follow_the_style_guide() {
    assert_none(&source::violations(&FILES));
}

#[test]
fn files_are_where_the_layout_expects_them() {
    assert_none(&layout::violations(&FILES));
}

#[test]
fn no_module_imports_itself_in_a_circle() {
    assert_none(&modules::circles(&FILES));
}

#[test]
fn no_folder_imports_a_later_one() {
    assert_none(&layers::violations(&FILES));
}

#[test]
fn documents_refer_to_files_and_functions_that_exist() {
    assert_none(&documents::violations(&FILES));
}

#[test]
fn demo_and_tests_share_one_build_of_each_dependency() {
    assert_none(&features::violations(root()));
}

#[test]
fn metrics_without_put_metric_data_bring_no_aws_sdk() {
    assert_none(&features::aws_sdk_without_its_feature(root()));
}

#[test]
fn both_readmes_show_the_same_document() {
    let document = |path: &str| {
        let file = FILES.iter().find(|file| file.path == path);
        let text = file.and_then(File::text).expect("is a text of the tree");
        let mut lines = text.lines().map(str::to_owned);
        lines.find(|line| line.starts_with("{\"_aws\""))
    };
    let shown = document("README.md");
    assert!(shown.is_some());
    assert_eq!(shown, document("tt-metrics/README.md"));
}
