//! No lint fires on an expansion, however strict the crate.
#![deny(warnings, clippy::all, clippy::pedantic, clippy::nursery)]
#![deny(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    single_use_lifetimes
)]
#![deny(
    unused_qualifications,
    unused_results,
    unused_lifetimes,
    variant_size_differences
)]
#![deny(
    explicit_outlives_requirements,
    let_underscore_drop,
    trivial_casts,
    unit_bindings
)]
#![deny(
    clippy::implicit_return,
    clippy::absolute_paths,
    clippy::missing_docs_in_private_items
)]
#![deny(
    clippy::allow_attributes,
    clippy::let_underscore_untyped,
    clippy::infinite_loop
)]
#![deny(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::shadow_unrelated
)]
#![forbid(unsafe_code)]
#![expect(clippy::needless_return, reason = "`implicit_return` is denied")]

pub mod callers;
pub mod order;

use std::{
    fmt,
    future::{self, Future},
    io,
    pin::Pin,
};

use tt_metrics::{Outcome, count, count_outcome, outcome};

use callers::{finds, length, line, line_of};
use order::{Carrier, batch, batch_later, closures, later, parts, parts_later, ship, ship_later};

/// An account.
#[derive(Debug)]
pub struct Account {
    /// The remaining balance.
    balance: u8,
}

impl Account {
    /// Adds.
    ///
    /// # Errors
    ///
    /// For a bad factor.
    #[count("Calls")]
    #[count_outcome(success = "S", failure = "F", by = classify)]
    pub fn add(&mut self, factor: u8, (left, mut right): (u8, u8)) -> io::Result<u8> {
        if factor > 1 {
            return Err(io::Error::other("factor"));
        }
        self.balance = left;
        right = right.saturating_add(1);
        return Ok(right);
    }

    /// Adds later.
    ///
    /// # Errors
    ///
    /// For a bad factor.
    #[count("Calls")]
    #[count_outcome(success = "S", failure = "F")]
    pub async fn add_later(
        &mut self,
        (left, _): (u8, u8),
        name: &str,
        _unused: &str,
        _: String,
    ) -> io::Result<Box<dyn FnOnce() + Send + Sync>> {
        if name.is_empty() {
            return Err(io::Error::other(name.to_owned()));
        }
        future::ready(()).await;
        self.balance = left;
        return Ok(Box::new(|| {}));
    }

    /// Returns a boxed future.
    #[count_outcome(success = "S", failure = "F")]
    #[must_use]
    pub fn boxed(name: &'static str) -> Pin<Box<dyn Future<Output = io::Result<u8>> + Send>> {
        return Box::pin(async move {
            future::ready(()).await;
            return Err(io::Error::other(name));
        });
    }

    /// Empties the account.
    #[count("Calls", items = self.balance)]
    #[count_outcome(success = "S", by = done)]
    pub fn empty(&mut self) {
        self.balance = 0;
    }

    /// Empties the account later, and returns the former balance.
    #[must_use]
    #[count_outcome(success = "S", by = emptied)]
    pub async fn empty_later(&mut self) -> u8 {
        future::ready(()).await;
        let left = self.balance;
        self.balance = 0;
        return left;
    }
}

#[count("Calls")]
#[count_outcome(success = "S", failure = "F")]
impl Account {
    /// Whether the balance is zero.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        return self.balance == 0;
    }

    /// Fills the account.
    ///
    /// # Errors
    ///
    /// For a full account.
    pub async fn fill(&mut self, _unused: &str, _: String) -> io::Result<()> {
        future::ready(()).await;
        if self.balance > 0 {
            return Err(io::Error::other("full"));
        }
        self.balance = u8::MAX;
        return Ok(());
    }

    /// Makes an account.
    #[must_use]
    #[count(skip)]
    #[count_outcome(skip)]
    pub const fn new() -> Self {
        return Self { balance: 1 };
    }
}

impl Default for Account {
    fn default() -> Self {
        return Self::new();
    }
}

/// Shows a list.
///
/// # Errors
///
/// Never.
#[count_outcome(success = "S", failure = "F")]
#[count("Items", items = list.len())]
pub async fn show<T: fmt::Display + Sync, const N: usize>(
    name: &T,
    list: [&'static str; N],
    tail: impl fmt::Debug + Send,
) -> io::Result<impl fmt::Debug> {
    future::ready(()).await;
    return Ok(format!("{name} {list:?} {tail:?}"));
}

/// Returns what is given.
#[count_outcome(success = "S", failure = "F", each)]
pub async fn all(list: Vec<io::Result<u8>>) -> Vec<io::Result<u8>> {
    future::ready(()).await;
    return list;
}

/// Returns the balance.
#[count_outcome(success = "S", each, by = emptied)]
#[must_use]
pub fn left(account: &Account) -> [u8; 2] {
    return [account.balance, 0];
}

/// Counts a block.
#[must_use]
pub fn block(account: &Account) -> Option<u8> {
    return outcome! {
        success = "S", failure = "F";
        let left = account.balance.checked_sub(1)?;
        return Some(left);
    };
}

/// Classifies.
const fn classify(result: &io::Result<u8>) -> Outcome {
    return match result {
        Ok(_) => Outcome::Success,
        Err(_) => Outcome::Failure,
    };
}

/// Classifies.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "classifiers take references"
)]
const fn done(_result: &()) -> Outcome {
    return Outcome::Success;
}

/// Classifies.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "classifiers take references"
)]
const fn emptied(_left: &u8) -> Outcome {
    return Outcome::Success;
}

/// What can be sent.
pub trait Sender {
    /// Sends.
    #[count_outcome(success = "S", failure = "F")]
    fn send(&self, id: u8) -> Option<u8> {
        return id.checked_add(1);
    }

    /// Sends later.
    fn send_later(&self, id: u8) -> impl Future<Output = bool> + Send;
}

#[count_outcome(success = "S", failure = "F", latency = "L")]
impl Sender for Account {
    fn send(&self, id: u8) -> Option<u8> {
        return self.balance.checked_add(id);
    }

    async fn send_later(&self, id: u8) -> bool {
        future::ready(()).await;
        return id > self.balance;
    }
}

/// Calls everything.
fn main() {
    // Without counting nothing names them.
    assert_eq!(classify(&Ok(1)), classify(&Ok(2)));
    assert_eq!([done(&()), done(&())], [emptied(&1), emptied(&1)]);
    let mut account = Account::new();
    assert!(!account.is_empty());
    drop(account.fill("", String::new()));
    assert!(account.add(2, (1, 2)).is_err());
    account.empty();
    drop(account.add_later((1, 2), "name", "", String::new()));
    drop(account.empty_later());
    drop(Account::boxed("name"));
    assert_eq!(left(&account), [0, 0]);
    assert_eq!(block(&account), None);
    drop(all(Vec::new()));
    drop(show(&1, ["a"], 1));
    assert!(ship(&Carrier::Post, true, "a", "a").is_err());
    assert!(ship(&Carrier::Van, true, "a", "a").is_err());
    drop(ship_later(true, (1, 1), String::new()));
    assert_eq!(parts((vec![1], 1), true, 2, (3, 1)), 1);
    drop(parts_later((vec![1], 1), true, (3, 1)));
    drop(batch(&[1]));
    drop(batch_later(&[1]));
    drop(closures(&["1"], 1));
    drop(later(1));
    assert_eq!([line(), line_of("").unwrap_or_default()], [line!(), 0]);
    assert_eq!(finds(&[length()("a")])(&1, "b"), Some(&1));
    assert!(account.send(1).is_some());
    drop(account.send_later(1));
}
