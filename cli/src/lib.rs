//! The library behind `cargo tt`: the local stack, the demo and its picture.

pub mod progress;

mod group;
mod logged;
pub mod workspace;

pub mod build;
pub mod package;
pub mod python;
pub mod stack;
pub mod strip;

pub mod metrics;

pub mod args;
pub mod catalogue;
pub mod demo;
pub mod error;
pub mod file;
pub mod interrupt;
pub mod reading;
pub mod upload;

pub mod balance;
pub mod chart;
pub mod graph;
pub mod page;
pub mod picture;
pub mod report;
pub mod sample;
pub mod screen;
pub mod table;
pub mod timeline;
