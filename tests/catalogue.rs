//! The catalogue of a program that is optimised, linked as a whole and stripped, read from its file.

#[cfg(test)]
#[path = "catalogue/program.rs"]
mod program;

use std::process::Command;

use object::Object;
use tt_metrics::catalogue::{self, Declared, Meaning, MetricKind};

fn lines(declared: &[Declared<'_>]) -> Vec<String> {
    let mut lines: Vec<String> = declared.iter().map(|one| format!("{one:?}")).collect();
    lines.sort();
    lines
}

#[test]
fn a_stripped_release_build_says_what_it_counts_without_running() {
    let path = program::build();
    let file = std::fs::read(&path).unwrap();
    let object = object::File::parse(&*file).unwrap();
    assert_eq!(object.symbols().count(), 0, "the program is stripped");

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

    // The list that the running program knows is the same.
    let said = Command::new(&path).output().unwrap();
    let mut said: Vec<&str> = str::from_utf8(&said.stdout).unwrap().lines().collect();
    said.sort_unstable();
    assert_eq!(lines(&declared), said);
}
