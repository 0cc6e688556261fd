//! An attribute on an `impl` block is one on each method.

use std::{future::Future, panic::catch_unwind, pin::Pin};

use tt_metrics::{__private::SITES, Capture, Outcome, capture, count, count_outcome};

use crate::{block_on, poll_once, yield_once};

type Answer = Result<u8, u8>;

struct Store(u8);

#[count("BlockCalls")]
#[count_outcome(
    success = "BlockDone",
    failure = "BlockFailed",
    interrupted = "BlockCut"
)]
impl Store {
    const LIMIT: u8 = 2;

    /// Reads.
    fn read(&self) -> Answer {
        assert_ne!(self.0, 7);
        if self.0 > Self::LIMIT {
            Err(self.0)
        } else {
            Ok(self.0)
        }
    }

    async fn read_later(&self) -> Answer {
        yield_once().await;
        self.read_uncounted()
    }

    #[tt_metrics::count(skip)]
    #[count_outcome(skip)]
    fn read_uncounted(&self) -> Answer {
        if self.0 > Self::LIMIT {
            Err(self.0)
        } else {
            Ok(self.0)
        }
    }

    #[count_outcome(success = "BlockOwn")]
    #[count("BlockItems", items = self.0)]
    fn own(&self) -> Answer {
        Ok(self.0)
    }

    fn without_outcome(&mut self) {
        self.0 = 0;
    }

    fn without_return(&self) -> ! {
        unreachable!("{}", self.0)
    }
}

trait Read {
    fn read(&self) -> Answer;

    fn read_boxed(&self) -> Pin<Box<dyn Future<Output = Answer> + '_>>;

    fn read_again(&self) -> Answer {
        Ok(0)
    }
}

#[count_outcome(
    success = "BlockDone",
    failure = "BlockFailed",
    interrupted = "BlockCut"
)]
impl Read for Store {
    fn read(&self) -> Answer {
        Ok(self.0)
    }

    // As `async_trait` writes it.
    fn read_boxed(&self) -> Pin<Box<dyn Future<Output = Answer> + '_>> {
        Box::pin(async move {
            yield_once().await;
            Ok(self.0)
        })
    }
}

/// Calls, successes, failures, interruptions.
fn moved(metrics: &Capture) -> [u64; 4] {
    ["BlockCalls", "BlockDone", "BlockFailed", "BlockCut"].map(|metric| metrics.count(metric))
}

#[test]
fn each_method_is_counted() {
    let metrics = capture();
    assert_eq!(Store(1).read(), Ok(1));
    assert_eq!(Store(3).read(), Err(3));
    assert_eq!(moved(&metrics), [2, 1, 1, 0]);
    assert_eq!(block_on(Store(1).read_later()), Ok(1));
    assert_eq!(moved(&metrics), [3, 2, 1, 0]);
    assert!(catch_unwind(|| Store(7).read()).is_err());
    assert_eq!(moved(&metrics), [4, 2, 2, 0]);
    let store = Store(1);
    let mut future = Box::pin(store.read_later());
    assert!(poll_once(future.as_mut()).is_pending());
    drop(future);
    assert_eq!(moved(&metrics), [5, 2, 2, 1]);
}

#[test]
fn a_skipped_method_is_not_counted() {
    let metrics = capture();
    assert_eq!(Store(1).read_uncounted(), Ok(1));
    assert_eq!(moved(&metrics), [0, 0, 0, 0]);
}

#[test]
fn a_method_with_an_attribute_of_its_own_has_that_in_place_of_the_block() {
    let metrics = capture();
    assert_eq!(Store(2).own(), Ok(2));
    assert_eq!(moved(&metrics), [0, 0, 0, 0]);
    assert_eq!(metrics.count("BlockOwn"), 1);
    assert_eq!(metrics.count("BlockItems"), 2);
}

#[test]
fn a_method_that_returns_nothing_has_calls_and_no_outcome() {
    let metrics = capture();
    Store(1).without_outcome();
    assert!(catch_unwind(|| Store(1).without_return()).is_err());
    assert_eq!(moved(&metrics), [2, 0, 0, 0]);
}

