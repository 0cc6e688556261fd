//! The properties of the fuzz targets, on the stable toolchain.

#[cfg(test)]
#[expect(unreachable_pub, reason = "a library of its own for cargo-fuzz")]
#[path = "../../../../fuzz/src/lib.rs"]
mod properties;
#[cfg(test)]
mod seeds;
