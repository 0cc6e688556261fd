//! The program as Lambda runs it: its memory, its log, and its counts when it is stopped.

#[cfg(test)]
mod log;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod signal;
#[cfg(test)]
mod surroundings;
