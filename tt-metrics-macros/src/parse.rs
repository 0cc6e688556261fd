//! Tokens to syntax: the arguments of an attribute, and the item that it annotates.

mod arguments;
mod async_block;
mod closure;
mod derive;
mod dimensions;
mod function;
mod impl_block;
mod value;

pub(crate) use arguments::{Arguments, Attribute, is_skip};
pub(crate) use async_block::AsyncTail;
pub(crate) use closure::{Closure, Parameter, begins_closure};
pub(crate) use derive::{Mark, TypeMarks, derive_input, library, outcome_mark, variant_value};
pub(crate) use dimensions::{Dimension, Values};
pub(crate) use function::Function;
pub(crate) use impl_block::{ImplBlock, ImplItem, is_impl_block};
pub(crate) use value::{Callable, Each, Metric, OutcomeWord};
