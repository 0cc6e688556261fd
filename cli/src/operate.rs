//! Operations on a stack that exists: what its functions run, backups of their code, code-only deployments, and the proof
//! that the live programs deliver their metrics.
//!
//! Everything here works for any stack of functions with `tt-metrics`. What belongs to one repository is in its
//! [`Settings`].

pub mod settings;

pub mod program;
pub mod release;

pub mod backup;

mod error;

pub mod live;
mod target;

pub mod plan;

pub mod verify;

mod push;

pub mod deploy;
pub mod rollback;

pub use self::{
    error::Error,
    settings::Settings,
    target::{ENDPOINT, Endpoint, Target},
};