#[test]
fn methods_of_a_trait_are_counted() {
    let metrics = capture();
    let store = Store(5);
    assert_eq!(Read::read(&store), Ok(5));
    assert_eq!(block_on(store.read_boxed()), Ok(5));
    assert_eq!(store.read_again(), Ok(0));
    assert_eq!(moved(&metrics), [0, 2, 0, 0]);
}

#[test]
fn a_classifier_of_the_block_classifies_each_method() {
    struct Switch(bool);

    #[count_outcome(success = "BlockDone", failure = "BlockFailed", by = Self::classify)]
    impl Switch {
        fn turn(&mut self) {
            self.0 = !self.0;
        }

        fn turn_off(&mut self) {
            self.0 = false;
        }

        #[count_outcome(skip)]
        #[expect(
            clippy::trivially_copy_pass_by_ref,
            reason = "a classifier takes a reference to the return value"
        )]
        fn classify((): &()) -> Outcome {
            Outcome::Success
        }
    }

    let metrics = capture();
    let mut switch = Switch(false);
    switch.turn();
    switch.turn_off();
    assert!(!switch.0);
    assert_eq!(moved(&metrics), [0, 2, 0, 0]);
}

#[test]
fn several_attributes_of_one_name_on_a_block_each_count() {
    struct Shop(u8);

    #[count("BlockCalls")]
    #[count("BlockVisits", items = 2)]
    #[count_outcome(success = "BlockDone")]
    #[count_outcome(success = "BlockOpened", failure = "BlockFailed")]
    impl Shop {
        fn open(&self) -> bool {
            self.0 > 0
        }

        #[count(skip)]
        #[count_outcome(skip)]
        fn is_open(&self) -> bool {
            self.0 > 0
        }

        #[count("BlockOwn")]
        async fn open_later(&self) -> Option<u8> {
            yield_once().await;
            Some(self.0)
        }
    }

    let metrics = capture();
    let others = || ["BlockVisits", "BlockOpened", "BlockOwn"].map(|metric| metrics.count(metric));
    assert!(Shop(1).open());
    assert!(!Shop(0).open());
    assert_eq!((moved(&metrics), others()), ([2, 1, 1, 0], [4, 1, 0]));
    assert!(Shop(1).is_open());
    assert_eq!((moved(&metrics), others()), ([2, 1, 1, 0], [4, 1, 0]));
    assert_eq!(block_on(Shop(3).open_later()), Some(3));
    assert_eq!((moved(&metrics), others()), ([2, 2, 1, 0], [4, 2, 1]));
}

#[test]
fn a_method_that_returns_nothing_has_no_items() {
    struct Lines(Vec<String>);

    #[count_outcome(success = "BlockDone", failure = "BlockFailed", each, by = is_text)]
    impl Lines {
        fn split(&self) -> Vec<String> {
            self.0.clone()
        }

        fn clear(&mut self) {
            self.0.clear();
        }
    }

    fn is_text(line: &str) -> Outcome {
        if line.is_ascii() {
            Outcome::Success
        } else {
            Outcome::Failure
        }
    }

    let metrics = capture();
    let mut lines = Lines(["a", "b", "\u{e4}"].map(String::from).to_vec());
    assert_eq!(lines.split().len(), 3);
    lines.clear();
    assert_eq!(moved(&metrics), [0, 2, 1, 0]);
}

#[test]
fn each_method_is_declared_by_its_own_name_and_doc() {
    let declared: Vec<_> = SITES
        .iter()
        .map(|site| &site.declaration)
        .filter(|site| {
            site.success
                .is_some_and(|name| name.as_str() == "BlockDone")
        })
        .filter(|site| site.function.ends_with("::impl_blocks::read"))
        .map(|site| site.doc)
        .collect();
    assert_eq!(declared.len(), 2);
    assert!(declared.contains(&"Reads."));
    assert!(declared.contains(&""));
}
