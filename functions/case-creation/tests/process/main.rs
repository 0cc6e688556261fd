//! Tests of the program, run as Lambda runs it.

#[cfg(test)]
mod memory;
#[cfg(test)]
mod program;
#[cfg(test)]
mod usage;
