//! `dimensions` has a list in parentheses, and is given once.

use tt_metrics::count;

#[count("Value", dimensions = kind)]
fn value(kind: bool) -> bool {
    kind
}

#[count("Nothing", dimensions())]
fn nothing() {}

#[count("Word", dimensions)]
fn word() {}

#[count("Twice", dimensions(a: bool = true), dimensions(b: bool = true))]
fn twice() {}

#[count("Comma", dimensions(a: bool = true b: bool = true))]
fn comma() {}

#[count("Foreign", failure_by = Error)]
fn foreign() {}

fn main() {
    let _ = value(true);
    nothing();
    word();
    twice();
    comma();
    foreign();
}
