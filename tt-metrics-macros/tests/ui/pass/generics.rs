//! Type, lifetime and const parameters, `where` clauses, and a static of one site for all of them.

use std::fmt::Debug;

use tt_metrics::{count, count_outcome};

struct Grid<T, const N: usize>([T; N]);

impl<'a, T, const N: usize> Grid<&'a T, N>
where
    T: Debug + ?Sized,
{
    #[count_outcome(success = "S", failure = "F")]
    fn first<E>(&self, error: E) -> Result<&'a T, E>
    where
        E: Debug,
    {
        self.0.first().copied().ok_or(error)
    }

    #[count("C")]
    #[count_outcome(success = "S", failure = "F")]
    async fn last<E: Debug>(&self, error: E) -> Result<&'a T, E> {
        self.0.last().copied().ok_or(error)
    }
}

#[count("C")]
#[count_outcome(success = "S", failure = "F")]
fn sum<T: Into<u64>, const N: usize>(list: [T; N]) -> Result<u64, [(); N]> {
    Ok(list.into_iter().map(Into::into).sum())
}

fn main() {
    let metrics = ::tt_metrics::capture();
    let grid = Grid(["a", "b"]);
    assert_eq!(grid.first(()), Ok("a"));
    let _ = ::futures_util::FutureExt::now_or_never(grid.last(()));
    assert_eq!(sum([1_u8, 2]), Ok(3));
    assert_eq!(sum([1_u32]), Ok(1));
    assert_eq!(["C", "S"].map(|metric| metrics.count(metric)), [3, 4]);
}
