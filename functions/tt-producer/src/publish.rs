//! Publishes received records in batches, some in flight, and settles each of them.

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash, Hasher},
    ops::Range,
    time::{Duration, Instant},
};

use kinesis_batch::{Order, PutError, Receipt, Stream};
use tokio::task::JoinHandle;
use tt_event::Encoder;

use crate::{
    account::settle,
    deadline::Deadline,
    failure::Failure,
    object::Object,
    park::Parking,
    parked::{Origin, Stretch},
    record::Record,
    upload::Upload,
};

/// The way of one file's records to the stream.
///
/// Holds at most `in_flight` batches and those that are being filled.
#[derive(Debug)]
pub(crate) struct Publisher {
    stream: Stream,
    object: Object,
    deadline: Deadline,
    parking: Parking,
    encoder: Encoder,
    /// The event that is being written.
    event: Vec<u8>,
    lanes: Vec<Lane>,
    settled: Settled,
    /// The longest that a batch was on its way.
    longest: Duration,
}

/// How many records of a file ended how.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) published: u64,
    pub(crate) failed: u64,
    pub(crate) parked: u64,
}

/// Batches in file order. When the records of a key must stay in order, each key has one lane and
/// each lane one batch in flight.
#[derive(Debug)]
struct Lane {
    in_flight: usize,
    flying: VecDeque<Flying>,
    batch: Batch,
}

/// Records that go out in one request, and the failed ones between them.
#[derive(Debug)]
struct Batch {
    kept: Kept,
    events: kinesis_batch::Batch,
    produced_at: String,
}

/// What is known of records until they are settled.
#[derive(Debug, Default)]
struct Kept {
    items: Vec<Item>,
    /// Their stretches of the file, one behind the other.
    content: Vec<u8>,
}

#[derive(Debug)]
struct Item {
    index: u64,
    offset: u64,
    content: Range<usize>,
    rare: Option<Box<Rare>>,
}

/// What hardly any record has.
#[derive(Debug)]
struct Rare {
    truncated: bool,
    origin: Option<Box<Origin>>,
    rest: Option<Box<Upload>>,
    /// Why it is not among the events.
    failure: Option<Failure>,
}

#[derive(Debug)]
struct Flying {
    kept: Kept,
    /// How long it took, and what became of each record.
    answer: JoinHandle<(Duration, Vec<Result<Receipt, PutError>>)>,
}

impl Publisher {
    pub(crate) fn new(
        stream: Stream,
        object: Object,
        deadline: Deadline,
        parking: Parking,
        in_flight: usize,
    ) -> Self {
        let in_flight = in_flight.max(1);
        let (lanes, in_lane) = match stream.limits().order {
            Order::Any => (1, in_flight),
            Order::PerKey => (in_flight, 1),
        };
        let lane = |_| Lane {
            in_flight: in_lane,
            flying: VecDeque::new(),
            batch: Batch::new(&stream),
        };
        Self {
            lanes: (0..lanes).map(lane).collect(),
            encoder: Encoder::new(&object.bucket, &object.key, object.version()),
            event: Vec::new(),
            stream,
            object,
            deadline,
            parking,
            settled: Settled::default(),
            longest: Duration::ZERO,
        }
    }

    /// The longest that a batch was on its way, retries included.
    pub(crate) fn longest(&self) -> Duration {
        self.longest
    }

    /// Remembers the header row of a CSV file, which parked rows need.
    pub(crate) fn set_header(&mut self, row: &[u8]) {
        self.parking.set_header(row);
    }

    /// Takes one received record; true when a batch was sent, which may have taken time.
    pub(crate) async fn push(
        &mut self,
        stretch: Stretch<'_>,
        received: Result<Record<'_>, Failure>,
    ) -> bool {
        let number = received.as_ref().map_or(0, |record| self.lane_of(record));
        let Some(Lane { batch, .. }) = self.lanes.get_mut(number) else {
            return false;
        };
        if batch.kept.items.is_empty() {
            batch.produced_at = jiff::Timestamp::now().to_string();
        }
        let failure = match received {
            Ok(record) => {
                self.event.clear();
                let (at, out) = (&batch.produced_at, &mut self.event);
                match &stretch.origin {
                    Some(origin) => {
                        let encoder = Encoder::of(&origin.source);
                        record.encode(&encoder, origin.source.index, at, out);
                    }
                    None => record.encode(&self.encoder, stretch.index, at, out),
                }
                batch.events.push(record.customer_id(), &self.event);
                None
            }
            Err(failure) => Some(failure),
        };
        batch.kept.push(stretch, failure);
        let bytes = batch.kept.content.len() + batch.events.size();
        let limits = self.stream.limits();
        let full = batch.kept.items.len() >= limits.put_records() || bytes >= limits.request_bytes;
        if full {
            self.send(number).await;
        }
        full
    }

