//! `#[count]` takes functions of any return type, also one that never returns.

use tt_metrics::count;

#[count("Calls")]
fn nothing() {}

#[count("Calls")]
fn borrowed<'a>(text: &'a str, _: &str) -> &'a str {
    text
}

#[count("Calls")]
fn opaque(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars()
}

#[count("Calls")]
async fn later(text: &str) -> usize {
    text.len()
}

#[count("Calls")]
fn never() -> ! {
    std::process::exit(0)
}

fn main() {
    let metrics = ::tt_metrics::capture();
    nothing();
    assert_eq!(borrowed("a", "b"), "a");
    assert_eq!(opaque("ab").count(), 2);
    let _ = ::futures_util::FutureExt::now_or_never(later("a"));
    assert_eq!(metrics.count("Calls"), 4);
    never();
}
