//! Answers to questions about the crate, one page for each.

#[doc = include_str!("../guide/counting.md")]
pub mod counting {}

#[doc = include_str!("../guide/delivery.md")]
pub mod delivery {}

#[doc = include_str!("../guide/environment.md")]
pub mod environment {}

#[doc = include_str!("../guide/limits.md")]
pub mod limits {}

#[doc = include_str!("../guide/testing.md")]
pub mod testing {}
