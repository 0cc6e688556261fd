//! What a program declares, collected by the linker: counted functions, gauges, the namespace, and the catalogue of metrics.

// The linker finds the slices of `SITES`, `GAUGES` and `NAMESPACES` by their identifier alone, so it contains the name of this
// crate and its version: an application may have slices of the same purpose, and two incompatible versions of this crate
// may be linked into one program.
const _: () = assert!(
    matches!(env!("CARGO_PKG_VERSION_MAJOR").as_bytes(), b"0")
        && matches!(env!("CARGO_PKG_VERSION_MINOR").as_bytes(), b"1"),
    "rename the distributed slices `TT_METRICS_0_1_..` to the new version"
);

pub mod catalogue;
pub(crate) mod declaration;
pub(crate) mod gauge;
pub(crate) mod kind;
pub(crate) mod level;
pub(crate) mod namespace;
pub(crate) mod site;
pub(crate) mod texts;

pub use declaration::{Declaration, DeclaredDimension};
pub use site::Site;
