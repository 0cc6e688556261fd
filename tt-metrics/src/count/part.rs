//! A part of an argument that the body takes later, as an expression of an attribute sees it before.

/// A part of an argument, still where it is.
#[derive(Debug)]
pub struct Part<'a, T: ?Sized>(pub &'a T);

impl<T: Copy> Part<'_, T> {
    /// The part itself, since it can be copied.
    #[inline]
    #[must_use]
    pub fn __tt_metrics_part(&self) -> T {
        *self.0
    }
}

/// What becomes of a part that cannot be copied; the compiler comes to it last.
pub trait LentPart<'a, T: ?Sized> {
    /// The part by reference.
    fn __tt_metrics_part(&self) -> &'a T;
}

impl<'a, T: ?Sized> LentPart<'a, T> for Part<'a, T> {
    #[inline]
    fn __tt_metrics_part(&self) -> &'a T {
        self.0
    }
}
