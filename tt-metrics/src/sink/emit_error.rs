//! Why a batch, or a part of it, did not arrive.

use std::error::Error;

use super::Datum;

/// Why a batch did not arrive, or may not have arrived.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// Nothing was counted, so sending the batch again, or elsewhere, counts it once.
    #[error("the batch was not accepted")]
    NotAccepted(#[source] Box<dyn Error + Send + Sync>),
    /// The batch was sent and the answer is missing or does not tell, so sending it again can count it twice.
    #[error("it is unknown whether the batch was accepted")]
    Ambiguous(#[source] Box<dyn Error + Send + Sync>),
    /// Not all data fared alike.
    #[error(transparent)]
    Partial(Box<Partial>),
}

/// What became of a batch whose data did not all fare alike; those that are not in it were accepted.
#[derive(Debug, thiserror::Error)]
#[error("a part of the batch was not accepted")]
#[non_exhaustive]
pub struct Partial {
    /// Data that certainly were not counted, so sending them again, or elsewhere, counts them once.
    pub not_accepted: Vec<Datum>,
    /// Data that were sent and of which it is unknown whether they were accepted.
    pub ambiguous: Vec<Datum>,
    /// How many data lost something for good, since CloudWatch refuses them or nothing can carry them.
    pub dropped: u64,
    /// Why.
    pub source: Box<dyn Error + Send + Sync>,
}

impl Partial {
    /// One in which no datum is yet.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            not_accepted: Vec::new(),
            ambiguous: Vec::new(),
            dropped: 0,
            source: source.into(),
        }
    }
}

/// What a sink says about one batch.
pub type SinkResult = Result<(), EmitError>;
