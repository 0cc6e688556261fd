//! What the program itself does, as Lambda runs it.

#[cfg(test)]
mod memory;
#[cfg(test)]
mod program;
#[cfg(test)]
mod usage;
