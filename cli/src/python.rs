//! Python: the interpreter of this machine, and virtual environments made from pinned requirements.

mod error;

mod interpreter;
mod venv;

pub use self::{
    error::Error,
    interpreter::{Interpreter, Version},
    venv::Venv,
};
