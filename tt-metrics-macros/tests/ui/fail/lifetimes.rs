//! A reference that does not live long enough is shown where the body yields it.

use tt_metrics::{count, count_outcome};

struct Store(String);

impl Store {
    #[count_outcome(success = "S", failure = "F")]
    fn name(&self, other: &str) -> Option<&str> {
        let _ = &self.0;
        Some(other)
    }

    #[count("C")]
    #[count_outcome(success = "S", failure = "F")]
    fn counted(&self, other: &str) -> Option<&str> {
        let _ = &self.0;
        Some(other)
    }
}

#[count_outcome(success = "S", failure = "F")]
async fn later<'a>(text: &'a str, other: &str) -> Option<&'a str> {
    let _ = text;
    Some(other)
}

fn main() {}
