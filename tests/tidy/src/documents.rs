//! Checks that documents refer to files and functions that exist.

use std::collections::BTreeMap;

use crate::tree::File;

/// The extensions of the files that documents refer to.
const EXTENSIONS: [&str; 8] = [
    ".rs", ".py", ".toml", ".yaml", ".md", ".csv", ".txt", ".html",
];

/// One line for each reference to a file or function that does not exist.
///
/// A reference is code in backquotes: a path, `tests/tidy/src/tree.rs`, or a path and an item, `tests/tidy/src/tree.rs: tracked`. The item
/// is a function, type or macro of the file, or a method with its type, `File::text`. `{a,b}` in a path names two files.
pub fn violations(files: &[File]) -> Vec<String> {
    let texts: BTreeMap<&str, &str> = files
        .iter()
        .map(|file| (file.path.as_str(), file.text().unwrap_or_default()))
        .collect();
    let documents = files.iter().filter(|file| file.extension() == "md");
    documents
        .flat_map(|document| {
            let folder = document
                .path
                .rsplit_once('/')
                .map_or("", |(folder, _)| folder);
            let text = document.text().unwrap_or_default();
            let references = quoted(text).into_iter();
            references
                .flat_map(|reference| broken(&texts, folder, reference))
                .map(|what| format!("{}: {what}", document.path))
        })
        .collect()
}

/// The inline code of a Markdown text.
fn quoted(text: &str) -> Vec<&str> {
    let mut in_block = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            found.extend(line.split('`').skip(1).step_by(2));
        }
    }
    found
}

fn broken(texts: &BTreeMap<&str, &str>, folder: &str, reference: &str) -> Vec<String> {
    let (path, item) = match reference.split_once(": ") {
        Some((path, item)) => (path, Some(item)),
        None => (reference, None),
    };
    if !is_path(path) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for path in alternatives(path) {
        let beside = format!("{folder}/{path}");
        let text = texts.get(path.as_str()).or(texts.get(beside.as_str()));
        match (text, item) {
            (None, _) => found.push(format!("there is no file `{path}`")),
            (Some(text), Some(item)) if !defines(text, item) => {
                found.push(format!("`{path}` does not define `{item}`"));
            }
            _ => {}
        }
    }
    found
}

/// Whether this is the path of a file of the repository; names without a folder are examples more often than not.
fn is_path(text: &str) -> bool {
    let is_built = text.starts_with("target/") || text.contains("..") || text.contains('<');
    let ends = EXTENSIONS.iter().any(|extension| text.ends_with(extension));
    ends && text.contains('/') && !text.contains([' ', '*', ':', '$']) && !is_built
}

/// The paths that `a/{b,c}.rs` abbreviates.
fn alternatives(path: &str) -> Vec<String> {
    let parts = path
        .split_once('{')
        .and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    let Some((before, (names, after))) = parts else {
        return vec![path.to_owned()];
    };
    names
        .split(',')
        .map(|name| format!("{before}{name}{after}"))
        .collect()
}

/// Whether the text defines an item, or each segment of a method such as `File::text`.
fn defines(text: &str, item: &str) -> bool {
    const KEYWORDS: [&str; 9] = [
        "fn ",
        "struct ",
        "enum ",
        "trait ",
        "type ",
        "const ",
        "static ",
        "macro_rules! ",
        "impl ",
    ];
    let defines_one = |name: &str| {
        KEYWORDS.iter().any(|keyword| {
            let definition = format!("{keyword}{name}");
            let ends = text
                .match_indices(&definition)
                .map(|(at, _)| text[at + definition.len()..].chars().next());
            let mut ends = ends;
            ends.any(|next| !next.is_some_and(|next| next.is_alphanumeric() || next == '_'))
        })
    };
    let name = item.trim_end_matches('!').trim_end_matches("()");
    let names: Vec<&str> = name.split("::").collect();
    match names.as_slice() {
        [of, method] => defines_one(method) && text.contains(of),
        names => names.iter().all(|name| defines_one(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(text: &str) -> Vec<String> {
        violations(&[
            File::new("ARCHITECTURE.md", text),
            File::new(
                "cli/src/table.rs",
                "//! A table.\npub struct Table;\nimpl Table { pub fn row() {} }\nfn widths<T>() {}\n",
            ),
            File::new("cli/src/chart.rs", "//! A chart.\n"),
        ])
    }

    #[test]
    fn references_to_what_exists_are_left_alone() {
        let text = "See `cli/src/table.rs`, `cli/src/table.rs: widths`, `cli/src/table.rs: Table::row`, \
                    `cli/src/{table,chart}.rs`, `target/tt/report.html`, `my.csv` and `a/<name>.rs`.\n\
                    ```sh\n`gone/a.rs`\n```\n";
        assert_eq!(complaints(text), Vec::<String>::new());
    }

    #[test]
    fn a_reference_to_a_missing_file_is_found() {
        assert_eq!(complaints("See `cli/src/gone.rs`.").len(), 1);
        assert_eq!(complaints("See `cli/src/{table,gone}.rs`.").len(), 1);
        assert_eq!(complaints("See `cli/src/gone.rs: widths`.").len(), 1);
    }

    #[test]
    fn a_reference_to_a_missing_function_is_found() {
        for item in ["width", "Table::column", "Chart", "Chart::row"] {
            let found = complaints(&format!("See `cli/src/table.rs: {item}`."));
            assert_eq!(found.len(), 1, "{item}: {found:?}");
        }
    }

    #[test]
    fn a_path_beside_the_document_is_found() {
        let files = [
            File::new("tt-metrics/README.md", "See `examples/orders.rs`."),
            File::new("tt-metrics/examples/orders.rs", "//! An example.\n"),
        ];
        assert_eq!(violations(&files), Vec::<String>::new());
    }
}
