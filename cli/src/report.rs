//! The report on the metrics of the functions: read back from `CloudWatch`, and drawn for the terminal and the browser.

pub mod number;

pub mod metrics;

pub mod failures;

pub mod summary;

pub mod balance;
pub mod timeline;

pub mod graph;
pub mod table;

pub mod html;
