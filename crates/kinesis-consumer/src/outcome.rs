//! How a record can end, and who says so.

/// What became of a record that was handed to [`Consumer::deliver`](crate::Consumer::deliver).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<R> {
    /// Done, by this delivery.
    Success,
    /// Nothing was left to do: an earlier delivery did it.
    Neutral,
    /// No retry can help: the record is parked.
    Permanent(R),
    /// Not done, or not known: the record is delivered again.
    Retryable(String),
}

/// Why a record is parked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal<R> {
    /// It holds no data that can be read; the text is a code such as `NOT_BASE64`.
    Unreadable(&'static str),
    /// Parsing or delivering it panicked.
    Panic,
    /// It could not be delivered until it was about to expire.
    Expired {
        /// The last thing that went wrong.
        cause: String,
    },
    /// The consumer refused it, in [`Consumer::parse`](crate::Consumer::parse) or
    /// [`Consumer::deliver`](crate::Consumer::deliver).
    Refused(R),
}

/// What is found about a record that is about to be given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// A delivery of ours has done it after all, and nobody has counted it.
    Done,
    /// It was done and counted before.
    Known,
    /// It was not done: park it.
    Undone,
    /// Nobody can tell now: leave it to the next delivery, or to the destination on failure.
    Unknown(String),
}

/// Whether a record is new where failed records are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parked {
    /// This call put it there.
    Now,
    /// An earlier delivery did, and has counted it.
    Before,
}

/// How a record ended, for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Done.
    Success,
    /// Nothing was left to do: it was done or parked before, or is a copy of an earlier record.
    Neutral,
    /// It will not be done; the record is parked.
    Failure,
}

impl From<Parked> for Settled {
    fn from(parked: Parked) -> Self {
        match parked {
            Parked::Now => Self::Failure,
            Parked::Before => Self::Neutral,
        }
    }
}
