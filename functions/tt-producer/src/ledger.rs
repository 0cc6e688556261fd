//! The account of a file: each record is received once, and settled once as published or as failed and parked.

mod account;
mod failure;
mod line;
mod parking;
mod spans;

pub(crate) use account::{Account, Counts};
pub(crate) use failure::Failure;
pub(crate) use line::{Line, line_bytes, read_line};
pub(crate) use parking::Parking;
