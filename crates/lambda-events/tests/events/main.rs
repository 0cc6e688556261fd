//! Decodes recorded events of AWS services, and variations of them.

#[cfg(test)]
mod decode;
