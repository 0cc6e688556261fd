//! The rules for what is written: names, first lines, and which crate may know of what.

use crate::tree::File;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 8] = [
    "utils", "util", "common", "helpers", "shared", "misc", "manager", "service",
];

/// Unfinished work and tests that do not run.
const MARKERS: [&str; 5] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("#[ig", "nore"),
];

/// Where these words, in any case, must not be: the metrics know nothing of the pipeline, its domain nothing of the metrics' service.
const FOREIGN: [(&str, &[&str]); 4] = [
    ("tt-metrics/src/", PIPELINE),
    ("tt-metrics-macros/src/", PIPELINE),
    ("crates/", METRICS_SERVICE),
    ("functions/", METRICS_SERVICE),
];

const METRICS_SERVICE: &[&str] = &["cloudwatch", "putmetricdata", "put_metric_data"];

const PIPELINE: &[&str] = &[
    "kinesis",
    "salesforce",
    "pkyc",
    "ttevent",
    "tt-event",
    "tt_event",
    "tt-producer",
    "ttproducer",
    "case-creation",
    "casecreation",
    "sfcase",
    "s3records",
    "token-manager",
    "tokenmanager",
];

/// One line for each broken rule.
pub(crate) fn broken(files: &[File]) -> Vec<String> {
    files.iter().flat_map(broken_by).collect()
}

fn broken_by(file: &File) -> Vec<String> {
    let Some(text) = file.text() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if file.extension() == "rs" && !is_case_of_trybuild(file) {
        found.extend(shape(file, text));
    }
    if is_written_by_hand(file) {
        found.extend(marker(text));
    }
    if file.extension() == "rs" {
        found.extend(foreign(file, text));
    }
    found
        .into_iter()
        .map(|what| format!("{}: {what}", file.path))
        .collect()
}

/// Small programs that must or must not compile; some have no room for a first line.
fn is_case_of_trybuild(file: &File) -> bool {
    file.path.starts_with("tests/ui/")
}

fn is_written_by_hand(file: &File) -> bool {
    matches!(
        file.extension(),
        "rs" | "py" | "md" | "toml" | "yaml" | "yml" | "json" | "html"
    )
}

fn shape(file: &File, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if !text.starts_with("//! ") {
        found.push("the first line is not a `//!` sentence".to_owned());
    }
    let names = file.segments().map(|name| name.trim_end_matches(".rs"));
    for name in names.filter(|name| EMPTY_NAMES.contains(name)) {
        found.push(format!("`{name}` does not say what is inside"));
    }
    found
}

fn marker(text: &str) -> Option<String> {
    let marker = MARKERS.iter().find(|marker| text.contains(**marker))?;
    Some(format!("`{marker}` is work left undone"))
}

fn foreign(file: &File, text: &str) -> Option<String> {
    let (place, words) = FOREIGN
        .iter()
        .find(|(place, _)| file.path.starts_with(place))?;
    let text = text.to_lowercase();
    let word = words.iter().find(|word| text.contains(**word))?;
    Some(format!("`{place}` must not know of `{word}`"))
}

fn complaint(path: &str, text: &str) -> String {
    broken(&[File::new(path, text)]).join("\n")
}

#[test]
fn a_tidy_file_is_left_alone() {
    assert_eq!(complaint("cli/src/table.rs", "//! A table.\n"), "");
    assert_eq!(complaint("tests/ui/fail/empty.rs", "fn main() {}\n"), "");
    let token_manager = "functions/tms-token-manager/src/token.rs";
    assert_eq!(complaint(token_manager, "//! A token.\n"), "");
}

#[test]
fn a_file_without_a_first_sentence_is_found() {
    assert!(complaint("cli/src/a.rs", "use std::fs;\n").contains("first line"));
}

#[test]
fn a_name_that_says_nothing_is_found() {
    for path in ["cli/src/utils.rs", "functions/a/src/common/mod.rs"] {
        assert!(
            complaint(path, "//! A.\n").contains("does not say"),
            "{path}"
        );
    }
}

#[test]
fn each_marker_is_found() {
    for marker in MARKERS {
        let text = format!("//! A.\n// {marker} later\n");
        assert!(
            complaint("cli/src/a.rs", &text).contains("undone"),
            "{marker}"
        );
    }
    assert!(complaint("README.md", MARKERS[0]).contains("undone"));
}

#[test]
fn crates_that_know_too_much_are_found() {
    let kinesis = "//! Sends to Kinesis.\n";
    assert!(complaint("tt-metrics/src/sink.rs", kinesis).contains("must not know"));
    assert!(complaint("tt-metrics-macros/src/lib.rs", kinesis).contains("must not know"));
    assert_eq!(complaint("functions/tt-producer/src/batch.rs", kinesis), "");
    let cloudwatch = "//! Sends to CloudWatch.\n";
    assert!(complaint("functions/tt-producer/src/a.rs", cloudwatch).contains("must not know"));
    assert_eq!(complaint("tt-metrics/src/sink.rs", cloudwatch), "");
}
