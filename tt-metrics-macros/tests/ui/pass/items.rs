//! `items` takes an expression over the arguments, wherever they come from.
#![deny(warnings)]

use tt_metrics::{count, count_outcome};

struct Batch<'a, T, const N: usize>(&'a [T; N]);

impl<T, const N: usize> Batch<'_, T, N> {
    #[count("Items", items = self.0.len())]
    fn method(&self) {}

    #[count("Items", items = N * 2)]
    async fn later(&mut self) {}

    #[count_outcome(success = "Done")]
    #[count("Items", items = { let (left, right) = self.0.split_at(1); left.len() + right.len() })]
    fn moved(self) -> Result<Self, ()> {
        Ok(self)
    }
}

#[count("Items", items = if whole { list.len() } else { 1 })]
fn branch(whole: bool, list: impl ExactSizeIterator) {
    drop((whole, list));
}

#[count_outcome(success = "Done", crate = tt_metrics)]
#[count("Items", items = u64::from(*first), crate = tt_metrics)]
async fn pattern([first, ..]: &[u32; 2]) -> Result<u32, ()> {
    Ok(*first)
}

macro_rules! counted {
    ($name:ident, $argument:ident, $items:expr) => {
        #[count("Items", items = $items)]
        fn $name($argument: &[u8]) {
            let _ = $argument;
        }
    };
}

counted!(made, list, list.len() + 1);
counted!(written, list, 3);

#[count("Items", items = (4))]
#[allow(unused_parens)]
fn in_parentheses() {}

fn main() {
    let metrics = ::tt_metrics::capture();
    let mut batch = Batch(&[1, 2]);
    batch.method();
    let _ = ::futures_util::FutureExt::now_or_never(batch.later());
    assert!(batch.moved().is_ok());
    branch(true, [1].iter());
    let _ = ::futures_util::FutureExt::now_or_never(pattern(&[1, 2]));
    made(&[]);
    written(&[]);
    in_parentheses();
    assert_eq!(["Done", "Items"].map(|metric| metrics.count(metric)), [2, 18]);
}
