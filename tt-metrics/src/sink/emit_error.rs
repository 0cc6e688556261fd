//! The reasons for which a batch did not arrive.

use std::error::Error;

/// A batch did not arrive, or may not have arrived.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// Nothing was counted, so sending the batch again, or to another place, counts it once.
    #[error("the batch was not accepted")]
    NotAccepted(#[source] Box<dyn Error + Send + Sync>),
    /// The batch was sent and there is no answer that accepts or refuses it, so sending it again can count it twice.
    #[error("it is unknown whether the batch was accepted")]
    Ambiguous(#[source] Box<dyn Error + Send + Sync>),
}

/// The answer of a sink to one batch.
pub type SinkResult = Result<(), EmitError>;
