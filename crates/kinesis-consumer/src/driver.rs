//! The driver: a batch in, one final outcome or one more delivery for each record.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use crate::{
    Clock, Consumer, Deadline, Fate, KinesisBatch, NotKinesis, Outcome, Parked, Record, Refusal,
    Settled, Summary,
    chunk::{Verdict, Work, deliver, last_look, parse},
    progress::Progress,
};

#[cfg(test)]
mod tests;

/// Parked or looked at, at once.
const PARALLEL: usize = 8;
/// A chunk is not started with less time than this.
const SHORTEST_CHUNK: Duration = Duration::from_millis(500);

/// Runs batches for a [`Consumer`].
#[derive(Debug, Clone)]
pub struct Driver {
    clock: Clock,
    /// The age from which a record is parked rather than delivered again.
    last_age: Option<SignedDuration>,
}

/// A record on its way.
struct Item<'a, C: Consumer> {
    record: &'a Record<'a>,
    work: Work<C>,
}

/// A record of a chunk, with its place in the batch and what is known of it.
struct Judged<'a, C: Consumer> {
    place: usize,
    item: &'a Item<'a, C>,
    end: End<C::Reason>,
}

/// How a record ends.
enum End<R> {
    Settled(Settled),
    Park(Refusal<R>),
    Again(String),
}

