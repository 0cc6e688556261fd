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

fn main() {
    let _ = (misspelled(), foreign());
}
