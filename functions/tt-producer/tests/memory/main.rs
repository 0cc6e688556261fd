//! The function as Lambda runs it, and the memory that it takes.

#[cfg(test)]
mod resident;
