//! `&mut self` can be lent out again in the return value.

use tt_metrics::count_outcome;

struct Slot<T> {
    value: T,
    uses: u8,
}

impl<T> Slot<T> {
    #[count_outcome(success = "Lent", failure = "Refused")]
    fn lend(&mut self) -> Result<&mut T, u8> {
        self.uses += 1;
        if self.uses > 9 {
            return Err(self.uses);
        }
        Ok(&mut self.value)
    }

    #[count_outcome(success = "Lent", failure = "Refused")]
    async fn lend_later(&mut self) -> Result<&mut T, u8> {
        self.uses += 1;
        Ok(&mut self.value)
    }

    #[count_outcome(success = "Lent", failure = "Refused")]
    fn each(&mut self) -> Result<impl Iterator<Item = &mut T>, u8> {
        Ok(std::iter::once(&mut self.value))
    }
}

#[count_outcome(success = "Lent", failure = "Refused")]
fn reborrow<'a>(mut list: &'a mut [u8], skip: usize) -> Result<&'a mut [u8], u8> {
    for _ in 0..skip {
        list = &mut list[1..];
    }
    Ok(list)
}

fn main() {
    let metrics = ::tt_metrics::capture();
    let mut slot = Slot { value: 1, uses: 0 };
    *slot.lend().unwrap() += 1;
    assert_eq!(slot.each().unwrap().count(), 1);
    let _ = ::futures_util::FutureExt::now_or_never(slot.lend_later());
    assert_eq!(slot.value, 2);
    assert_eq!(reborrow(&mut [1, 2, 3], 2), Ok(&mut [3][..]));
    assert_eq!(metrics.count("Lent"), 4);
}
