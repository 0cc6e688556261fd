//! A function that never returns has no outcome.

use tt_metrics::count_outcome;

#[count_outcome(success = "Done")]
fn sync() -> ! {
    loop {}
}

#[count_outcome(success = "Done")]
async fn later() -> ! {
    loop {}
}

fn main() {
    drop(later());
    sync();
}
