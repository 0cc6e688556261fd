//! What a history must not contain: virtual environments, packages, and files with secrets.

use std::collections::BTreeMap;

/// Access keys of AWS and private keys, as an extended regular expression of git. Written so that it does not match itself.
pub const KEYS: &str = "(AK|AS)IA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY-----";

const ENVIRONMENTS: [&str; 4] = ["venv", ".venv", "site-packages", "node_modules"];
const PACKAGES: [&str; 5] = ["zip", "whl", "jar", "tar", "gz"];
const SECRETS: [&str; 5] = ["pem", "key", "p12", "pfx", "jks"];
const SECRET_NAMES: [&str; 5] = ["credentials", "id_rsa", "id_ed25519", ".env", ".netrc"];

/// Paths that a history must not contain, and why. A directory ends with `/`.
pub type Unwanted = BTreeMap<String, &'static str>;

/// Finds unwanted paths among all paths of a history, and among those of changes that contain a key.
pub fn unwanted<'p>(
    paths: impl Iterator<Item = &'p str>,
    with_keys: impl Iterator<Item = &'p str>,
) -> Unwanted {
    let by_path = paths.filter_map(by_path);
    let by_content = with_keys.filter(|path| !path.is_empty());
    let by_content = by_content.map(|path| (path.to_owned(), "an access key or a private key"));
    by_content.chain(by_path).collect()
}

fn by_path(path: &str) -> Option<(String, &'static str)> {
    let segments: Vec<&str> = path.split('/').collect();
    let (name, directories) = segments.split_last()?;
    let environment = directories
        .iter()
        .position(|one| ENVIRONMENTS.contains(one));
    if let Some(index) = environment {
        let directory = directories.get(..=index)?.join("/");
        return Some((format!("{directory}/"), "a virtual environment"));
    }
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if SECRETS.contains(&extension) || SECRET_NAMES.contains(name) {
        return Some((path.to_owned(), "a file for secrets"));
    }
    let is_package = PACKAGES.contains(&extension) || *name == "bootstrap";
    is_package.then(|| (path.to_owned(), "a package"))
}

/// The command that removes the paths from every commit; `None` if there are none.
pub fn removal(unwanted: &Unwanted) -> Option<String> {
    if unwanted.is_empty() {
        return None;
    }
    let paths = unwanted
        .keys()
        .map(|path| format!(" --path {}", quoted(path)));
    Some(format!(
        "git filter-repo --invert-paths{}",
        paths.collect::<String>()
    ))
}

/// The first paths with their reasons.
pub fn describe(unwanted: &Unwanted) -> String {
    const SHOWN: usize = 5;
    let paths = unwanted.iter().take(SHOWN);
    let texts: Vec<String> = paths
        .map(|(path, reason)| format!("{path} ({reason})"))
        .collect();
    let more = unwanted.len().saturating_sub(SHOWN);
    let more = if more == 0 {
        String::new()
    } else {
        format!(", and {more} more")
    };
    texts.join(", ") + &more
}

/// The path as a word of a POSIX shell.
fn quoted(path: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if path.chars().all(is_plain) && !path.starts_with('-') {
        return path.to_owned();
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_packages_and_secrets_are_unwanted() {
        let paths = [
            "src/main.rs",
            "venv/lib/a.py",
            "venv/lib/b.py",
            "lambda/site-packages/x/y.py",
            "release.zip",
            "keys/server.pem",
            ".env",
            "docs/environment.md",
        ];
        let found = unwanted(paths.into_iter(), ["", "notes.txt"].into_iter());
        let found: Vec<&str> = found.keys().map(String::as_str).collect();
        let expected = [
            ".env",
            "keys/server.pem",
            "lambda/site-packages/",
            "notes.txt",
            "release.zip",
            "venv/",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn removal_quotes_paths_for_a_shell() {
        let found = unwanted(["it's a.zip", "b.zip"].into_iter(), std::iter::empty());
        assert_eq!(
            removal(&found).as_deref(),
            Some(r"git filter-repo --invert-paths --path b.zip --path 'it'\''s a.zip'")
        );
        assert_eq!(removal(&Unwanted::new()), None);
    }
}
