//! The position of the next document in the output.

/// Whether the next document can begin where the output is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LinePosition {
    /// Whether the program or its child processes write to the output as well, so that it may be within a line at any
    /// time.
    pub(super) is_shared: bool,
    /// Whether the last write ended within a line.
    pub(super) is_torn: bool,
}

impl LinePosition {
    /// The position in an output that others write to as well.
    pub(crate) const SHARED: Self = Self {
        is_shared: true,
        is_torn: false,
    };
    /// The position in an output to which only this module writes, at the beginning of a line.
    #[cfg(unix)]
    pub(crate) const EXCLUSIVE: Self = Self {
        is_shared: false,
        is_torn: false,
    };
}
