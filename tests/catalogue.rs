//! Reads the catalogue from the file of an optimised and stripped program.

#[cfg(test)]
#[path = "catalogue/program.rs"]
mod program;
#[cfg(test)]
#[path = "catalogue/versions.rs"]
mod versions;

use std::process::Command;

use object::Object;
use tt_metrics::catalogue::{self, Entry, Meaning, MetricKind};

fn lines(declared: &[Entry<'_>]) -> Vec<String> {
    let mut lines: Vec<String> = declared.iter().map(|one| format!("{one:?}")).collect();
    lines.sort();
    lines
}

#[test]
fn the_catalogue_of_a_stripped_release_build_is_read_from_its_file() {
    let path = program::build();
    let file = std::fs::read(&path).unwrap();
    let object = object::File::parse(&*file).unwrap();
    assert_eq!(object.symbols().count(), 0, "the program has no symbols");

    let declared = catalogue::read(&file).unwrap();
    let mut metrics: Vec<&str> = declared.iter().map(|one| one.metric).collect();
    metrics.sort_unstable();
    assert_eq!(metrics, program::METRICS);

    let shipped = declared
        .iter()
        .find(|one| one.metric == "OrderShipped")
        .unwrap();
    assert_eq!(shipped.unit, "Count");
    assert_eq!(shipped.kind, MetricKind::Counter);
    assert_eq!(shipped.function, "orders::ship");
    assert!(shipped.file.ends_with("orders.rs"), "{}", shipped.file);
    assert_eq!(shipped.line, program::LINE_OF_SHIP);
    assert_eq!(shipped.doc, "Ships an order.\n\nOnce.");

    let quota = declared
        .iter()
        .find(|one| one.metric == "QuotaUsed")
        .unwrap();
    assert_eq!((quota.unit, quota.kind), ("Percent", MetricKind::Gauge));
    assert_eq!((quota.meaning, quota.function), (Meaning::Level, "program"));

    // The running program prints the same list.
    let printed = Command::new(&path).output().unwrap();
    let mut printed: Vec<&str> = str::from_utf8(&printed.stdout).unwrap().lines().collect();
    printed.sort_unstable();
    assert_eq!(lines(&declared), printed);
}

#[test]
fn two_versions_of_the_library_count_side_by_side() {
    let expected = "{\"Counted\": 1} {\"CountedByNext\": 2}\nCounted\nCountedByNext of next\n";
    assert_eq!(versions::run(), expected);
}
