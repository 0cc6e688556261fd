//! Checks the text of source files: names, first lines, unfinished work, and words of another crate's domain.

use crate::tree::File;

/// Names that do not describe the content of a file.
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

/// Words, in any case, that a folder must not contain: the metrics crates do not depend on the pipeline, and the domain code of the
/// pipeline does not depend on the service that stores metrics.
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

/// One line for each violation.
pub fn violations(files: &[File]) -> Vec<String> {
    files.iter().flat_map(of_file).collect()
}

fn of_file(file: &File) -> Vec<String> {
    let Some(text) = file.text() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if file.extension() == "rs" && !is_trybuild_case(file) {
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

/// Small programs that must or must not compile; the first line of some is part of the case.
fn is_trybuild_case(file: &File) -> bool {
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
        found.push(format!("`{name}` does not describe the content"));
    }
    found
}

fn marker(text: &str) -> Option<String> {
    let marker = MARKERS.iter().find(|marker| text.contains(**marker))?;
    Some(format!("`{marker}` is unfinished work"))
}

fn foreign(file: &File, text: &str) -> Option<String> {
    let (place, words) = FOREIGN
        .iter()
        .find(|(place, _)| file.path.starts_with(place))?;
    let text = text.to_lowercase();
    let word = words.iter().find(|word| text.contains(**word))?;
    Some(format!("`{place}` must not mention `{word}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(path: &str, text: &str) -> String {
        violations(&[File::new(path, text)]).join("\n")
    }

    #[test]
    fn a_file_without_a_violation_is_left_alone() {
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
    fn a_name_that_describes_nothing_is_found() {
        for path in ["cli/src/utils.rs", "functions/a/src/common/mod.rs"] {
            assert!(
                complaint(path, "//! A.\n").contains("does not describe"),
                "{path}"
            );
        }
    }

    #[test]
    fn each_marker_is_found() {
        for marker in MARKERS {
            let text = format!("//! A.\n// {marker} later\n");
            assert!(
                complaint("cli/src/a.rs", &text).contains("unfinished"),
                "{marker}"
            );
        }
        assert!(complaint("README.md", MARKERS[0]).contains("unfinished"));
    }

    #[test]
    fn words_of_another_domain_are_found() {
        let kinesis = "//! Sends to Kinesis.\n";
        assert!(complaint("tt-metrics/src/sink.rs", kinesis).contains("must not mention"));
        assert!(complaint("tt-metrics-macros/src/lib.rs", kinesis).contains("must not mention"));
        assert_eq!(complaint("functions/tt-producer/src/batch.rs", kinesis), "");
        let cloudwatch = "//! Sends to CloudWatch.\n";
        assert!(
            complaint("functions/tt-producer/src/a.rs", cloudwatch).contains("must not mention")
        );
        assert_eq!(complaint("tt-metrics/src/sink.rs", cloudwatch), "");
    }
}
