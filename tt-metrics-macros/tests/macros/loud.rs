//! Values that record when they drop.

use std::cell::RefCell;

thread_local! {
    pub(crate) static DROPPED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

pub(crate) struct Loud(pub(crate) &'static str);

impl Drop for Loud {
    fn drop(&mut self) {
        DROPPED.with_borrow_mut(|dropped| dropped.push(self.0));
    }
}

/// What drops while this runs.
pub(crate) fn dropped(during: impl FnOnce()) -> Vec<&'static str> {
    DROPPED.take();
    during();
    DROPPED.take()
}

pub(crate) fn pair(first: &'static str, second: &'static str) -> (Loud, Loud) {
    (Loud(first), Loud(second))
}
