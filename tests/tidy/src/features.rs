//! Checks that demo and tests build each third-party crate with the same features.
//!
//! Cargo unites the features that the packages of one build request. One more feature in a dependency of a test, and the second
//! command of the README compiles the AWS SDK again.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

/// What `cargo tt` builds: first `cargo tt`, then the functions with the features of that build.
const DEMO: [&[&str]; 2] = [
    &["--package=tt-cli"],
    &[
        "--package=tt-cli",
        "--package=tt-producer",
        "--package=case-creation",
        "--package=tms-token-manager",
    ],
];

/// First the dependencies of the target alone, of which each has one feature list; then also those of macros and build scripts.
const EDGES: [&str; 2] = ["no-build,no-proc-macro", "normal,build"];

/// Feature lists of each version of a crate.
type Features = BTreeMap<String, BTreeSet<String>>;

/// One line for each crate that the demo builds with other features than the tests.
pub fn violations(root: &Path) -> Vec<String> {
    let mut found = BTreeSet::new();
    for edges in EDGES {
        // The demo has no dev-dependencies, the tests have all.
        let (demo_edges, test_edges) = match edges {
            "normal,build" => (edges.to_owned(), "normal,build,dev".to_owned()),
            without => (format!("no-dev,{without}"), without.to_owned()),
        };
        let tests = features(&tree(root, &["--workspace"], &test_edges));
        for packages in DEMO {
            let demo = features(&tree(root, packages, &demo_edges));
            found.extend(differences(&demo, &tests));
        }
    }
    found.into_iter().collect()
}

/// One line for each feature list of the metrics library that depends on an AWS SDK without the feature for it.
pub fn aws_sdk_without_its_feature(root: &Path) -> Vec<String> {
    let lists = ["", "lambda"].into_iter();
    lists
        .filter_map(|features| {
            let package = ["--package=tt-metrics", "--features", features];
            let tree = tree(root, &package, "normal,build");
            let sdk = sdk_crates(&tree);
            (!sdk.is_empty()).then(|| format!("`tt-metrics` with [{features}] brings {sdk:?}"))
        })
        .collect()
}

fn sdk_crates(tree: &str) -> BTreeSet<&str> {
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    names.filter(|name| name.starts_with("aws-")).collect()
}

fn tree(root: &Path, packages: &[&str], edges: &str) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--offline", "--prefix=none", "--format={p}|{f}"])
        .arg(format!("--edges={edges}"))
        .args(packages)
        .current_dir(root)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree failed: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Reads lines such as `serde v1.0.229|default,derive`; it leaves out members of the workspace, which end with their path.
fn features(tree: &str) -> Features {
    let mut found = Features::new();
    for line in tree.lines() {
        let line = line.trim_end_matches(" (*)");
        let Some((package, features)) = line.split_once('|') else {
            continue;
        };
        let package = package.trim_end_matches(" (proc-macro)");
        if !package.ends_with(')') {
            let lists = found.entry(package.to_owned()).or_default();
            lists.insert(features.to_owned());
        }
    }
    found
}

fn differences(demo: &Features, tests: &Features) -> Vec<String> {
    let differ = demo.iter().filter_map(|(package, lists)| {
        let known = tests.get(package)?;
        let more = lists.difference(known).next()?;
        Some(format!(
            "{package}: `cargo tt` builds it with [{more}], the tests with {known:?}"
        ))
    });
    differ.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
    }

    #[test]
    fn a_feature_that_only_a_test_requests_is_found() {
        let demo = "tt-cli v0.1.0 (/a/cli)|\ntokio v1.54.1|net,rt\nserde v1.0.229|std (*)\n";
        let tests = "tokio v1.54.1|net,rt,test-util\nserde v1.0.229|std\nciborium v0.2.2|\n";
        let found = differences(&features(demo), &features(tests));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("tokio v1.54.1: "), "{found:?}");
        assert!(differences(&features(demo), &features(demo)).is_empty());
    }

    #[test]
    fn the_feature_for_put_metric_data_depends_on_an_sdk() {
        let package = ["--package=tt-metrics", "--features=put-metric-data"];
        let tree = tree(root(), &package, "normal,build");
        assert!(sdk_crates(&tree).contains("aws-sdk-cloudwatch"));
    }

    #[test]
    fn the_tree_of_this_workspace_is_read() {
        let read = features(&tree(root(), DEMO[0], "normal"));
        assert!(read.len() > 100, "{} crates", read.len());
        assert!(
            read.keys()
                .any(|package| package.starts_with("aws-sdk-s3 v"))
        );
    }
}
