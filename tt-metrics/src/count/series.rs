//! One combination of the dimension values of a site.

use crate::{declare::site::Site, metric::dimension::Values};

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
        self.digit(values.index(value), values.names().len())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::dimension::{Dimension, OTHER};

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
