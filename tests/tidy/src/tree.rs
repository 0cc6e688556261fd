//! Lists the tracked files of the repository.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A file that git tracks.
#[derive(Debug, Clone)]
pub struct File {
    /// The path below the root, with `/`.
    pub path: String,
    /// The content in the working tree.
    pub content: Vec<u8>,
}

impl File {
    /// A file with this path and content, for tests of rules.
    pub fn new(path: &str, content: &str) -> Self {
        Self {
            path: path.to_owned(),
            content: content.into(),
        }
    }

    /// The content, if it is text.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.content).ok()
    }

    /// What follows the last dot of the name.
    pub fn extension(&self) -> &str {
        let name = self.segments().last().unwrap_or_default();
        name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// Directories and name.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.path.split('/')
    }
}

/// Every file that git tracks below `root`. In an unpacked archive, which has no git directory, these are all files.
pub fn tracked(root: &Path) -> Vec<File> {
    let paths = if root.join(".git").exists() {
        listed(root)
    } else {
        let mut paths = Vec::new();
        walk(root, &mut paths);
        paths
    };
    let files: Vec<File> = paths
        .iter()
        .filter_map(|path| {
            // A file deleted since the last commit is still listed.
            let content = fs::read(root.join(path)).ok()?;
            let path = path.to_str()?.replace('\\', "/");
            Some(File { path, content })
        })
        .collect();
    assert!(!files.is_empty(), "no file in {}", root.display());
    files
}

fn listed(root: &Path) -> Vec<PathBuf> {
    // A checkout that another user owns, as in a container, is listed too.
    let output = Command::new("git")
        .args(["-c", "safe.directory=*", "ls-files", "-z"])
        .current_dir(root)
        .output()
        .expect("git lists the tracked files; install git");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git ls-files failed: {errors}");
    let names = String::from_utf8_lossy(&output.stdout).into_owned();
    let names = names.split('\0').filter(|name| !name.is_empty());
    names.map(PathBuf::from).collect()
}

fn walk(root: &Path, found: &mut Vec<PathBuf>) {
    let mut open = vec![root.to_path_buf()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && path != root.join("target") {
                open.push(path);
            } else if kind.is_file() {
                found.push(path.strip_prefix(root).unwrap().to_path_buf());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(root: &Path, arguments: &[&str]) {
        let status = Command::new("git")
            .args(arguments)
            .current_dir(root)
            .status();
        assert!(status.unwrap().success(), "git {arguments:?}");
    }

    #[test]
    fn a_file_added_by_force_is_listed_and_an_ignored_one_is_not() {
        let root = tempfile::tempdir().unwrap();
        git(root.path(), &["init", "--quiet"]);
        fs::write(root.path().join(".gitignore"), "*.zip\n").unwrap();
        fs::write(root.path().join("forced.zip"), "x").unwrap();
        fs::write(root.path().join("ignored.zip"), "x").unwrap();
        git(root.path(), &["add", "--force", "forced.zip"]);
        git(root.path(), &["add", "."]);
        let paths: Vec<_> = tracked(root.path())
            .into_iter()
            .map(|file| file.path)
            .collect();
        assert_eq!(paths, [".gitignore", "forced.zip"]);
    }

    #[test]
    fn an_unpacked_archive_is_read_without_git() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("target/debug")).unwrap();
        fs::create_dir_all(root.path().join("src")).unwrap();
        fs::write(root.path().join("target/debug/built"), "x").unwrap();
        fs::write(root.path().join("src/lib.rs"), "x").unwrap();
        let files = tracked(root.path());
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].path, "src/lib.rs");
    }
}
