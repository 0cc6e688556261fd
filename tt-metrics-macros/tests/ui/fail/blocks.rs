//! A block has arguments, a `;`, and a body with an outcome.

use tt_metrics_macros::outcome;

struct Receipt;

fn main() {
    let _: Option<u8> = outcome!(sucess = "Done"; Some(1));
    let _: Option<u8> = outcome!(success = "Done");
    let _: Option<u8> = outcome!(success = "Done";);
    let _: Option<u8> = outcome!(; Some(1));
    let _: Option<u8> = outcome!(success = "Done", { Some(1) });
    let _ = outcome!(success = "Done"; let receipt = Receipt; receipt);
}
