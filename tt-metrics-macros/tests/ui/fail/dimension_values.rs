//! The values of a dimension are those of an enum, a list, or text with a cap.

use tt_metrics::{Dimension, count};

#[derive(Dimension)]
struct Number(u8);

#[derive(Dimension)]
enum Never {}

#[derive(Dimension)]
enum Twice {
    One,
    #[dimension("One")]
    Two,
}

#[derive(Dimension)]
enum Empty {
    #[dimension("")]
    Nothing,
    #[dimension(name = "x")]
    Something,
}

#[derive(Dimension)]
union Raw {
    byte: u8,
}

#[derive(Dimension)]
#[dimension(name = "x")]
enum Library {
    One,
}

#[derive(Dimension)]
#[dimension(crate)]
enum NoPath {
    One,
}

#[derive(Dimension)]
enum Own {
    #[dimension = "Own van"]
    Van,
}

#[count("Wrong", dimensions(Never: Never = never, Twice: Twice = twice, number))]
fn wrong(never: &Never, twice: &Twice, number: Number) {
    let _ = (never, twice, number);
}

#[count("Cap", dimensions(Shop = shop, max = 0))]
fn cap(shop: &str) -> usize {
    shop.len()
}

#[count("Capped", dimensions(Flag: bool = flag, max = 3))]
fn capped(flag: bool) -> bool {
    flag
}

#[count("List", dimensions(Shop: [] = shop))]
fn list(shop: &str) -> usize {
    shop.len()
}

#[count("Listed", dimensions(Shop: [""] = shop))]
fn listed(shop: &str) -> usize {
    shop.len()
}

#[count("Blank", dimensions(Shop: ["north", " "] = shop))]
fn blank(shop: &str) -> usize {
    shop.len()
}

#[count("Control", dimensions(Shop: ["north", "a\n"] = shop))]
fn control(shop: &str) -> usize {
    shop.len()
}

fn main() {
    let _ = (blank(""), control(""), cap(""), capped(true), list(""), listed(""));
}
