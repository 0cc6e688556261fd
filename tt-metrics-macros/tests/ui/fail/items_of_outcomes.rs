//! `items` of `count_outcome` is over the arguments, and `rest` is the outcome of the items without `each`.

use tt_metrics::{count, count_outcome};

struct Reply(Vec<bool>);

#[count_outcome(success = "Done", items = |rows| rows.len())]
fn returned() -> Option<Vec<u8>> {
    None
}

#[count("Rows", items = |rows| rows.len())]
fn nothing() {}

#[count_outcome(success = "Done", items = 1_u8, rest = success)]
fn no_each() -> Option<u8> {
    None
}

#[count_outcome(success = "Done", each, rest = success)]
fn no_items() -> Vec<bool> {
    Vec::new()
}

#[count_outcome(success = "Done", each, items = 1_u8, rest = sucess)]
fn misspelled() -> Vec<bool> {
    Vec::new()
}

#[count_outcome(success = "Done", each, items = 1_u8, rest = 1)]
fn no_outcome() -> Vec<bool> {
    Vec::new()
}

#[count_outcome(success = "Done", each = |reply| &reply.0, items = 1_u8)]
fn left_over() -> Reply {
    Reply(Vec::new())
}

#[count_outcome(success = "Done", items = -1)]
fn negative() -> Option<u8> {
    None
}

#[count("Rows", items = |rows| rows.first())]
fn no_number() -> Vec<u8> {
    Vec::new()
}

fn main() {
    let _ = (returned(), no_each(), no_items(), misspelled(), no_outcome(), left_over(), negative(), no_number());
    nothing();
}
