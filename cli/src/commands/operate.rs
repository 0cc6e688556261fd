//! The commands that operate on a stack.

mod context;

pub(super) mod backup;
pub(super) mod deploy;
pub(super) mod plan;
pub(super) mod rollback;
pub(super) mod verify;
