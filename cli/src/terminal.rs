//! The terminal: what it can display, results, and the progress of long operations.

pub mod screen;

pub mod drawn;

pub mod progress;
pub mod spinner;
