//! What a user of the driver says about its records.

use crate::{Deadline, Fate, Outcome, Parked, Record, Refusal, Settled};

/// What to do with the records of a stream.
///
/// Every method may be called again for a record that it has seen: the mapping delivers at least
/// once. So delivering has to be recognisable, by a key of the item's own, and so has parking.
pub trait Consumer: Sync {
    /// A record that can be delivered.
    type Item: Send + Sync;
    /// Why a record cannot be.
    type Reason: Clone + Send + Sync;

    /// Reads one record. A panic counts against that record alone.
    ///
    /// # Errors
    ///
    /// When no delivery of these bytes can succeed: the record is parked.
    fn parse(&self, data: &[u8]) -> Result<Self::Item, Self::Reason>;

    /// Names what the item stands for, so that a second copy in the same batch is not delivered.
    fn key<'a>(&self, _item: &'a Self::Item) -> Option<&'a str> {
        None
    }

    /// How many records [`deliver`](Self::deliver) takes at once.
    fn chunk_size(&self) -> usize {
        200
    }

    /// Whether [`was_parked`](Self::was_parked) has to be asked about a record at all. Asking costs as
    /// much as the rest of a record that is fine, so a consumer that knows better says so.
    fn may_be_parked(&self, _record: &Record<'_>, _item: &Self::Item, _expiring: bool) -> bool {
        true
    }

    /// Whether this very record was parked by an earlier delivery, whose answer did not reach the
    /// mapping: [`Parked::Before`], or [`Parked::Now`] when that delivery did not come to count it.
    /// `expiring` is said of a record that would be parked for its age: those can be parked and
    /// deliverable a moment later, so they deserve a look into the place where they are kept.
    ///
    /// # Errors
    ///
    /// When that cannot be told: the record is delivered again.
    fn was_parked(
        &self,
        _record: &Record<'_>,
        _item: &Self::Item,
        _expiring: bool,
        _deadline: Deadline,
    ) -> impl Future<Output = Result<Option<Parked>, String>> + Send {
        async { Ok(None) }
    }

    /// Delivers a chunk and returns one outcome for each item, in order.
    ///
    /// A panic makes the driver deliver the halves of the chunk again, down to the one item that
    /// caused it. A missing outcome counts as retryable.
    fn deliver(
        &self,
        chunk: &[&Self::Item],
        deadline: Deadline,
    ) -> impl Future<Output = Vec<Outcome<Self::Reason>>> + Send;

    /// Looks for a last time at an item that is given up without an answer, since it panicked or is
    /// about to expire. Consumers whose delivery can succeed unseen override this.
    fn last_look(
        &self,
        _item: &Self::Item,
        _deadline: Deadline,
    ) -> impl Future<Output = Fate> + Send {
        async { Fate::Undone }
    }

    /// Keeps a record that will not be done, under a name that a second call finds taken.
    ///
    /// # Errors
    ///
    /// When it could not be kept: the record is delivered again.
    fn park(
        &self,
        record: &Record<'_>,
        item: Option<&Self::Item>,
        refusal: &Refusal<Self::Reason>,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Parked, String>> + Send;

    /// Learns the final outcome of a record, at most once for each delivery. This is the place to
    /// count. What it returns is what the record ended as: two deliveries at the same time may both
    /// find their success, and only the consumer can tell that it is one.
    fn settle(&self, _item: Option<&Self::Item>, settled: Settled) -> Settled {
        settled
    }
}
