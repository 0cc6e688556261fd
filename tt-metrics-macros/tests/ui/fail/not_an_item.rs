//! A statement, a closure and a block are counted by `outcome!`, which the refusal says beside the compiler's own.

use tt_metrics::{count, count_outcome};

fn main() {
    #[count("Calls")]
    let double = |n: u8| n * 2;
    let half = #[count_outcome(success = "Done")] |n: u8| n.checked_div(2);
    #[count("Calls")]
    drop(double);
    #[count("Calls")]
    {
        let _ = (double(1), half(1));
    }
}
