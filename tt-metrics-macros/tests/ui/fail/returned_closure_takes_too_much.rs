//! A returned closure that does not fit the signature is blamed on the signature.

use tt_metrics::{Outcome, count_outcome};

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn length() -> impl Fn(&str) -> usize {
    |text, _| text.len()
}

fn main() {
    length();
}
