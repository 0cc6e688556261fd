//! The marks that the bodies of counted futures leave on their thread, which keep the futures small.
//!
//! A counted future has to distinguish three drops: of a body that was never polled, of one that has ended, and of one that
//! is suspended. Only the body has that information, but its memory is laid out by the compiler, and a field beside it
//! would make the future larger than the plain function's, which the test `future_sizes` refuses. The state is therefore
//! in a thread-local counter: the first local of the body is a [`BodyMarker`], which exists once the body was polled, and
//! which is dropped with the body. It then adds one mark, and the poll or drop of the future removes it.
//!
//! Each poll and each drop of a counted future removes only the marks of its body, so polls and drops of other futures
//! within it have no effect. A drop can find the mark of an outer body that is not removed yet, for example if an argument
//! of that body is a counted future. The drop sets that mark aside, counts its own call, and restores the mark.

use std::{
    cell::{Cell, RefCell},
    mem::{self, ManuallyDrop},
};

/// Set while marks are set aside for the drop that runs.
const ASIDE: u32 = 1 << 31;

thread_local! {
    // Constant and without destructors, so that destructors of other thread locals may still drop futures.
    static MARKS: Cell<u32> = const { Cell::new(0) };
    static ASIDES: RefCell<ManuallyDrop<Vec<u32>>> = const { RefCell::new(ManuallyDrop::new(Vec::new())) };
}

/// The first local of a counted async body: adds a mark when the body ends, panics, or is dropped while suspended.
#[derive(Debug)]
#[must_use = "dropping it marks the end of the body"]
pub struct BodyMarker(());

impl BodyMarker {
    /// The body begins.
    #[inline]
    pub(crate) fn new() -> Self {
        Self(())
    }
}

impl Drop for BodyMarker {
    #[inline]
    fn drop(&mut self) {
        MARKS.set(MARKS.get().wrapping_add(1));
    }
}

/// Removes the mark of a body that ended.
#[inline]
pub(crate) fn take() {
    MARKS.set(MARKS.get().wrapping_sub(1));
}

/// The number of marks on this thread, to compare with after a poll.
#[inline]
pub(crate) fn current() -> u32 {
    MARKS.get()
}

/// Whether a poll that panicked was that of a body that had begun and not ended. Removes its mark.
pub(crate) fn take_of_panic(before: u32) -> bool {
    let ended = MARKS.get() != before;
    if ended {
        take();
    }
    ended
}

/// To be called before a future is dropped.
#[inline]
pub(crate) fn before_drop() {
    if MARKS.get() != 0 {
        set_aside();
    }
}

/// Whether the future that was dropped had a suspended body.
#[inline]
pub(crate) fn after_drop() -> bool {
    MARKS.get() != 0 && take_of_drop()
}

#[cold]
#[inline(never)]
fn set_aside() {
    let marks = MARKS.replace(ASIDE);
    ASIDES.with_borrow_mut(|asides| asides.push(marks));
}

#[cold]
#[inline(never)]
fn take_of_drop() -> bool {
    let found = MARKS.get();
    let marks = found & !ASIDE;
    let aside = (found & ASIDE != 0).then(restore).unwrap_or_default();
    // Where two attributes share one body, the other mark belongs to the outer future.
    MARKS.set(aside + marks.saturating_sub(1));
    marks > 0
}

/// Returns the marks that were set aside last, and frees the list when it is empty.
fn restore() -> u32 {
    ASIDES.with_borrow_mut(|asides| {
        let marks = asides.pop().unwrap_or_default();
        if asides.is_empty() {
            drop(mem::take(&mut **asides));
        }
        marks
    })
}
