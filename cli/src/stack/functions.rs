//! The Lambda functions: built by cargo, packed as zips, and referenced from `template.yaml`.

pub mod build;

pub mod package;

pub(super) mod template;
