//! The library behind `cargo tt`: the local stack, operations on deployed stacks, the metrics of programs, their alarms and
//! dashboards, and reports.
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

pub mod settings;

pub mod catalogue;
pub mod template;

pub mod monitoring;

pub mod account;

pub mod report;

pub mod args;

pub mod commands;
