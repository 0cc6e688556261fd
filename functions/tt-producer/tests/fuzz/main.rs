//! The checks of the fuzz targets, on the stable toolchain.

#[cfg(test)]
mod seeds;
