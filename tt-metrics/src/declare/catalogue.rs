//! The catalogue: every metric that an attribute or `gauge!` of the program declares.
//!
//! [`catalogue`](catalogue()) lists the metrics of the running program. The file of every program contains the same list,
//! also in release builds, and `read` (feature `catalogue-reader`) reads it without running the program.
//!
//! # Format
//!
//! Each attribute and each `gauge!` adds one record to the section `.tt_metrics` of an ELF file (`__DATA,__tt_metrics` of a
//! Mach-O file). Records contain no pointers, so they need no relocation, and they survive LTO, `--gc-sections` and
//! `strip`. They are in link order; the linker may place zero bytes between them. Numbers are little endian, and a *text*
//! is its length in bytes as `u32`, then UTF-8.
//!
//! | part of a record | |
//! |---|---|
//! | 4 bytes | `TTMC` |
//! | `u32` | version, 2; a reader of another version reports an error |
//! | `u32` | length of the rest of the record, in bytes |
//! | text, text, `u32`, text | function with its module path, source file, line of the attribute, doc comment |
//! | `u8` | number of dimensions, then for each: |
//! | .. text, `u16`, `u16` | name, maximum number of values of free text (0: listed values), number of listed values |
//! | .. .. text | each listed value |
//! | `u8` | number of metrics, then for each: |
//! | .. text, text, text, text | name, unit, kind (`counter`, `histogram`, `gauge`), meaning |
//! | .. `u8` | storage resolution in seconds, 60 or 1 |
//! | .. `u8` | number of dimension sets of the metric, then for each: |
//! | .. .. `u8`, then `u8` each | number of dimensions, and their positions in the list of dimensions |

#[cfg(feature = "catalogue-reader")]
mod binary;
mod entry;
mod record;

#[cfg(feature = "catalogue-reader")]
pub use binary::{ReadError, read};
pub use entry::{DimensionEntry, Entry, Meaning, MetricKind};
#[doc(hidden)]
pub use record::{encode, encoded_len};

use super::{
    gauge::{GAUGES, Gauge},
    site::{SITES, Site},
};
use crate::metric::MetricName;

/// Lists every metric that this program declares, in link order.
///
/// ```
/// for entry in tt_metrics::catalogue() {
///     println!("{} counts {:?} of {}", entry.metric, entry.meaning, entry.function);
/// }
/// ```
pub fn catalogue() -> impl Iterator<Item = Entry<'static>> {
    let sites = SITES.static_slice().iter().map(Site::record);
    let gauges = GAUGES.static_slice().iter().map(Gauge::record);
    sites
        .chain(gauges)
        .flat_map(|record| record::decode(record).unwrap_or_default())
}

/// The name of every metric that this program declares.
pub(crate) fn metric_names() -> impl Iterator<Item = MetricName> {
    let sites = SITES.static_slice().iter().map(|site| site.declaration);
    let gauges = GAUGES.static_slice().iter().map(|gauge| gauge.declaration);
    sites
        .chain(gauges)
        .flat_map(|declaration| Meaning::metrics(declaration).into_iter().flatten())
}
