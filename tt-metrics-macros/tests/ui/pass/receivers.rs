//! Every kind of `self`, and functions without one.

use std::{pin::Pin, rc::Rc, sync::Arc};

use tt_metrics::count_outcome;

struct Unit(u8);

impl Unit {
    #[count_outcome(success = "S", failure = "F")]
    fn new(value: u8) -> Result<Self, ()> {
        Ok(Self(value))
    }

    #[count_outcome(success = "S", failure = "F")]
    fn by_value(mut self) -> Result<Self, ()> {
        self.0 += 1;
        Ok(self)
    }

    #[count_outcome(success = "S", failure = "F")]
    fn by_reference(&self) -> Result<&u8, ()> {
        Ok(&self.0)
    }

    #[count_outcome(success = "S", failure = "F")]
    fn boxed(self: Box<Self>) -> Result<u8, ()> {
        Ok(self.0)
    }

    #[count_outcome(success = "S", failure = "F")]
    async fn shared(self: Arc<Self>) -> Result<u8, ()> {
        Ok(self.0)
    }

    #[count_outcome(success = "S", failure = "F")]
    async fn counted(self: &Rc<Self>) -> Result<u8, ()> {
        Ok(self.0)
    }

    #[count_outcome(success = "S", failure = "F")]
    fn pinned(mut self: Pin<&mut Self>) -> Result<u8, ()> {
        self.0 += 1;
        Ok(self.0)
    }

    #[count_outcome(success = "S", failure = "F")]
    async fn consumed(mut self) -> Result<Self, ()> {
        self.0 += 1;
        Ok(self)
    }
}

fn main() {
    let metrics = ::tt_metrics::capture();
    let mut unit = Unit::new(1).unwrap().by_value().unwrap();
    assert_eq!(unit.by_reference(), Ok(&2));
    assert_eq!(Pin::new(&mut unit).pinned(), Ok(3));
    let _ = ::futures_util::FutureExt::now_or_never(Rc::new(Unit(1)).counted());
    let _ = ::futures_util::FutureExt::now_or_never(Arc::new(Unit(1)).shared());
    let _ = ::futures_util::FutureExt::now_or_never(Unit(1).consumed());
    assert_eq!(Box::new(unit).boxed(), Ok(3));
    assert_eq!(metrics.count("S"), 8);
}
