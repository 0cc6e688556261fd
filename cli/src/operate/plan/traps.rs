//! Traps of building and packaging with SAM that deliver other code than expected.

use std::{collections::BTreeSet, fs, path::Path};

use super::finding::{Finding, Level};
use crate::operate::release::Release;

/// What `sam` and `cargo lambda` have left in a workspace, and how the stack was packaged.
pub(super) fn findings(workspace: &Path, template: &Release, stack: &str) -> Vec<Finding> {
    let functions: Vec<&str> = template
        .functions()
        .iter()
        .map(|function| function.logical_id.as_str())
        .collect();
    let found = [
        cached_builds(workspace),
        partial_build(workspace, &functions),
        shared_prefix(template, stack),
    ];
    let stray = stray_zips(workspace);
    found.into_iter().flatten().chain(stray).collect()
}

fn warning(subject: &str, text: impl Into<String>) -> Finding {
    Finding::new(Level::Warning, subject, text)
}

/// `sam build --cached` and `sam sync` compare only the directory in `CodeUri`.
fn cached_builds(workspace: &Path) -> Option<Finding> {
    let text = "it keeps an old program after a change in another crate of the workspace; use `sam build` without a cache";
    let settings = fs::read_to_string(workspace.join("samconfig.toml")).unwrap_or_default();
    let enables = |line: &str| {
        let line: String = line.split_whitespace().collect();
        line.starts_with("cached=true")
    };
    if settings.lines().any(enables) {
        return Some(warning("samconfig.toml: cached", text));
    }
    let is_used = workspace.join(".aws-sam/cache").is_dir();
    is_used.then(|| warning(".aws-sam/cache", text))
}

/// `sam build NAME` removes the programs of the other functions from the build folder.
fn partial_build(workspace: &Path, functions: &[&str]) -> Option<Finding> {
    let folder = workspace.join(".aws-sam/build");
    folder.join("template.yaml").is_file().then_some(())?;
    let built: BTreeSet<String> = names(&folder);
    let missing = functions.iter().filter(|name| !built.contains(**name));
    let missing: Vec<&str> = missing.copied().collect();
    let is_partial = !missing.is_empty() && missing.len() < functions.len();
    is_partial.then(|| {
        let text = format!(
            "it lacks {}; `sam build NAME` leaves only NAME, so build everything before `sam package`",
            missing.join(", ")
        );
        warning(".aws-sam/build", text)
    })
}

/// `sam delete` of a stack without a prefix removes zips that other stacks use.
fn shared_prefix(template: &Release, stack: &str) -> Option<Finding> {
    let mut functions = template.functions().iter();
    let shared = functions.find(|function| !function.code.key.contains('/'))?;
    let text = format!(
        "`{}` has no prefix, so `sam delete` removes zips of other stacks; package with `--s3-prefix {stack}`",
        shared.code.uri()
    );
    Some(warning(&shared.logical_id, text))
}

/// A `bootstrap.zip` beside a program becomes a part of the next package.
fn stray_zips(workspace: &Path) -> impl Iterator<Item = Finding> {
    let folders = [".aws-sam/build", "target/lambda"];
    let stray = folders.into_iter().flat_map(move |folder| {
        let below = names(&workspace.join(folder)).into_iter();
        let below = below.map(move |name| format!("{folder}/{name}/bootstrap.zip"));
        let paths: Vec<String> = below
            .filter(|path| workspace.join(path).is_file())
            .collect();
        paths
    });
    let stray: Vec<String> = stray.collect();
    stray.into_iter().map(|path| {
        warning(
            &path,
            "`sam package` would pack it beside the program; delete it",
        )
    })
}

fn names(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "\
Resources:
  A:
    Properties:
      CodeUri: s3://bucket/tt/1111
  B:
    Properties:
      CodeUri: s3://bucket/tt/2222
";

    fn subjects(workspace: &Path, template: &str) -> Vec<String> {
        let template = Release::parse(template).unwrap();
        let found = findings(workspace, &template, "tt");
        assert!(found.iter().all(|one| one.level == Level::Warning));
        found.into_iter().map(|one| one.subject).collect()
    }

    fn write(workspace: &Path, path: &str, text: &str) {
        let path = workspace.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn whole_build_without_a_cache_has_no_trap() {
        let workspace = tempfile::tempdir().unwrap();
        assert!(subjects(workspace.path(), TEMPLATE).is_empty());
        for path in ["template.yaml", "A/bootstrap", "B/bootstrap"] {
            write(workspace.path(), &format!(".aws-sam/build/{path}"), "");
        }
        write(workspace.path(), "samconfig.toml", "cached = false\n");
        assert!(subjects(workspace.path(), TEMPLATE).is_empty());
    }

    #[test]
    fn each_trap_is_found() {
        let workspace = tempfile::tempdir().unwrap();
        let workspace = workspace.path();
        write(workspace, ".aws-sam/build/template.yaml", "");
        write(workspace, ".aws-sam/build/A/bootstrap.zip", "");
        write(workspace, "target/lambda/a/bootstrap.zip", "");
        write(workspace, ".aws-sam/cache/1/bootstrap", "");
        let without_prefix = TEMPLATE.replace("bucket/tt/2222", "bucket/2222");
        let expected = [
            ".aws-sam/cache",
            ".aws-sam/build",
            "B",
            ".aws-sam/build/A/bootstrap.zip",
            "target/lambda/a/bootstrap.zip",
        ];
        assert_eq!(subjects(workspace, &without_prefix), expected);
        write(
            workspace,
            "samconfig.toml",
            "[default.build.parameters]\ncached = true\n",
        );
        assert_eq!(subjects(workspace, TEMPLATE)[0], "samconfig.toml: cached");
    }
}
