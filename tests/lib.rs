//! Tests of the whole workspace, and the example of the README as a documentation test.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]
