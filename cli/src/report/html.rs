//! The report as an HTML page: as a file, and served live by the running demo.

mod escape;

mod chart;

pub mod document;

pub mod live_page;
