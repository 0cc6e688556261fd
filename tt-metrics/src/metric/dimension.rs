//! Dimensions whose values are known before they are seen, so that a count needs no text.

use crate::metric::limits;

/// A type with a fixed list of values, for `dimensions(..)` and `failure_by`.
///
/// Derived for an enum, each variant is a value by its name, whatever it carries; `#[dimension("another name")]` renames one.
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
/// Written by hand, it groups values of a type of another crate:
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
    message = "`{Self}` has no fixed list of values, so it is no dimension",
    label = "not a dimension",
    note = "put `#[derive(tt_metrics::Dimension)]` on an enum, or give a list of texts or `max = N` in the attribute"
)]
pub trait Dimension {
    /// The values as CloudWatch shows them: at least one, each 1 to 1024 printable ASCII characters.
    const VALUES: &'static [&'static str];

    /// The position in [`VALUES`](Self::VALUES); a greater number stands for the last value.
    fn index(&self) -> usize;
}

impl Dimension for bool {
    const VALUES: &'static [&'static str] = &["false", "true"];

    #[inline]
    fn index(&self) -> usize {
        usize::from(*self)
    }
}

/// The value of everything that a list or a cap leaves out.
pub(crate) const OTHER: &str = "Other";

/// The values of a type. An attribute asks for them in one place, so that a type without any is one error.
#[derive(Debug)]
pub struct Values<D> {
    names: &'static [&'static str],
    index: fn(&D) -> usize,
}

impl<D: Dimension> Values<D> {
    /// Those that the type lists.
    #[expect(
        clippy::new_without_default,
        reason = "made in a `const`, which calls no trait"
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
    /// As CloudWatch shows them.
    #[must_use]
    pub const fn names(&self) -> &'static [&'static str] {
        self.names
    }

    /// The position of one of them.
    #[inline]
    pub(crate) fn index(&self, value: &D) -> usize {
        (self.index)(value)
    }
}

/// Whether CloudWatch takes a text as the value of a dimension.
pub(crate) const fn is_value(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= limits::MAX_DIMENSION_VALUE_LENGTH
        && limits::is_plain_ascii(bytes)
        && limits::has_visible_character(bytes)
}
