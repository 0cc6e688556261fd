//! Methods of the traits of the standard library, and of traits for types of others.
#![deny(warnings)]
use std::{
    fmt::{self, Display},
    future::Future,
    iter::FusedIterator,
    marker::PhantomData,
    ops::{Add, AddAssign, Index, Neg},
    pin::Pin,
    str::FromStr,
};
use tt_metrics::{Outcome, capture, count, count_outcome};
fn any<T: ?Sized>(_: &T) -> Outcome {
    Outcome::Success
}

trait Named {
    fn named(&self) -> Option<String>;
    fn each<F>(&mut self, f: F) -> Result<u8, ()>
    where
        F: FnMut(&u8) -> bool;
}
impl<T: Display> Named for Vec<T>
where
    for<'a> &'a T: Display,
{
    #[count("C")]
    #[count_outcome(success = "S", failure = "F")]
    fn named(&self) -> Option<String> {
        Some(format!("{}", self.first()?))
    }
    #[count("C")]
    #[count_outcome(success = "S", failure = "F")]
    fn each<F>(&mut self, mut f: F) -> Result<u8, ()>
    where
        F: FnMut(&u8) -> bool,
    {
        if f(&1) { Ok(1) } else { Err(()) }
    }
}
impl<T: ?Sized, const N: usize> Named for (PhantomData<T>, [u8; N]) {
    #[count("C")]
    #[count_outcome(success = "S", failure = "F")]
    fn named(&self) -> Option<String> {
        const { assert!(N < 10) };
        Some(N.to_string())
    }
    #[count("C")]
    #[count_outcome(success = "S", failure = "F", dimensions(Empty: bool = self.1.is_empty()))]
    fn each<F>(&mut self, f: F) -> Result<u8, ()>
    where
        F: FnMut(&u8) -> bool,
    {
        if self.1.iter().all(f) { Ok(1) } else { Err(()) }
    }
}
struct Buffer<T = u8, const N: usize = 4> {
    items: [T; N],
}
#[count("C")]
#[count_outcome(success = "S", failure = "F")]
impl<T, const N: usize> Buffer<T, N>
where
    T: Copy + for<'a> PartialEq<&'a u8>,
{
    fn find(&self, what: &u8) -> Option<usize> {
        self.items.iter().position(|item| *item == what)
    }
    async fn find_later(&self, what: &u8) -> Option<usize> {
        self.find(what)
    }
}
#[derive(Clone, Copy, PartialEq, Debug)]
struct Odd(u8);
impl PartialEq<&u8> for Odd {
    fn eq(&self, o: &&u8) -> bool {
        self.0 == **o
    }
}

#[derive(Clone, Copy, PartialEq, Debug)]
struct Money(u64);
impl Add for Money {
    type Output = Self;
    #[count("C")]
    #[count_outcome(success = "S", by = any)]
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}
impl AddAssign<u64> for Money {
    #[count("C")]
    #[count_outcome(success = "S", by = any)]
    fn add_assign(&mut self, other: u64) {
        self.0 += other;
    }
}
impl Neg for Money {
    type Output = Option<Money>;
    #[count("C")]
    #[count_outcome(success = "S", failure = "F")]
    fn neg(self) -> Self::Output {
        None
    }
}
impl Index<usize> for Money {
    type Output = u64;
    #[count("C")]
    #[count_outcome(success = "S", by = any)]
    fn index(&self, _: usize) -> &u64 {
        &self.0
    }
}
impl Drop for Scratch {
    #[count("C")]
    #[count_outcome(success = "S", by = any)]
    fn drop(&mut self) {
        self.0.clear();
    }
}
struct Scratch(String);
impl FromStr for Money {
    type Err = std::num::ParseIntError;
    #[count("C")]
    #[count_outcome(success = "S", failure = "F")]
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Ok(Self(s.parse()?))
    }
}
impl TryFrom<i64> for Money {
    type Error = &'static str;
    #[count("C")]
    #[count_outcome(success = "S", failure = "F")]
    fn try_from(n: i64) -> Result<Self, Self::Error> {
        n.try_into().map(Self).map_err(|_| "negative")
    }
}
impl fmt::Display for Money {
    #[count("C")]
    #[count_outcome(success = "S", failure = "F")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
struct Down(u8);
impl Iterator for Down {
    type Item = u8;
    #[count("C")]
    #[count_outcome(success = "S", neutral = "N", by = ended)]
    fn next(&mut self) -> Option<u8> {
        self.0 = self.0.checked_sub(1)?;
        Some(self.0)
    }
}
impl FusedIterator for Down {}
fn ended<T>(o: &Option<T>) -> Outcome {
    if o.is_some() {
        Outcome::Success
    } else {
        Outcome::Neutral
    }
}
impl Future for Down {
    type Output = u8;
    #[count("C")]
    #[count_outcome(success = "S", by = any)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<u8> {
        self.0 += 1;
        cx.waker().wake_by_ref();
        std::task::Poll::Ready(self.0)
    }
}

fn now<F: Future>(future: F) -> F::Output {
    futures_util::FutureExt::now_or_never(future).unwrap()
}
fn main() {
    let metrics = capture();
    assert!(vec![1].named().is_some());
    assert!(vec![1].each(|_| true).is_ok());
    assert!((PhantomData::<str>, [1]).named().is_some());
    assert!((PhantomData::<str>, [1]).each(|_| false).is_err());
    let buffer = Buffer { items: [Odd(1); 4] };
    assert_eq!(buffer.find(&1), Some(0));
    assert_eq!(now(buffer.find_later(&1)), Some(0));
    let mut money = Money(1) + Money(2);
    money += 1;
    assert_eq!(-money, None);
    assert_eq!(money[0], 4);
    drop(Scratch(String::new()));
    assert!("x".parse::<Money>().is_err());
    assert!(Money::try_from(-1).is_err());
    assert_eq!(money.to_string(), "4");
    assert_eq!(Down(2).count(), 2);
    assert_eq!(now(Down(1)), 2);
    let counted = ["C", "S", "F", "N"].map(|metric| metrics.count(metric));
    assert_eq!(counted, [19, 14, 4, 1]);
}
