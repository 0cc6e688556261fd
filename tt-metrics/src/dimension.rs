//! Dimensions whose values are known before they are seen, so that a count needs no text.

use std::sync::OnceLock;

use crate::site::Site;

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

/// One combination of the values of a site's dimensions: their positions as digits of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Series(pub(crate) usize);

impl Series {
    /// That of a site without dimensions.
    pub const FIRST: Self = Self(0);

    /// With one more dimension.
    #[inline]
    #[must_use]
    pub fn and<D>(self, values: &Values<D>, value: &D) -> Self {
        self.digit(values.index(value), values.names.len())
    }

    /// With one more dimension that has a list of texts, the last of which stands for all others.
    #[inline]
    #[must_use]
    pub fn and_listed(self, values: &[&str], text: &str) -> Self {
        let found = values.iter().position(|value| *value == text);
        self.digit(found.unwrap_or(usize::MAX), values.len())
    }

    /// With one more dimension of free text, the `position`th of the site.
    #[inline]
    #[must_use]
    pub fn and_text(self, site: &'static Site, position: usize, text: &str) -> Self {
        match site.texts().get(position) {
            Some(texts) => self.digit(texts.index(text), texts.values()),
            None => self,
        }
    }

    #[inline]
    fn digit(self, digit: usize, radix: usize) -> Self {
        Self(self.0 * radix + digit.min(radix.saturating_sub(1)))
    }
}

/// Room for one text.
pub type Place = OnceLock<Box<str>>;

/// The texts that one dimension has had, the first of them up to a cap.
#[derive(Debug)]
pub struct Texts(&'static [Place]);

impl Texts {
    /// A list with one place for each text.
    #[must_use]
    pub const fn new(places: &'static [Place]) -> Self {
        Self(places)
    }

    /// How many values there may be, the one for all others included.
    pub(crate) const fn values(&self) -> usize {
        self.0.len() + 1
    }

    /// The text at a position.
    pub(crate) fn get(&self, index: usize) -> &str {
        self.0
            .get(index)
            .and_then(OnceLock::get)
            .map_or(OTHER, |text| text)
    }

    /// The position of a text, which takes the next free place when it is new; that of `Other` when none is left, or when
    /// CloudWatch would not take the text.
    ///
    /// Places fill from the front and never change, so a text has one position, whichever thread brings it first.
    fn index(&self, text: &str) -> usize {
        let found = self.0.iter().position(|place| match place.get() {
            Some(known) => **known == *text,
            None => is_value(text) && **place.get_or_init(|| text.into()) == *text,
        });
        found.unwrap_or(self.0.len())
    }
}

/// Whether CloudWatch takes a text as the value of a dimension.
pub(crate) const fn is_value(text: &str) -> bool {
    use crate::limits;
    let bytes = text.as_bytes();
    bytes.len() <= limits::MAX_DIMENSION_VALUE_LENGTH
        && limits::is_plain_ascii(bytes)
        && limits::has_visible_character(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_keep_their_place_and_the_rest_is_other() {
        static PLACES: [OnceLock<Box<str>>; 2] = [const { OnceLock::new() }; 2];
        let texts = Texts::new(&PLACES);
        let indexes = ["a", "b", "a", "c", "b", "", "new\nline"].map(|text| texts.index(text));
        assert_eq!(indexes, [0, 1, 0, 2, 1, 2, 2]);
        assert_eq!([0, 1, 2].map(|index| texts.get(index)), ["a", "b", OTHER]);
    }

    #[test]
    fn threads_agree_on_the_place_of_a_text() {
        static PLACES: [OnceLock<Box<str>>; 8] = [const { OnceLock::new() }; 8];
        let texts = Texts::new(&PLACES);
        let words: Vec<String> = (0..8).map(|word| word.to_string()).collect();
        std::thread::scope(|scope| {
            for turn in 0..4 {
                let (texts, words) = (&texts, &words);
                scope.spawn(move || {
                    for word in words.iter().cycle().skip(turn * 2).take(8) {
                        texts.index(word);
                    }
                });
            }
        });
        let mut indexes: Vec<usize> = words.iter().map(|word| texts.index(word)).collect();
        indexes.sort_unstable();
        assert_eq!(indexes, [0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn a_position_past_the_end_is_the_last_value() {
        struct Wrong;
        impl Dimension for Wrong {
            const VALUES: &'static [&'static str] = &["a", "b"];
            fn index(&self) -> usize {
                7
            }
        }
        let one = Series::FIRST.and(&Values::new(), &true);
        assert_eq!(one.and(&Values::new(), &Wrong), Series(3));
        assert_eq!(Series::FIRST.and_listed(&["a", "b", OTHER], "x"), Series(2));
    }
}
