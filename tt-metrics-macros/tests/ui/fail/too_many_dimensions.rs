//! A metric has at most 30 dimensions, whose names have at most 250 characters.

use tt_metrics::{Dimension, count};

#[derive(Dimension)]
enum One {
    Only,
}

#[count(
    "ThirtyOne",
    dimensions(
        D1: One = one, D2: One = one, D3: One = one, D4: One = one, D5: One = one, D6: One = one,
        D7: One = one, D8: One = one, D9: One = one, D10: One = one, D11: One = one, D12: One = one,
        D13: One = one, D14: One = one, D15: One = one, D16: One = one, D17: One = one, D18: One = one,
        D19: One = one, D20: One = one, D21: One = one, D22: One = one, D23: One = one, D24: One = one,
        D25: One = one, D26: One = one, D27: One = one, D28: One = one, D29: One = one, D30: One = one,
        D31: One = one,
    )
)]
fn thirty_one(one: &One) {
    let _ = one;
}

#[count("Long", dimensions("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": One = one))]
fn long(one: &One) {
    let _ = one;
}

#[count("Shops", dimensions(Shop = shop, max = 1000))]
fn shops(shop: &str) {
    let _ = shop;
}

fn main() {
    thirty_one(&One::Only);
    long(&One::Only);
    shops("");
}
