//! Families of metrics: those of one function, which stay in one batch.

use std::collections::{BTreeMap, BTreeSet};

use crate::declare::catalogue::catalogue;

/// The family of each metric. Functions that share a metric are one family.
pub(super) fn families() -> BTreeMap<&'static str, usize> {
    let mut functions: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for declared in catalogue() {
        let function = (declared.file, declared.line, declared.function);
        functions.entry(function).or_default().push(declared.metric);
    }
    join(functions.into_values())
}

pub(super) fn join<'a>(functions: impl Iterator<Item = Vec<&'a str>>) -> BTreeMap<&'a str, usize> {
    let mut families: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, metrics) in functions.enumerate() {
        let known = metrics.iter().filter_map(|metric| families.get(metric));
        let known: BTreeSet<usize> = known.copied().collect();
        let joined = families.values_mut().filter(|it| known.contains(it));
        joined.for_each(|family| *family = number);
        families.extend(metrics.into_iter().map(|metric| (metric, number)));
    }
    families
}
