//! Patterns, `mut`, `ref` and `_` as arguments.

use tt_metrics::count_outcome;

struct Point {
    x: String,
    y: String,
}

#[count_outcome(success = "S", failure = "F")]
fn sync(
    (a, mut b): (String, String),
    Point { x, .. }: Point,
    Point { x: _, y }: Point,
    [first, .., last]: [u8; 4],
    &borrowed: &u8,
    ref by_ref: String,
    _: String,
    _unused: String,
) -> Result<String, ()> {
    b.push_str(&a);
    b.push_str(&format!("{x}{y}{first}{last}{borrowed}{by_ref}"));
    Ok(b)
}

#[count_outcome(success = "S", failure = "F")]
async fn later(
    (a, mut b): (String, String),
    Point { x, .. }: Point,
    Point { x: _, y }: Point,
    [first, .., last]: [u8; 4],
    &borrowed: &u8,
    ref by_ref: String,
    _: String,
    _unused: String,
) -> Result<String, ()> {
    b.push_str(&a);
    b.push_str(&format!("{x}{y}{first}{last}{borrowed}{by_ref}"));
    Ok(b)
}

fn point() -> Point {
    Point {
        x: "x".to_owned(),
        y: "y".to_owned(),
    }
}

fn main() {
    let metrics = ::tt_metrics::capture();
    let text = || String::from("t");
    let all = sync(
        (text(), text()),
        point(),
        point(),
        [1, 2, 3, 4],
        &5,
        text(),
        text(),
        text(),
    );
    assert_eq!(all.unwrap(), "ttxy145t");
    let _ = ::futures_util::FutureExt::now_or_never(later(
        (text(), text()),
        point(),
        point(),
        [1, 2, 3, 4],
        &5,
        text(),
        text(),
        text(),
    ));
    assert_eq!(metrics.count("S"), 2);
}
