//! 30 dimensions, a name of 250 characters, 999 texts, and a dimension that happens to be called `Error`.
#![deny(warnings)]

use tt_metrics::{Dimension, count, count_outcome};

#[derive(Dimension)]
enum One {
    Only,
}

#[count(
    "Thirty",
    dimensions(
        D1: One = one, D2: One = one, D3: One = one, D4: One = one, D5: One = one, D6: One = one,
        D7: One = one, D8: One = one, D9: One = one, D10: One = one, D11: One = one, D12: One = one,
        D13: One = one, D14: One = one, D15: One = one, D16: One = one, D17: One = one, D18: One = one,
        D19: One = one, D20: One = one, D21: One = one, D22: One = one, D23: One = one, D24: One = one,
        D25: One = one, D26: One = one, D27: One = one, D28: One = one, D29: One = one, D30: One = one,
    )
)]
fn thirty(one: &One) {
    let _ = one;
}

#[count("Long", dimensions("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": One = one))]
fn long(one: &One) {
    let _ = one;
}

#[count("Shops", dimensions(Shop = shop, max = 999))]
fn shops(shop: &str) {
    let _ = shop;
}

#[count_outcome(success = "Done", failure = "Failed", dimensions(Error: bool = error))]
fn named(error: bool) -> Option<()> {
    (!error).then_some(())
}

fn main() {
    let metrics = tt_metrics::capture();
    thirty(&One::Only);
    long(&One::Only);
    shops("north");
    assert_eq!(named(true), None);
    assert_eq!(metrics.count_under("Shops", &[("Shop", "north")]), 1);
    assert_eq!(metrics.count_under("Failed", &[("Error", "true")]), 1);
    assert_eq!((metrics.count("Thirty"), metrics.count("Long")), (1, 1));
}