impl Driver {
    /// A driver that delivers a record again until it is done, however old.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            last_age: None,
        }
    }

    /// Parks what could not be delivered and is about to expire, so that nothing expires uncounted.
    ///
    /// `max_record_age` is the `MaximumRecordAgeInSeconds` of the mapping. Records are parked an
    /// eighth of it earlier, at most half an hour: that is time for one more delivery, since the age
    /// is looked at in a delivery only. A record whose arrival is not known is never parked for it.
    #[must_use]
    pub fn parking_before(mut self, max_record_age: Duration) -> Self {
        let margin = (max_record_age / 8).min(Duration::from_mins(30));
        self.last_age = max_record_age.saturating_sub(margin).try_into().ok();
        self
    }

    /// Brings each record to its final outcome, or reports the first one that has none yet.
    ///
    /// # Errors
    ///
    /// Only when nothing was done: the event is not a Kinesis batch.
    ///
    /// # Cancel safety
    ///
    /// A record that was settled is settled; all others are as if they had not been delivered,
    /// except that the consumer may have done them.
    pub async fn run<C: Consumer>(
        &self,
        consumer: &C,
        batch: &KinesisBatch,
        deadline: Deadline,
    ) -> Result<Summary, NotKinesis> {
        let records = batch.records()?;
        let items = prepare(consumer, &records);
        let mut progress = Progress::new(&records);
        let size = consumer.chunk_size().max(1);
        for (number, chunk) in items.chunks(size).enumerate() {
            let first = number * size;
            if deadline.left_for_calls() < SHORTEST_CHUNK {
                progress.block(first, "out of time");
            } else {
                let judged = self.judge(consumer, first, chunk, deadline).await;
                settle(consumer, judged, &mut progress, deadline).await;
            }
            // What comes after would be delivered again anyway.
            if progress.is_blocked() {
                break;
            }
        }
        Ok(progress.finish())
    }

    async fn judge<'a, C: Consumer>(
        &self,
        consumer: &C,
        first: usize,
        chunk: &'a [Item<'a, C>],
        deadline: Deadline,
    ) -> Vec<Judged<'a, C>> {
        let known = self.recall(consumer, chunk, deadline).await;
        let open = chunk.iter().zip(&known).filter(|(_, end)| end.is_none());
        let items: Vec<_> = open.filter_map(|(item, _)| item.deliverable()).collect();
        let mut verdicts = deliver(consumer, &items, deadline).await.into_iter();
        let mut judged = Vec::with_capacity(chunk.len());
        // Records that will not be delivered again unless their fate is unknown, by their place.
        let mut given_up = Vec::new();
        for ((place, item), known) in (first..).zip(chunk).zip(known) {
            if let Some(end) = known {
                judged.push(Judged { place, item, end });
                continue;
            }
            let end = match &item.work {
                Work::Copy => End::Settled(Settled::Neutral),
                Work::Refuse(refusal) => End::Park(refusal.clone()),
                Work::Deliver(_) => match verdicts.next() {
                    Some(Verdict::Done(Outcome::Success)) => End::Settled(Settled::Success),
                    Some(Verdict::Done(Outcome::Neutral)) => End::Settled(Settled::Neutral),
                    Some(Verdict::Done(Outcome::Permanent(reason))) => {
                        End::Park(Refusal::Refused(reason))
                    }
                    Some(Verdict::Done(Outcome::Retryable(cause))) => {
                        if self.is_expiring(item.record, self.clock.now()) {
                            given_up.push(judged.len());
                        }
                        End::Again(cause)
                    }
                    Some(Verdict::Panicked) => {
                        given_up.push(judged.len());
                        End::Park(Refusal::Panic)
                    }
                    None => End::Again("no verdict".to_owned()),
                },
            };
            judged.push(Judged { place, item, end });
        }
        self.give_up(consumer, &mut judged, given_up, deadline)
            .await;
        judged
    }

    /// What is known of the records of a chunk before they are delivered.
    async fn recall<C: Consumer>(
        &self,
        consumer: &C,
        chunk: &[Item<'_, C>],
        deadline: Deadline,
    ) -> Vec<Option<End<C::Reason>>> {
        let mut known: Vec<_> = chunk.iter().map(|_| None).collect();
        let mut looks = Vec::new();
        let now = self.clock.now();
        for (item, known) in chunk.iter().zip(&mut known) {
            let expiring = self.is_expiring(item.record, now);
            let Some(deliverable) = item.deliverable() else {
                continue;
            };
            if !consumer.may_be_parked(item.record, deliverable, expiring) {
                continue;
            }
            looks.push(async move {
                let parked = consumer.was_parked(item.record, deliverable, expiring, deadline);
                *known = match parked.await {
                    Ok(None) => None,
                    Ok(Some(parked)) => Some(End::Settled(parked.into())),
                    Err(cause) => Some(End::Again(cause)),
                };
            });
        }
        let looks = stream::iter(looks).buffer_unordered(PARALLEL);
        looks.collect::<Vec<()>>().await;
        known
    }

    /// Decides the records that are given up, as far as the first that is delivered again.
    async fn give_up<C: Consumer>(
        &self,
        consumer: &C,
        judged: &mut [Judged<'_, C>],
        mut given_up: Vec<usize>,
        deadline: Deadline,
    ) {
        let blocks = |(index, judged): (usize, &Judged<'_, C>)| {
            matches!(judged.end, End::Again(_)) && !given_up.contains(&index)
        };
        let end = judged.iter().enumerate().position(blocks);
        let end = end.unwrap_or(judged.len());
        given_up.retain(|&index| index < end);
        let mut looks = Vec::new();
        for &index in &given_up {
            if let Some(item) = judged.get(index).and_then(|j| j.item.deliverable()) {
                looks.push(async move { (index, last_look(consumer, item, deadline).await) });
            }
        }
        let fates: Vec<_> = stream::iter(looks).buffered(PARALLEL).collect().await;
        for (index, fate) in fates {
            if let Some(judged) = judged.get_mut(index) {
                judged.end.decide(fate);
            }
        }
    }

    fn is_expiring(&self, record: &Record<'_>, now: Timestamp) -> bool {
        let age = record.arrived_at.map(|arrived| now.duration_since(arrived));
        age.zip(self.last_age).is_some_and(|(age, last)| age > last)
    }
}

/// Settles what is final. What is done, or was parked without being counted, is final wherever it
/// stands, since its replay finds it. Anything else behind a record that is delivered again comes again too, and is left to that delivery.
async fn settle<C: Consumer>(
    consumer: &C,
    judged: Vec<Judged<'_, C>>,
    progress: &mut Progress<'_>,
    deadline: Deadline,
) {
    for judged in &judged {
        match &judged.end {
            End::Settled(settled @ (Settled::Success | Settled::Failure)) => {
                progress.count(consumer.settle(judged.item.deliverable(), *settled));
            }
            End::Again(cause) => progress.block(judged.place, cause),
            End::Settled(Settled::Neutral) | End::Park(_) => {}
        }
    }
    let blocked = AtomicBool::new(false);
    let mut parks = Vec::new();
    for judged in &judged {
        if let (true, End::Park(refusal)) = (progress.is_before_block(judged.place), &judged.end) {
            let park = park_unless(&blocked, consumer, judged.item, refusal, deadline);
            parks.push(async move { (judged, park.await) });
        }
    }
    let mut parks = stream::iter(parks).buffered(PARALLEL);
    while let Some((judged, parked)) = parks.next().await {
        let settled = match parked {
            Some(Ok(parked)) => parked.into(),
            Some(Err(cause)) => {
                blocked.store(true, Ordering::Relaxed);
                progress.block(judged.place, &cause);
                continue;
            }
            None => continue,
        };
        progress.count(consumer.settle(judged.item.deliverable(), settled));
    }
    for judged in &judged {
        let neutral = matches!(judged.end, End::Settled(Settled::Neutral));
        if neutral && progress.is_before_block(judged.place) {
            progress.count(consumer.settle(judged.item.deliverable(), Settled::Neutral));
        }
    }
}

async fn park_unless<C: Consumer>(
    blocked: &AtomicBool,
    consumer: &C,
    item: &Item<'_, C>,
    refusal: &Refusal<C::Reason>,
    deadline: Deadline,
) -> Option<Result<Parked, String>> {
    if blocked.load(Ordering::Relaxed) {
        return None;
    }
    let parked = consumer.park(item.record, item.deliverable(), refusal, deadline);
    Some(parked.await)
}

fn prepare<'a, C: Consumer>(consumer: &C, records: &'a [Record<'a>]) -> Vec<Item<'a, C>> {
    let item = |record| Item {
        record,
        work: parse(consumer, record),
    };
    let mut items: Vec<_> = records.iter().map(item).collect();
    let mut seen = HashSet::with_capacity(items.len());
    let mut copies = Vec::with_capacity(items.len());
    for item in &items {
        let key = item.deliverable().and_then(|item| consumer.key(item));
        copies.push(key.is_some_and(|key| !seen.insert(key)));
    }
    for (item, is_copy) in items.iter_mut().zip(copies) {
        if is_copy {
            item.work = Work::Copy;
        }
    }
    items
}

impl<C: Consumer> Item<'_, C> {
    fn deliverable(&self) -> Option<&C::Item> {
        match &self.work {
            Work::Deliver(item) => Some(item),
            Work::Copy | Work::Refuse(_) => None,
        }
    }
}

impl<R> End<R> {
    /// Takes what a last look found.
    fn decide(&mut self, fate: Fate) {
        match (fate, &*self) {
            (Fate::Done, _) => *self = Self::Settled(Settled::Success),
            (Fate::Known, _) => *self = Self::Settled(Settled::Neutral),
            (Fate::Unknown(cause), _) => *self = Self::Again(cause),
            (Fate::Undone, Self::Again(cause)) => {
                *self = Self::Park(Refusal::Expired {
                    cause: cause.clone(),
                });
            }
            // It panicked, and that is the reason.
            (Fate::Undone, _) => {}
        }
    }
}
