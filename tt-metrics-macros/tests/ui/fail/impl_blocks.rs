//! A mistake on an `impl` block is one error, and the block stays as it was.

use tt_metrics::{count, count_outcome};

struct Store;

#[count_outcome(sucess = "Done")]
impl Store {
    fn one(&self) -> Result<(), ()> {
        Ok(())
    }

    #[count_outcome(skip)]
    fn two(&self) -> Self {
        Self
    }
}

#[count("Calls")]
#[count_outcome(success = "Done")]
impl Store {
    const fn new() -> Self {
        Self
    }

    fn three(&self) -> Result<(), ()> {
        Ok(())
    }
}

#[count_outcome(success = "Done")]
impl Store {
    fn four(&self) -> Self {
        Self
    }
}

#[count_outcome(success = "Done")]
impl Store {
    fn without_body(&self) -> Result<(), ()>;
}

#[count("Calls")]
impl Store {
    #[count(skip, "Own")]
    fn seven(&self) {}

    #[count_outcome(skip)]
    fn eight(&self) {}

    #[count(skip,)]
    fn nine(&self) {}
}

impl Store {
    #[count_outcome(skip)]
    fn five(&self) -> Self {
        Self
    }

    #[count(skip,)]
    fn six(&self) {}
}

fn main() {
    let store = Store::new();
    let _ = (store.one(), store.two(), store.three(), store.four(), store.five());
    store.six();
    store.seven();
    store.eight();
    store.nine();
}
