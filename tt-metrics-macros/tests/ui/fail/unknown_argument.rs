//! An unknown argument is refused, with the name that was meant.

use tt_metrics::count_outcome;

#[count_outcome(sucess = "Done", failure = "Failed")]
fn misspelled() -> Result<(), ()> {
    Ok(())
}

#[count_outcome(success = "Done", colour = "red")]
fn foreign() -> Result<(), ()> {
    Ok(())
}

#[count_outcome(sucess: "Done", dimension(kind), colour => "red")]
fn other_signs(kind: bool) -> Option<bool> {
    Some(kind)
}

fn main() {
    let _ = (misspelled(), foreign(), other_signs(true));
}
