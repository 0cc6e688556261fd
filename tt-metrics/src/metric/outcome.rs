//! The outcome of a counted call, and the classification of return values.

use std::ops::ControlFlow;

/// How a counted call ended. Every call that began has exactly one outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The work succeeded.
    Success,
    /// The work failed finally, or panicked.
    Failure,
    /// There was nothing to do, for example because the record is a replay of one that was processed before.
    Neutral,
    /// The call was cancelled, or was still running when the process ended.
    Interrupted,
}

/// Classifies a return value as an [`Outcome`].
///
/// | value | outcome |
/// |---|---|
/// | `Ok(_)`, `Some(_)`, `true`, `ControlFlow::Continue(_)` | success |
/// | `Err(_)`, `None`, `false`, `ControlFlow::Break(_)` | failure |
/// | an [`Outcome`] | that outcome |
/// | a reference | the outcome of the value it refers to |
///
/// Where `None` or `false` is not a failure, name a classifier with `by = path::to::fn`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `Classify`, so the call has no outcome",
    label = "this type has no outcome",
    note = "return a `Result`, or name a classifier with `by = path::to::fn`",
    note = "a function is counted by its future if it returns `impl Future`, `Pin<Box<dyn Future>>` or `Box<dyn Future>`; await any other future in an `async` block",
    note = "`#[count_outcome(skip)]` leaves a method out where its `impl` block is counted"
)]
pub trait Classify {
    /// Returns the outcome of the call that returned this value.
    fn outcome(&self) -> Outcome;
}

impl<T, E> Classify for Result<T, E> {
    #[inline]
    fn outcome(&self) -> Outcome {
        match self {
            Ok(_) => Outcome::Success,
            Err(_) => Outcome::Failure,
        }
    }
}

impl<T> Classify for Option<T> {
    #[inline]
    fn outcome(&self) -> Outcome {
        self.is_some().outcome()
    }
}

impl Classify for bool {
    #[inline]
    fn outcome(&self) -> Outcome {
        if *self {
            Outcome::Success
        } else {
            Outcome::Failure
        }
    }
}

impl<B, C> Classify for ControlFlow<B, C> {
    #[inline]
    fn outcome(&self) -> Outcome {
        self.is_continue().outcome()
    }
}

impl Classify for Outcome {
    #[inline]
    fn outcome(&self) -> Outcome {
        *self
    }
}

impl<T: Classify + ?Sized> Classify for &T {
    #[inline]
    fn outcome(&self) -> Outcome {
        (**self).outcome()
    }
}
