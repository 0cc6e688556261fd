//! An `impl` block as a whole, with constants and types beside its methods.
#![deny(warnings)]

use std::{
    fmt::Display,
    future::Future,
    io,
    ops::{Deref, DerefMut},
};

use tt_metrics::{MetricName, count, count_outcome};

const DONE: MetricName = MetricName::new("Done");

pub struct Store<T, const N: usize>([T; N]);

/// With a comment.
#[count("Calls")]
#[count_outcome(success = DONE, failure = "Failed", crate = tt_metrics)]
#[allow(unused_braces)]
impl<T: Copy, const N: usize> Store<T, { N }>
where
    T: Display,
{
    #![allow(clippy::needless_lifetimes)]

    /// A constant.
    pub const SIZE: usize = { N };
    const FN_LIKE: fn() -> usize = || N;

    /// Makes one.
    #[count(skip)]
    #[count_outcome(skip)]
    pub const fn new(items: [T; N]) -> Self {
        Self(items)
    }

    /// Takes braces in its type.
    #[must_use]
    pub(crate) fn array(&self) -> Option<[T; { N }]> {
        Some(self.0)
    }

    pub async fn first<'a>(&'a mut self, (index, _): (usize, u8)) -> io::Result<&'a mut T> {
        self.0
            .get_mut(index)
            .ok_or_else(|| io::Error::other("first"))
    }

    #[cfg(not(debug_assertions))]
    fn not_here(&self) -> Missing {
        Missing
    }

    unsafe fn raw(self: Box<Self>) -> bool {
        !self.0.is_empty()
    }

    #[count(skip)]
    #[count_outcome(by = any, success = "Done")]
    fn own(&self) -> usize {
        Self::SIZE + (Self::FN_LIKE)()
    }
}

fn any(_: &usize) -> tt_metrics::Outcome {
    tt_metrics::Outcome::Success
}

pub trait Read {
    type Error;

    fn read(&self) -> Result<u8, Self::Error>;
    fn later(&self) -> impl Future<Output = Result<u8, Self::Error>> + Send;
    fn name(&self) -> &str;
}

#[count_outcome(success = "Done")]
impl Read for str {
    type Error = std::num::ParseIntError;

    fn read(&self) -> Result<u8, Self::Error> {
        self.parse()
    }

    async fn later(&self) -> Result<u8, Self::Error> {
        self.parse()
    }

    #[count_outcome(skip)]
    fn name(&self) -> &str {
        self
    }
}

struct Guard(Vec<u8>);

#[count("Calls")]
impl Deref for Guard {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

#[count("Items", items = self.0.len())]
impl DerefMut for Guard {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

unsafe trait Marker {
    fn mark() -> bool;
}

macro_rules! marked {
    ($($ty:ty),*) => {
        $(
            #[count_outcome(success = "Done")]
            unsafe impl Marker for $ty {
                fn mark() -> bool {
                    true
                }
            }
        )*
    };
}

marked!(u8, u16);

macro_rules! methods {
    () => {
        fn from_a_macro(&self) {}
    };
}

#[count_outcome(success = "Done")]
impl Guard {
    methods!();
}

fn main() {
    let metrics = ::tt_metrics::capture();
    let mut store = Store::new([1]);
    let _ = store.array();
    let _ = ::futures_util::FutureExt::now_or_never(store.first((0, 0)));
    let _ = store.own();
    assert!(unsafe { Box::new(store).raw() });
    assert_eq!("1".read(), Ok(1));
    let _ = ::futures_util::FutureExt::now_or_never("1".later());
    assert_eq!("1".name(), "1");
    let mut guard = Guard(Vec::new());
    guard.push(1);
    assert_eq!(guard.len(), 1);
    guard.from_a_macro();
    assert!(u8::mark() && u16::mark());
    assert_eq!(["Calls", "Done"].map(|metric| metrics.count(metric)), [4, 8]);
}
