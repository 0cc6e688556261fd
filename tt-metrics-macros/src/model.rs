//! What will be generated, without the tokens of it.

mod classify;
mod deferred;
mod dimension;
mod dimensions;
mod function;
mod layer;
mod names;
mod parameters;
mod pattern;

pub(crate) use classify::{Arm, Classified, classified};
pub(crate) use deferred::{Deferred, Entry};
pub(crate) use dimension::{DimensionType, dimension_type};
pub(crate) use dimensions::{Dimension, Values};
pub(crate) use function::{CountedFunction, Return, Shape};
pub(crate) use layer::{
    Layer, Verdict, check, check_block, check_function, check_method, may_have_outcome,
};
pub(crate) use names::ConstantCheck;
pub(crate) use parameters::{Parameters, Transfer};
pub(crate) use pattern::lends_mutably;
