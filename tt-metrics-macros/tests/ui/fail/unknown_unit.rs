//! A unit is one of CloudWatch's, in its spelling.

use tt_metrics::{count, count_outcome};

#[count("Typo", items = _body.len(), unit = "Byte")]
fn typo(_body: &[u8]) {}

#[count("Case", items = _body.len(), unit = "bytes/second")]
fn case(_body: &[u8]) {}

#[count_outcome(success = "Foreign", items = _body.len(), unit = "Furlongs")]
fn foreign(_body: &[u8]) -> Option<()> {
    Some(())
}

#[count("Bare", items = _body.len(), unit = Bytes)]
fn bare(_body: &[u8]) {}

#[count("Nothing", items = _body.len(), unit)]
fn nothing(_body: &[u8]) {}

#[count("Twice", items = _body.len(), unit = "Bytes", unit = "Bits")]
fn twice(_body: &[u8]) {}

#[count("Misspelt", items = _body.len(), units = "Bytes")]
fn misspelt(_body: &[u8]) {}

fn main() {
    typo(&[]);
    case(&[]);
    foreign(&[]);
    bare(&[]);
    nothing(&[]);
    twice(&[]);
    misspelt(&[]);
}
