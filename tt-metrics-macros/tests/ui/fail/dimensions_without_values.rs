//! A dimension has values that a static can list.

use tt_metrics::{Dimension, count, count_outcome};

struct Order {
    kind: u8,
}

#[count("Unknown", dimensions(Kind = order.kind))]
fn unknown(order: &Order) {
    let _ = order.kind;
}

#[count("Text", dimensions(shop))]
fn text(shop: &str) {
    let _ = shop;
}

#[count("Generic", dimensions(kind))]
fn generic<K: Dimension>(kind: K) {
    drop(kind);
}

#[count("Owned", dimensions(shop))]
fn owned(shop: String) {
    drop(shop);
}

#[count("Opaque", dimensions(kind))]
fn opaque(kind: impl Dimension) {
    drop(kind);
}

#[count("Sized", dimensions(kind))]
fn sized<const N: usize>(kind: [bool; N]) {
    let _ = kind;
}

#[count("Number", dimensions(Code = code, max = 20))]
fn number(code: u16) {
    let _ = code;
}

struct Own;

impl Own {
    #[count_outcome(success = "Done", dimensions(Own: Self = self))]
    fn own(&self) -> Option<()> {
        Some(())
    }
}

fn main() {
    unknown(&Order { kind: 1 });
    text("");
    generic(true);
    owned(String::new());
    opaque(true);
    sized([true]);
    number(1);
    let _ = Own.own();
}
