//! What became of the records of one request.

use crate::{PutError, Receipt};

/// The final result of one record.
pub(crate) type Fate = Result<Receipt, PutError>;

/// What became of the records of one request.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) results: Vec<(usize, Fate)>,
    /// Records to send in requests of their own, the first half last.
    pub(crate) halves: Vec<Vec<usize>>,
}

impl Done {
    pub(crate) fn fail(&mut self, indices: impl IntoIterator<Item = usize>, error: &PutError) {
        self.results
            .extend(indices.into_iter().map(|index| (index, Err(error.clone()))));
    }
}
