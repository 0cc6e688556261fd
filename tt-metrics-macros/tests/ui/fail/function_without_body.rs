//! A trait method without a body is refused.

use tt_metrics::{count, count_outcome};

trait Store {
    #[count("Calls")]
    fn calls(&self);

    #[count_outcome(success = "Done")]
    async fn outcome(&self) -> Result<(), ()>;
}

fn main() {}
