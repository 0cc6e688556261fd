//! A `CloudFormation` or SAM template: its content, the parts that concern metrics, and its generated sections.

mod yaml;

pub mod parts;

pub mod section;

pub use self::yaml::{ParseError, at, parse};
