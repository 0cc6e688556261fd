//! Details of a call are not those of its items, and need no value of a closure of `items`.

use tt_metrics::{count, count_outcome};

#[count_outcome(success = "Done", items = 2, latency = "Time")]
fn of_outcomes() -> Option<()> {
    Some(())
}

#[count("Rows", items = |rows| rows.len(), dimensions(Large: bool = large))]
fn of_a_closure(large: bool) -> Vec<u8> {
    vec![u8::from(large)]
}

#[count("Rows", items = |rows| 1_u8)]
fn never() -> ! {
    loop {}
}

fn main() {
    let _ = (of_outcomes(), of_a_closure(true));
    never();
}
