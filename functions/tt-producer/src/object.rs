//! The content of an object: opened in one version, read on after a break, unpacked, and decoded to UTF-8.

mod content;
mod gunzip;
mod kind;
mod s3;

pub(crate) use content::{Content, ContentError};
pub(crate) use s3::S3;
pub use s3::S3Error;
