//! What a program declares, collected by the linker: counted functions, gauges, the namespace, and the catalogue of metrics.

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
