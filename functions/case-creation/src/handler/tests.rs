//! What becomes of a batch.
