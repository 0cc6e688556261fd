//! The library behind `cargo tt`: the local stack, the demo and its picture.

pub mod progress;

mod logged;
pub mod workspace;

pub mod build;
pub mod package;
pub mod python;
pub mod salesforce;
pub mod stack;

pub mod metrics;

pub mod demo;
pub mod graph;
pub mod page;
pub mod report;
pub mod table;
pub mod upload;
