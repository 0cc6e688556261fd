//! The marks that bodies of futures leave on their thread when they end, which is all that a counted future has to know.
//!
//! A counted future needs to tell three drops apart: of a body that was never polled, of one that has ended, and of one
//! half way. The body itself knows, but its memory is the compiler's, and a field of ours beside it would make the future
//! larger. So the first local of the body is a [`Begun`]: there once the body was polled, and dropped with it, when it
//! ends, panics, or is dropped half way. It then leaves a mark, and whoever polls or drops the future takes one.
//!
//! Each poll and each drop of a counted future takes what its body left and nothing else, so those that happen within
//! one, of other futures, leave no trace. Only a drop that happens while an outer body is between its own mark and the
//! one who takes it, as when an argument drops that is a future, finds a mark; it puts that aside until it has ended.

use std::{
    cell::{Cell, RefCell},
    mem::{self, ManuallyDrop},
};

/// Says that marks were put aside for the drop that runs.
const ASIDE: u32 = 1 << 31;

thread_local! {
    // Constant and without destructors, so that destructors of other thread locals may still drop futures.
    static MARKS: Cell<u32> = const { Cell::new(0) };
    static ASIDES: RefCell<ManuallyDrop<Vec<u32>>> = const { RefCell::new(ManuallyDrop::new(Vec::new())) };
}

/// A body that was polled, and has not ended.
#[derive(Debug)]
#[must_use = "the body has ended when this is dropped"]
pub struct Begun(());

impl Begun {
    /// The body begins.
    #[inline]
    pub(crate) fn new() -> Self {
        Self(())
    }
}

impl Drop for Begun {
    #[inline]
    fn drop(&mut self) {
        MARKS.set(MARKS.get().wrapping_add(1));
    }
}

/// Takes the mark of a body that ended.
#[inline]
pub(crate) fn take() {
    MARKS.set(MARKS.get().wrapping_sub(1));
}

/// A poll of a body, which may panic.
#[derive(Debug)]
pub(crate) struct Poll {
    before: u32,
}

impl Poll {
    #[inline]
    pub(crate) fn begin() -> Self {
        let before = MARKS.get();
        Self { before }
    }

    /// Whether the panic was that of a body that had begun; one that has ended panics when it is polled again.
    #[inline]
    pub(crate) fn has_ended_body(&self) -> bool {
        let ended = MARKS.get() != self.before;
        if ended {
            take();
        }
        ended
    }
}

/// A future is about to be dropped.
#[inline]
pub(crate) fn before_drop() {
    if MARKS.get() != 0 {
        put_aside();
    }
}

/// Whether the future that was dropped had a body that was half way.
#[inline]
pub(crate) fn after_drop() -> bool {
    MARKS.get() != 0 && take_of_drop()
}

#[cold]
#[inline(never)]
fn put_aside() {
    let marks = MARKS.replace(ASIDE);
    ASIDES.with_borrow_mut(|asides| asides.push(marks));
}

#[cold]
#[inline(never)]
fn take_of_drop() -> bool {
    let found = MARKS.get();
    let marks = found & !ASIDE;
    let aside = (found & ASIDE != 0).then(bring_back).unwrap_or_default();
    // Where two attributes share one body, the other mark is for the future around this one.
    MARKS.set(aside + marks.saturating_sub(1));
    marks > 0
}

/// The marks that were put aside last. Memory is held while there are some.
fn bring_back() -> u32 {
    ASIDES.with_borrow_mut(|asides| {
        let marks = asides.pop().unwrap_or_default();
        if asides.is_empty() {
            drop(mem::take(&mut **asides));
        }
        marks
    })
}
