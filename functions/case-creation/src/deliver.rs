//! Fourth stage: Cases to Salesforce.
//!
//! The Cases of a live batch are created. The Cases of a discarded batch are only looked up. A panic affects the record
//! that caused it and no other, and a record that is about to expire is looked up before it is given up.

mod attempt;
mod calls;
mod create;
mod lookup;
pub(crate) mod salesforce;

pub(crate) use create::Creation;
pub use lookup::CLOCK_SKEW;
pub(crate) use lookup::Lookup;

use std::{
    borrow::Cow,
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicBool, Ordering},
};

use futures_util::{FutureExt, StreamExt, stream};

use crate::{
    decode::Intake,
    ending::{Ending, Rejection},
    map::Item,
};

/// Number of concurrent lookups.
const CONCURRENT_LOOKUPS: usize = 8;

/// The delivery of one batch.
#[derive(Debug)]
pub(crate) struct Delivery<'a> {
    pub(crate) creation: Creation<'a>,
    pub(crate) intake: Intake<'a>,
    /// Whether a lookup failed. The other ones would fail, too.
    pub(crate) cannot_look_up: AtomicBool,
}

impl Delivery<'_> {
    /// Delivers those items that have no ending, and sets their endings.
    pub(crate) async fn deliver(&self, items: &mut [Item<'_>]) {
        let open: Vec<&Item<'_>> = items.iter().filter(|i| i.open_case().is_some()).collect();
        let mut endings = self.deliver_in_parts(&open).await.into_iter();
        let now = self.creation.lookup.session.clock.now();
        // Items that are not delivered again, unless it is unknown whether their Case exists.
        let mut given_up = Vec::new();
        for (index, item) in items.iter_mut().enumerate() {
            if item.open_case().is_none() {
                continue;
            }
            let ending = endings.next().flatten();
            let is_given_up = match &ending {
                None => true,
                Some(Ending::Retry(_)) => self.creation.expiry.is_expiring(&item.record, now),
                Some(_) => false,
            };
            if is_given_up {
                given_up.push(index);
            }
            item.ending = Some(ending.unwrap_or_else(|| Ending::Rejected(Rejection::panic())));
        }
        self.give_up(items, given_up).await;
    }

    /// Returns one ending for each item, in order; `None` for an item whose delivery panicked. When the delivery of a part
    /// panics, its halves are delivered again.
    async fn deliver_in_parts(&self, items: &[&Item<'_>]) -> Vec<Option<Ending>> {
        let mut endings = Vec::with_capacity(items.len());
        let mut parts = vec![items];
        while let Some(part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            let remaining = self.creation.lookup.session.remaining();
            if !endings.is_empty() && remaining.is_zero() {
                let retry = |_| Some(Ending::Retry(Cow::Borrowed("out of time")));
                endings.extend(part.iter().map(retry));
                continue;
            }
            match AssertUnwindSafe(self.deliver_part(part))
                .catch_unwind()
                .await
            {
                Ok(part) => endings.extend(part.into_iter().map(Some)),
                Err(_) if part.len() == 1 => endings.push(None),
                Err(_) => {
                    let (first, second) = part.split_at(part.len().div_ceil(2));
                    // The first half is next, so the endings stay in order.
                    parts.extend([second, first]);
                }
            }
        }
        endings
    }

    async fn deliver_part(&self, items: &[&Item<'_>]) -> Vec<Ending> {
        let Intake::Discarded { condition } = self.intake else {
            return self.creation.create(items).await;
        };
        let mut lookups = Vec::with_capacity(items.len());
        for item in items {
            lookups.push(self.decide_discarded(item, condition));
        }
        let lookups = stream::iter(lookups).buffered(CONCURRENT_LOOKUPS);
        lookups.collect().await
    }

    /// A discarded record that is no Case is rejected.
    async fn decide_discarded(&self, item: &Item<'_>, condition: &str) -> Ending {
        match self.look_up(item).await {
            Ok(Some(ending)) => ending,
            Ok(None) => {
                let message = "the event source mapping discarded it";
                Ending::Rejected(Rejection::new(condition.to_owned(), message))
            }
            Err(cause) => Ending::Retry(cause),
        }
    }

    /// Decides the items that are given up, as far as the first one that is delivered again.
    async fn give_up(&self, items: &mut [Item<'_>], mut given_up: Vec<usize>) {
        let is_retried = |(index, item): (usize, &Item<'_>)| {
            matches!(item.ending, Some(Ending::Retry(_))) && !given_up.contains(&index)
        };
        let end = items.iter().enumerate().position(is_retried);
        given_up.retain(|&index| end.is_none_or(|end| index < end));
        let mut lookups = Vec::new();
        for &index in &given_up {
            if let Some(item) = items.get(index) {
                lookups.push(async move { (index, self.last_lookup(item).await) });
            }
        }
        let found: Vec<_> = stream::iter(lookups)
            .buffered(CONCURRENT_LOOKUPS)
            .collect()
            .await;
        for (index, found) in found {
            let Some(item) = items.get_mut(index) else {
                continue;
            };
            match (found, &item.ending) {
                (Ok(Some(ending)), _) => item.ending = Some(ending),
                (Ok(None), Some(Ending::Retry(cause))) => {
                    let rejection = Rejection::new("EXPIRED", cause.as_ref());
                    item.ending = Some(Ending::Rejected(rejection));
                }
                // The delivery panicked.
                (Ok(None), _) => {}
                (Err(cause), _) => item.ending = Some(Ending::Retry(cause)),
            }
        }
    }

    /// Looks up the Case of a record that is given up; a panic leaves it undecided.
    ///
    /// When Salesforce cannot be queried, a record is given up only if no call of this process can have created its Case.
    /// A discarded record is given up only by an answer of Salesforce: it is not delivered again, so nothing is lost by
    /// deciding it later.
    async fn last_lookup(&self, item: &Item<'_>) -> Result<Option<Ending>, Cow<'static, str>> {
        if self.intake != Intake::Live {
            return Err(Cow::Borrowed("Salesforce cannot be queried"));
        }
        let memory = self.creation.lookup.memory;
        let event_id = item.event_id().unwrap_or_default();
        let lookup = AssertUnwindSafe(self.look_up(item)).catch_unwind();
        match lookup.await {
            Ok(Ok(ending)) => Ok(ending),
            // The Case was counted, and the mapping did not receive the answer of that invocation.
            Ok(Err(_)) if memory.has_counted(event_id) => Ok(Some(Ending::NothingToDo)),
            Ok(Err(_)) if memory.sent_since(event_id).is_none() => Ok(None),
            Ok(Err(cause)) => Err(cause),
            Err(_) => Err(Cow::Borrowed("a panic during its lookup")),
        }
    }

    async fn look_up(&self, item: &Item<'_>) -> Result<Option<Ending>, Cow<'static, str>> {
        if self.cannot_look_up.load(Ordering::Relaxed) {
            return Err(Cow::Borrowed("Salesforce cannot be queried"));
        }
        let lookup = &self.creation.lookup;
        let event_id = item.event_id().unwrap_or_default();
        let since = lookup.memory.sent_since(event_id);
        let ending = lookup.ending(event_id, since).await;
        ending.map_err(|error| {
            self.cannot_look_up.store(true, Ordering::Relaxed);
            error.to_string().into()
        })
    }
}
