//! Dimensions with a fixed list of values, so that counting handles positions instead of text.

use crate::metric::limits;

/// A type with a fixed list of values, for `dimensions(..)` and `failure_by`.
///
/// Derive it for an enum: the name of each variant is a value, and fields are ignored. `#[dimension("another name")]` renames
/// a value.
///
/// ```
/// use tt_metrics::Dimension;
///
/// #[derive(Dimension)]
/// enum Carrier {
///     Post,
///     #[dimension("Own van")]
///     Van { number: u8 },
/// }
///
/// assert_eq!(Carrier::VALUES, ["Post", "Own van"]);
/// assert_eq!(Carrier::Van { number: 3 }.index(), 1);
/// ```
///
/// Implement it by hand to group the values of a type, also one of another crate:
///
/// ```
/// struct Status(u16);
///
/// impl tt_metrics::Dimension for Status {
///     const VALUES: &'static [&'static str] = &["ok", "client", "server"];
///
///     fn index(&self) -> usize {
///         match self.0 {
///             ..400 => 0,
///             400..500 => 1,
///             _ => 2,
///         }
///     }
/// }
/// # assert_eq!(tt_metrics::Dimension::index(&Status(503)), 2);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `Dimension`, so it has no fixed list of values",
    label = "not a dimension",
    note = "put `#[derive(tt_metrics::Dimension)]` on an enum, or give a list of texts or `max = N` in the attribute"
)]
pub trait Dimension {
    /// The values as CloudWatch shows them: at least one, each with 1 to 1024 printable ASCII characters.
    const VALUES: &'static [&'static str];

    /// The position in [`VALUES`](Self::VALUES). A number beyond the end selects the last value.
    fn index(&self) -> usize;
}

impl Dimension for bool {
    const VALUES: &'static [&'static str] = &["false", "true"];

    #[inline]
    fn index(&self) -> usize {
        usize::from(*self)
    }
}

/// The value for everything that is not in the list, or beyond the maximum number of values.
pub(crate) const OTHER: &str = "Other";

/// The values of a type. The generated code requires them in one place, so that a type without them is reported once.
#[derive(Debug)]
pub struct Values<D> {
    names: &'static [&'static str],
    index: fn(&D) -> usize,
}

impl<D: Dimension> Values<D> {
    /// The values of `D`.
    #[expect(
        clippy::new_without_default,
        reason = "created in a `const`, which cannot call a trait method"
    )]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            names: D::VALUES,
            index: D::index,
        }
    }
}

impl<D> Values<D> {
    /// The values as CloudWatch shows them.
    #[must_use]
    pub const fn names(&self) -> &'static [&'static str] {
        self.names
    }

    /// The position of a value.
    #[inline]
    pub(crate) fn index(&self, value: &D) -> usize {
        (self.index)(value)
    }
}

/// Whether CloudWatch accepts a text as the value of a dimension.
pub(crate) const fn is_value(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= limits::MAX_DIMENSION_VALUE_LENGTH
        && limits::is_plain_ascii(bytes)
        && limits::has_visible_character(bytes)
}
