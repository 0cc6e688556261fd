//! The synchronisation primitives of the buffer, in one place so that a model checker can replace them.

pub(crate) use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering, fence},
};

/// Locks a mutex, also after a thread panicked while holding it: the counts are valid after every single store.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
