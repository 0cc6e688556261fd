//! A mistake in the values of a type is reported by the compiler, in the attribute.

use tt_metrics::{Dimension, count};

struct Many;

impl Dimension for Many {
    const VALUES: &'static [&'static str] = &["a"; 1001];

    fn index(&self) -> usize {
        0
    }
}

struct Unprintable;

impl Dimension for Unprintable {
    const VALUES: &'static [&'static str] = &["a\n"];

    fn index(&self) -> usize {
        0
    }
}

struct Nothing;

impl Dimension for Nothing {
    const VALUES: &'static [&'static str] = &[];

    fn index(&self) -> usize {
        0
    }
}

#[count("Many", dimensions(Kind: Many = many))]
fn many(many: &Many) {
    let _ = many;
}

#[count("Unprintable", dimensions(Kind: Unprintable = value))]
fn unprintable(value: &Unprintable) {
    let _ = value;
}

#[count("Nothing", dimensions(Kind: Nothing = value))]
fn nothing(value: &Nothing) {
    let _ = value;
}

fn main() {
    many(&Many);
    unprintable(&Unprintable);
    nothing(&Nothing);
}
