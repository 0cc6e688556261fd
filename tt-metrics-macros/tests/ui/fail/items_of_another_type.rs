//! A number of items is an unsigned integer.

use tt_metrics::count;

#[count("Items", items = batch)]
fn collection(batch: Vec<u8>) {
    drop(batch);
}

#[count("Items", items = offset - 1)]
async fn signed(offset: i64) {
    let _ = offset;
}

fn main() {
    collection(Vec::new());
    drop(signed(1));
}
