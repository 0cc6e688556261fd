//! A number of items that is written is not negative, and no text.

use tt_metrics::{count, count_outcome};

#[count("Items", items = -2)]
fn negative() {}

#[count("Items", items = -2_i64)]
fn of_a_type() {}

#[count("Items", items = 18_446_744_073_709_551_616)]
fn too_large() {}

#[count_outcome(success = "Done", items = "batch.len()")]
fn quoted(batch: &[u8]) -> Option<u8> {
    batch.first().copied()
}

#[count("Items", items = 2_i32)]
fn signed() {}

fn main() {
    negative();
    of_a_type();
    too_large();
    let _ = quoted(&[]);
    signed();
}
