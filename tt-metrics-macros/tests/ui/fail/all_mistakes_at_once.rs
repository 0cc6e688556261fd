//! All mistakes of one attribute are reported in one build.

use tt_metrics::count_outcome;

#[count_outcome(sucess = "Done", failure = 1, neutral = "", by)]
const fn four_and_one() -> Result<(), ()> {
    Ok(())
}

fn main() {
    let _ = four_and_one();
}
