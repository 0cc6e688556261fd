//! How one counted call ended.

use std::ops::ControlFlow;

/// How one counted call ended; every call that began ends as exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The work was done.
    Success,
    /// The work failed for good, or panicked.
    Failure,
    /// Nothing was left to do, for example because a replay found the work done.
    Neutral,
    /// The call was cancelled, or was still open when the process was stopped.
    Interrupted,
}

/// A return value that says by itself how the call ended.
///
/// | value | outcome |
/// |---|---|
/// | `Ok(_)`, `Some(_)`, `true`, `ControlFlow::Continue(_)` | success |
/// | `Err(_)`, `None`, `false`, `ControlFlow::Break(_)` | failure |
/// | an [`Outcome`] | itself |
/// | a reference | that of what it refers to |
///
/// Where `None` or `false` is no failure, a classifier (`by = path`) says what it is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether the call succeeded",
    label = "this type has no outcome",
    note = "return a `Result`, or name a classifier with `by = path::to::fn`",
    note = "a future is counted when the type says that it is one (`impl Future<Output = ..>`), or an `async` block makes it",
    note = "`#[count_outcome(skip)]` leaves a method out where its `impl` block is counted"
)]
pub trait Classify {
    /// The outcome that this value stands for.
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
