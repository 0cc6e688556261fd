//! Functions with `#[track_caller]`, and returned closures.

use std::panic::Location;

use tt_metrics::{Outcome, count_outcome};

/// A line of this file.
#[track_caller]
#[must_use]
#[count_outcome(success = "S", by = |_line| return Outcome::Success)]
pub fn line() -> u32 {
    return Location::caller().line();
}

/// A line of this file, for a text.
///
/// # Errors
///
/// For no text.
#[track_caller]
#[count_outcome(success = "S", failure = "F")]
pub fn line_of(text: &str) -> Result<u32, String> {
    let Some(first) = text.chars().next() else {
        return Err(text.to_owned());
    };
    let digit = u32::from(first)
        .checked_add(1_u32)
        .ok_or_else(String::new)?;
    return Ok(Location::caller().line().saturating_add(digit));
}

/// The length of a text.
#[count_outcome(success = "S", by = |_closure| return Outcome::Success)]
pub fn length() -> impl Fn(&str) -> usize {
    return |text: &str| return text.len();
}

/// Whether it is one of those.
#[count_outcome(success = "S", by = |_closure| return Outcome::Success)]
pub fn finds<'known, Item: PartialEq>(
    known: &'known [Item],
) -> impl Fn(&Item, &'known str) -> Option<&'known Item> {
    return |item: &Item, _name: &'known str| {
        return known.iter().find(|one| return *one == item);
    };
}
