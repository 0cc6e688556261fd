//! A return type may be a projection or an alias.

use tt_metrics::count_outcome;

trait Shape {
    type Out;
}

impl Shape for u8 {
    type Out = Result<u8, String>;
}

type Alias<T> = Result<T, String>;

#[count_outcome(success = "S", failure = "F")]
fn projected() -> <u8 as Shape>::Out {
    Ok(1)
}

#[count_outcome(success = "S", failure = "F")]
async fn alias<T: Default>() -> Alias<T> {
    Ok(T::default())
}

#[count_outcome(success = "S", failure = "F")]
fn io() -> std::io::Result<()> {
    Ok(())
}

fn main() {
    let metrics = ::tt_metrics::capture();
    assert_eq!(projected(), Ok(1));
    let _ = ::futures_util::FutureExt::now_or_never(alias::<u8>());
    io().unwrap();
    assert_eq!(metrics.count("S"), 3);
}
