//! A returned closure has parameters with types, since a body that is counted does not see the signature.

use tt_metrics::{Outcome, count_outcome};

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn length() -> impl Fn(&str) -> usize {
    |text| text.len()
}

fn main() {
    length();
}
