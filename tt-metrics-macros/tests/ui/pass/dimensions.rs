//! Dimensions of every bounded kind, on every kind of function, under strict lints.
#![deny(warnings, missing_docs, unused_qualifications, unreachable_pub)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery)]
#![forbid(unsafe_code)]

use std::{borrow::Cow, future::Future, sync::Arc};

use tt_metrics::{Dimension, MetricName, count, count_outcome, outcome};

const SHIPPED: MetricName = MetricName::new("Shipped");

/// Variants of every shape, with a lifetime and a type.
#[derive(Debug, Clone, Dimension)]
pub enum Kind<'a, T> {
    /// Alone.
    Plain,
    /// With fields.
    #[dimension("With a name")]
    Named {
        /// One.
        name: &'a str,
    },
    /// With a value.
    Value(T),
}

/// Of another crate, grouped by hand.
pub struct Status(u16);

impl Dimension for Status {
    const VALUES: &'static [&'static str] = &["ok", "failed"];

    fn index(&self) -> usize {
        usize::from(self.0 >= 400)
    }
}

struct Shop {
    kind: Kind<'static, u8>,
}

impl Shop {
    #[count_outcome(success = SHIPPED, dimensions(Kind: Kind<'static, u8> = self.kind), latency = "ShipTime")]
    async fn ship(&self, mut rest: Vec<u8>) -> Option<u8> {
        rest.pop()
    }

    #[count("Visits", dimensions(Kind: Kind<'_, u8> = self.kind, Status: Status = Status(200)))]
    fn visit(self: Arc<Self>) {}
}

trait Store {
    #[count_outcome(success = "Stored", failure = "NotStored", failure_by = Kind<'static, u8>, in_flight = "Storing")]
    fn store(&self, fail: bool) -> Result<(), Kind<'static, u8>> {
        if fail { Err(Kind::Plain) } else { Ok(()) }
    }
}

impl Store for Shop {}

#[count_outcome(success = "Text", dimensions(Tier: ["free", "paid"] = tier, "Shop name" = name, max = 3))]
fn text<T: Clone>(tier: &'static str, name: Cow<'_, str>, value: T) -> Option<(T, usize)> {
    Some((value, name.len()))
}

#[count_outcome(success = "Boxed", failure = "NotBoxed", dimensions(paid), failure_by = Kind<'static, u8>)]
fn boxed(paid: bool) -> impl Future<Output = Result<bool, Box<Kind<'static, u8>>>> {
    async move { Ok(paid) }
}

#[count_outcome(success = "Computed", dimensions(More: bool = one + 1 > *other, r#type: bool = r#type))]
fn computed(one: u8, other: &u8, r#type: bool) -> Option<bool> {
    Some(one > *other && r#type)
}

fn main() {
    let metrics = ::tt_metrics::capture();
    let shop = Arc::new(Shop {
        kind: Kind::Named { name: "a" },
    });
    let _ = ::futures_util::FutureExt::now_or_never(shop.ship(vec![1]));
    Arc::clone(&shop).visit();
    assert!(shop.store(true).is_err());
    assert!(text("free", "b".into(), 1).is_some());
    let _ = ::futures_util::FutureExt::now_or_never(boxed(true));
    assert_eq!(computed(2, &1, false), Some(false));
    let paid = false;
    let block = outcome!(success = "Block", dimensions(Paid: bool = paid); Some(!paid));
    assert_eq!(block, Some(true));
    assert_eq!(Kind::Value(1).index(), 2);
    assert_eq!(["Block", "Boxed", "Computed", "NotStored", "Shipped", "Text", "Visits"].map(|metric| metrics.count(metric)), [1, 1, 1, 1, 1, 1, 1]);
}
