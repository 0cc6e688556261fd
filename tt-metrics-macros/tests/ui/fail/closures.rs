//! A mistake in a counted closure is reported at its place.

use tt_metrics::outcome;

struct Receipt;

async fn send(_: u8) -> Option<u8> {
    None
}

fn main() {
    let _ = outcome!(sucess = "Done"; |id: u8| Some(id));
    let _ = outcome!(success = "Done"; |id: u8| -> Option<u8> { id });
    let _ = outcome!(success = "Done"; |_: u8| Receipt);
    let _ = outcome!(success = "Done"; |id: u8| send(id));
    let _ = outcome!(success = "Done"; |id u8| Some(id));
}
