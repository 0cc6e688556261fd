//! Delivering a chunk so that a panic stays with the record that caused it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::FutureExt;

use crate::{Consumer, Deadline, Fate, Outcome, Record, Refusal};

/// What has to be done for a record.
pub(crate) enum Work<C: Consumer> {
    /// Deliver this.
    Deliver(C::Item),
    /// An earlier record of the batch holds the same: nothing.
    Copy,
    /// It cannot be delivered.
    Refuse(Refusal<C::Reason>),
}

/// What the delivery of a record came to.
pub(crate) enum Verdict<R> {
    Done(Outcome<R>),
    Panicked,
}

/// Reads a record; a panic in one is the failure of that one.
pub(crate) fn parse<C: Consumer>(consumer: &C, record: &Record<'_>) -> Work<C> {
    let data = match &record.data {
        Ok(data) => data,
        Err(unreadable) => return Work::Refuse(Refusal::Unreadable(unreadable.code)),
    };
    match catch_unwind(AssertUnwindSafe(|| consumer.parse(data))) {
        Ok(Ok(item)) => Work::Deliver(item),
        Ok(Err(reason)) => Work::Refuse(Refusal::Refused(reason)),
        Err(_) => Work::Refuse(Refusal::Panic),
    }
}

/// Delivers items; those of a delivery that panicked are delivered again by halves.
pub(crate) async fn deliver<C: Consumer>(
    consumer: &C,
    items: &[&C::Item],
    deadline: Deadline,
) -> Vec<Verdict<C::Reason>> {
    let mut verdicts = Vec::with_capacity(items.len());
    let mut open = vec![items];
    while let Some(part) = open.pop() {
        if part.is_empty() {
            continue;
        }
        if !verdicts.is_empty() && deadline.left_for_calls().is_zero() {
            verdicts.extend(part.iter().map(|_| retryable("out of time")));
            continue;
        }
        match AssertUnwindSafe(consumer.deliver(part, deadline))
            .catch_unwind()
            .await
        {
            Ok(outcomes) => {
                let outcomes = outcomes.into_iter().map(Verdict::Done);
                let missing = std::iter::repeat_with(|| retryable("no outcome"));
                verdicts.extend(outcomes.chain(missing).take(part.len()));
            }
            Err(_) if part.len() == 1 => verdicts.push(Verdict::Panicked),
            Err(_) => {
                let (first, second) = part.split_at(part.len().div_ceil(2));
                // The first half is taken next, so that verdicts stay in order.
                open.extend([second, first]);
            }
        }
    }
    verdicts
}

/// Looks for a last time; a panic says nothing.
pub(crate) async fn last_look<C: Consumer>(
    consumer: &C,
    item: &C::Item,
    deadline: Deadline,
) -> Fate {
    let look = AssertUnwindSafe(consumer.last_look(item, deadline)).catch_unwind();
    look.await
        .unwrap_or_else(|_| Fate::Unknown("a panic while looking for it".to_owned()))
}

fn retryable<R>(cause: &str) -> Verdict<R> {
    Verdict::Done(Outcome::Retryable(cause.to_owned()))
}
