//! `ref` and `ref mut` in arguments, and several attributes with expressions over parts of a pattern.
#![deny(warnings)]

use tt_metrics::{count, count_outcome};

struct Order {
    lines: Vec<String>,
    note: String,
}

#[count_outcome(success = "S", failure = "F")]
fn whole(ref mut text: String) -> Result<String, ()> {
    text.push('!');
    Ok(std::mem::take(text))
}

#[count_outcome(success = "S", failure = "F")]
async fn parts((ref mut left, ref right): (String, String), Order { ref mut lines, .. }: Order) -> Result<String, ()> {
    left.push_str(right);
    lines.push(std::mem::take(left));
    lines.pop().ok_or(())
}

#[count("N", items = a.len())]
#[count_outcome(success = "S", failure = "F", items = a.len())]
fn partial((a, _): (Vec<u8>, String)) -> Result<Vec<u8>, ()> {
    Ok(a)
}

#[count_outcome(success = "S", failure = "F", items = a.len())]
#[count("N", items = a.len())]
async fn partial_later((a, _): (Vec<u8>, String), Order { note, .. }: Order) -> Result<(Vec<u8>, String), ()> {
    Ok((a, note))
}

#[count_outcome(success = "S", failure = "F", items = lines.len())]
#[count("Half", dimensions(Empty: bool = lines.is_empty()))]
#[count_outcome(success = "T", failure = "G")]
#[count("N", items = |back| back.as_ref().map_or(0, Vec::len))]
fn thrice(Order { mut lines, note: _ }: Order) -> Option<Vec<String>> {
    lines.clear();
    Some(lines)
}

fn order() -> Order {
    Order { lines: vec!["one".to_owned()], note: "note".to_owned() }
}

fn main() {
    let metrics = tt_metrics::capture();
    assert_eq!(whole("text".to_owned()).unwrap(), "text!");
    drop(parts(("l".to_owned(), "r".to_owned()), order()));
    assert_eq!(partial((vec![1, 2], "rest".to_owned())).unwrap().len(), 2);
    assert_eq!((metrics.count("N"), metrics.count("S")), (2, 3));
    drop(partial_later((vec![1], "rest".to_owned()), order()));
    assert_eq!(thrice(order()).unwrap().len(), 0);
    assert_eq!((metrics.count("N"), metrics.count("S"), metrics.count("T")), (2, 4, 1));
    assert_eq!(metrics.count_under("Half", &[("Empty", "false")]), 1);
}
