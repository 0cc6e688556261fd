//! The values that a dimension of free text has had.

use std::sync::OnceLock;

use crate::metric::dimension::{OTHER, is_value};

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
    pub(crate) fn index(&self, text: &str) -> usize {
        let found = self.0.iter().position(|place| match place.get() {
            Some(known) => **known == *text,
            None => is_value(text) && **place.get_or_init(|| text.into()) == *text,
        });
        found.unwrap_or(self.0.len())
    }
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
}
