//! Tests of the workspace as a whole; the example of the README is compiled here.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]
