//! What the program itself does, as Lambda runs it.

#[cfg(test)]
mod usage;
