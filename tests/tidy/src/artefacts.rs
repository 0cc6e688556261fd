//! Finds files that git must not track: built, installed or downloaded files, and secrets.

use crate::tree::File;

const MAX_BYTES: usize = 1024 * 1024;

const DIRECTORIES: [&str; 7] = [
    "target",
    "venv",
    ".venv",
    "site-packages",
    "__pycache__",
    "node_modules",
    ".aws-sam",
];

const EXTENSIONS: [&str; 14] = [
    "zip", "gz", "tar", "so", "rlib", "o", "pyc", "whl", "pem", "key", "p12", "pfx", "jks", "crt",
];

const NAMES: [&str; 6] = [
    "bootstrap",
    "pyvenv.cfg",
    "credentials",
    "id_rsa",
    "id_ed25519",
    ".netrc",
];

/// The prefix of a key, and the number and kind of the characters that follow it at least.
struct Key {
    prefix: &'static str,
    length: usize,
    is_part: fn(u8) -> bool,
}

/// Each prefix is written in two parts, so that this file contains no key.
const KEYS: [Key; 4] = [
    Key {
        prefix: concat!("AK", "IA"),
        length: 16,
        is_part: is_upper,
    },
    Key {
        prefix: concat!("AS", "IA"),
        length: 16,
        is_part: is_upper,
    },
    Key {
        prefix: concat!("gh", "p_"),
        length: 36,
        is_part: is_alphanumeric,
    },
    Key {
        prefix: concat!("-----BEGIN ", "PRIVATE KEY"),
        length: 0,
        is_part: is_alphanumeric,
    },
];

/// One line for each file that must not be tracked.
pub fn violations(files: &[File]) -> Vec<String> {
    let reasons = files
        .iter()
        .filter_map(|file| Some((file, by_path(file).or_else(|| by_content(file))?)));
    reasons
        .map(|(file, reason)| format!("{}: {reason}", file.path))
        .collect()
}

fn by_path(file: &File) -> Option<String> {
    let mut directories: Vec<&str> = file.segments().collect();
    let name = directories.pop()?;
    if let Some(found) = directories.iter().find(|name| DIRECTORIES.contains(name)) {
        return Some(format!("`{found}/` is generated on each machine"));
    }
    let is_environment = name == ".env" || name.starts_with(".env.");
    if is_environment || NAMES.contains(&name) || EXTENSIONS.contains(&file.extension()) {
        return Some("a build artefact or a file for secrets".to_owned());
    }
    None
}

fn by_content(file: &File) -> Option<String> {
    let size = file.content.len();
    if size > MAX_BYTES {
        return Some(format!("{size} bytes are more than 1 MiB"));
    }
    let text = file.text()?;
    let is_key = KEYS.iter().any(|key| contains(text, key));
    let is_kind_of_key = ["RSA", "EC", "OPENSSH", "ENCRYPTED"]
        .iter()
        .any(|kind| text.contains(&format!("-----BEGIN {kind} PRIVATE KEY")));
    (is_key || is_kind_of_key).then(|| "contains a key".to_owned())
}

fn contains(text: &str, key: &Key) -> bool {
    text.match_indices(key.prefix).any(|(at, prefix)| {
        let rest = text.as_bytes()[at + prefix.len()..].iter().copied();
        let part: Vec<u8> = rest.take_while(|byte| (key.is_part)(*byte)).collect();
        // The examples in the documentation of AWS end like this.
        part.len() >= key.length && !part.ends_with(b"EXAMPLE")
    })
}

fn is_upper(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artefacts_are_found_by_path() {
        let paths = [
            "target/debug/x",
            "cli/target/x.d",
            "venv/bin/python",
            "a/.venv/x",
            "lambda.zip",
            "a/b.PEM.pem",
            "server.key",
            ".env",
            ".env.production",
            "functions/tt-producer/bootstrap",
            ".aws/credentials",
            "a/__pycache__/x.py",
        ];
        for path in paths {
            assert_eq!(violations(&[File::new(path, "")]).len(), 1, "{path}");
        }
    }

    #[test]
    fn sources_are_no_artefacts() {
        let paths = [
            "cli/src/target.rs",
            "functions/tms-token-manager/env-vars.json",
            "functions/x/src/credentials.rs",
            ".gitignore",
            ".env-sample.md",
        ];
        for path in paths {
            assert_eq!(violations(&[File::new(path, "x")]), Vec::<String>::new());
        }
    }

    #[test]
    fn keys_are_found_by_content() {
        let aws = concat!("AK", "IA", "QWERTYUIOPASDFGH");
        let keys = [
            format!("key = \"{aws}\""),
            format!("-----BEGIN {}-----", "PRIVATE KEY"),
            format!("-----BEGIN {} PRIVATE KEY-----", "RSA"),
            format!("{}{}", concat!("gh", "p_"), "a".repeat(36)),
        ];
        for key in keys {
            assert_eq!(violations(&[File::new("a.txt", &key)]).len(), 1, "{key}");
        }
        let sample = concat!("AK", "IA", "IOSFODNN7EXAMPLE");
        assert!(violations(&[File::new("a.txt", sample)]).is_empty());
    }

    #[test]
    fn a_file_above_one_mebibyte_is_found() {
        let at_most = "a".repeat(MAX_BYTES);
        assert!(violations(&[File::new("a.txt", &at_most)]).is_empty());
        let above = format!("{at_most}a");
        assert_eq!(violations(&[File::new("a.txt", &above)]).len(), 1);
    }
}
