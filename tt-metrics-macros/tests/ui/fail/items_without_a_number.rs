//! `items` has an expression, once, and belongs to `count`.

use tt_metrics::{count, count_outcome};

#[count("Items", items)]
fn name_only() {}

#[count("Items", items = *)]
fn no_expression() {}

#[count("Items", items = 1_u8, items = 2_u8)]
fn twice() {}

#[count("Items", item = 1_u8)]
fn misspelled() {}

#[count_outcome(success = "Done", items = 1_u8)]
fn of_the_other_attribute() -> Result<(), ()> {
    Ok(())
}

fn main() {
    name_only();
    no_expression();
    twice();
    misspelled();
    let _ = of_the_other_attribute();
}