    /// Sends what is left and waits for every answer.
    pub(crate) async fn settle(&mut self) {
        for lane in 0..self.lanes.len() {
            self.send(lane).await;
        }
        for lane in 0..self.lanes.len() {
            while self.settle_oldest(lane).await {}
        }
    }

    /// Settles what is left, writes what is parked, and says how the records ended.
    pub(crate) async fn finish(mut self) -> Settled {
        self.settle().await;
        let parked = self.parking.finish().await;
        Settled {
            parked,
            ..self.settled
        }
    }

    fn lane_of(&self, record: &Record<'_>) -> usize {
        if self.lanes.len() < 2 {
            return 0;
        }
        let mut hasher = DefaultHasher::new();
        record.customer_id().hash(&mut hasher);
        let lanes = self.lanes.len().max(1) as u64;
        usize::try_from(hasher.finish() % lanes).unwrap_or_default()
    }

    async fn send(&mut self, number: usize) {
        let Some(lane) = self.lanes.get_mut(number) else {
            return;
        };
        if lane.batch.kept.items.is_empty() {
            return;
        }
        let mut next = Batch::new(&self.stream);
        next.reserve_like(&lane.batch);
        let Batch { kept, events, .. } = std::mem::replace(&mut lane.batch, next);
        let (in_flight, flying) = (lane.in_flight, lane.flying.len());
        for _ in in_flight..=flying {
            self.settle_oldest(number).await;
        }
        let (stream, stop) = (self.stream.clone(), self.deadline.stop);
        let answer = tokio::spawn(async move {
            let begun = Instant::now();
            let answers = stream.put_batch(events, stop).await;
            (begun.elapsed(), answers)
        });
        if let Some(lane) = self.lanes.get_mut(number) {
            lane.flying.push_back(Flying { kept, answer });
        }
    }

    /// Settles the records of the oldest batch of a lane; false when there is none.
    async fn settle_oldest(&mut self, number: usize) -> bool {
        let lane = self.lanes.get_mut(number);
        let Some(flying) = lane.and_then(|lane| lane.flying.pop_front()) else {
            return false;
        };
        // The task may have panicked: then no record of the batch has an answer, and each fails.
        let (took, answers) = flying.answer.await.unwrap_or_default();
        self.longest = self.longest.max(took);
        let mut answers = answers.into_iter();
        let Kept { items, content } = flying.kept;
        for mut item in items {
            let failure = item.rare.as_mut().and_then(|rare| rare.failure.take());
            let fate = match failure {
                Some(failure) => Err(failure),
                None => match answers.next() {
                    Some(Ok(_)) => Ok(()),
                    Some(Err(error)) => Err(Failure::Put(error)),
                    None => Err(Failure::Task),
                },
            };
            match settle(fate) {
                Ok(()) => self.settled.published += 1,
                Err(failure) => self.keep(&item.stretch(&content), &failure).await,
            }
        }
        true
    }

    /// Keeps what ended unpublished.
    async fn keep(&mut self, stretch: &Stretch<'_>, failure: &Failure) {
        self.settled.failed += 1;
        tracing::warn!(
            bucket = self.object.bucket,
            key = self.object.key,
            version = self.object.version(),
            index = stretch.index,
            offset = stretch.offset,
            reason = %failure,
            "record failed"
        );
        self.parking.keep(stretch, failure).await;
    }
}

impl Batch {
    fn new(stream: &Stream) -> Self {
        Self {
            kept: Kept::default(),
            events: stream.batch(),
            produced_at: String::new(),
        }
    }

    /// Makes room for what was in the batch before: the next one is as large, most often.
    fn reserve_like(&mut self, before: &Self) {
        self.kept.items.reserve(before.kept.items.len());
        self.kept.content.reserve(before.kept.content.len());
        self.events
            .reserve(before.events.len(), before.events.size());
    }
}

impl Kept {
    fn push(&mut self, stretch: Stretch<'_>, failure: Option<Failure>) {
        let start = self.content.len();
        self.content.extend_from_slice(stretch.content);
        let Stretch {
            index,
            offset,
            truncated,
            origin,
            rest,
            ..
        } = stretch;
        let is_rare = truncated || origin.is_some() || rest.is_some() || failure.is_some();
        let rare = Rare {
            truncated,
            origin,
            rest,
            failure,
        };
        self.items.push(Item {
            index,
            offset,
            content: start..self.content.len(),
            rare: is_rare.then(|| Box::new(rare)),
        });
    }
}

impl Item {
    fn stretch(self, content: &[u8]) -> Stretch<'_> {
        let (truncated, origin, rest) = match self.rare {
            Some(rare) => (rare.truncated, rare.origin, rare.rest),
            None => (false, None, None),
        };
        Stretch {
            index: self.index,
            offset: self.offset,
            content: content.get(self.content).unwrap_or_default(),
            truncated,
            origin,
            rest,
        }
    }
}
