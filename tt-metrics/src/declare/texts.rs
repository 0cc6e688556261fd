//! The values of a dimension of free text.

use std::sync::OnceLock;

use crate::metric::dimension::{OTHER, is_value};

/// A slot for one value.
pub type Place = OnceLock<Box<str>>;

/// The values of one dimension of free text, up to a maximum number.
#[derive(Debug)]
pub struct Texts(&'static [Place]);

impl Texts {
    /// Creates a list with the given slots.
    #[must_use]
    pub const fn new(places: &'static [Place]) -> Self {
        Self(places)
    }

    /// The number of different values, including the one for all others.
    pub(crate) const fn values(&self) -> usize {
        self.0.len() + 1
    }

    /// The value at a position.
    pub(crate) fn get(&self, index: usize) -> &str {
        self.0
            .get(index)
            .and_then(OnceLock::get)
            .map_or(OTHER, |text| text)
    }

    /// The position of a value. A new value takes the next free slot. The position of `Other` is returned when no slot is
    /// free, or when CloudWatch would refuse the value.
    ///
    /// Slots are filled from the front and never change, so a value has one position on all threads.
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
    fn values_keep_their_slot_and_further_values_are_other() {
        static PLACES: [OnceLock<Box<str>>; 2] = [const { OnceLock::new() }; 2];
        let texts = Texts::new(&PLACES);
        let indexes = ["a", "b", "a", "c", "b", "", "new\nline"].map(|text| texts.index(text));
        assert_eq!(indexes, [0, 1, 0, 2, 1, 2, 2]);
        assert_eq!([0, 1, 2].map(|index| texts.get(index)), ["a", "b", OTHER]);
    }

    #[test]
    fn threads_agree_on_the_slot_of_a_value() {
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
