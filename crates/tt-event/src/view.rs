//! The event borrowed from its bytes, for consumers.

mod borrowed;
mod decode;
mod regular;

pub use borrowed::EventView;

#[cfg(test)]
mod tests;
