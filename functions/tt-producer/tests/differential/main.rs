//! The readers of CSV and JSON give the same records as Python's `csv` and as `serde_json`.

#[cfg(test)]
mod csv;
#[cfg(test)]
mod json;
