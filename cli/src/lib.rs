//! The library behind `cargo tt`: the local stack, operations on deployed stacks, and the report on the metrics of the functions.
//!
//! Each module imports only modules above it in this list.

pub mod workspace;

mod process;
pub mod terminal;

pub mod file;
pub mod python;

pub mod doctor;

pub mod stack;

pub mod operate;

pub mod report;

pub mod args;

pub mod commands;
