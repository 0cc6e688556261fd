//! The template of a document: the text that all documents with the same metrics have in common, rendered once.

use std::cell::Cell;

use super::Batch;
use crate::{
    metric::{DimensionSets, Dimensions, MetricName, Resolution, Unit},
    sink::json::{integer, key, separate, string},
};

thread_local! {
    /// The template of the last document of this thread whose data have no own dimensions.
    static LAST: Cell<Option<Box<Template>>> = const { Cell::new(None) };
}

/// The text of a document after its timestamp, up to its last metric, without the values.
#[derive(Debug)]
pub(super) struct Template {
    namespace: String,
    dimensions: DimensionSets,
    metrics: Vec<(MetricName, Unit, Resolution)>,
    text: Vec<u8>,
    /// The end of the text before each value.
    ends: Vec<usize>,
}

/// Calls a function with the template of a document, which is rendered now unless the last one of this thread fits.
pub(super) fn with(batch: Batch<'_>, own: &Dimensions, use_it: impl FnOnce(&Template)) {
    // A document with own dimensions is one of several of a flush, so the last template seldom fits.
    if !own.is_empty() {
        return use_it(&Template::new(batch, own));
    }
    // The template is not available in destructors of a thread that ends.
    let last = LAST.try_with(Cell::take).ok().flatten();
    let fitting = last.filter(|template| template.fits(batch));
    let template = fitting.unwrap_or_else(|| Box::new(Template::new(batch, own)));
    use_it(&template);
    let _ended = LAST.try_with(|last| last.set(Some(template)));
}

impl Template {
    fn new(batch: Batch<'_>, own: &Dimensions) -> Self {
        let mut text = Vec::with_capacity(512);
        head(batch, own, &mut text);
        let ends = batch.data.iter().map(|datum| {
            key(datum.metric.as_str(), &mut text);
            text.len()
        });
        let ends = ends.collect();
        let metrics = batch.data.iter();
        Self {
            namespace: batch.namespace.to_owned(),
            dimensions: batch.dimensions.clone(),
            metrics: metrics
                .map(|datum| (datum.metric, datum.unit, datum.resolution))
                .collect(),
            text,
            ends,
        }
    }

    /// Whether it is the template of this batch, whose data have no own dimensions.
    fn fits(&self, batch: Batch<'_>) -> bool {
        let metrics = self.metrics.iter().zip(batch.data);
        self.metrics.len() == batch.data.len()
            && metrics
                .into_iter()
                .all(|((metric, unit, resolution), datum)| {
                    same(*metric, datum.metric)
                        && *unit == datum.unit
                        && *resolution == datum.resolution
                })
            && self.namespace == batch.namespace
            && self.dimensions == *batch.dimensions
    }

    /// The text before each value.
    pub(super) fn texts(&self) -> impl Iterator<Item = &[u8]> {
        let mut begin = 0;
        self.ends.iter().filter_map(move |end| {
            let text = self.text.get(begin..*end);
            begin = *end;
            text
        })
    }
}

/// Compares the addresses first, because the names are nearly always the same text in memory.
fn same(one: MetricName, other: MetricName) -> bool {
    std::ptr::eq(one.as_str(), other.as_str()) || one == other
}

fn head(batch: Batch<'_>, own: &Dimensions, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"CloudWatchMetrics\":[{\"Namespace\":");
    string(batch.namespace, out);
    out.extend_from_slice(b",\"Dimensions\":[");
    for (index, set) in batch.dimensions.with(own).iter().enumerate() {
        separate(index, out);
        out.push(b'[');
        for (index, (name, _)) in set.iter().enumerate() {
            separate(index, out);
            string(name, out);
        }
        out.push(b']');
    }
    out.extend_from_slice(b"],\"Metrics\":[");
    for (index, datum) in batch.data.iter().enumerate() {
        separate(index, out);
        out.extend_from_slice(b"{\"Name\":");
        string(datum.metric.as_str(), out);
        out.extend_from_slice(b",\"Unit\":");
        string(datum.unit.as_str(), out);
        if datum.resolution != Resolution::Standard {
            out.extend_from_slice(b",\"StorageResolution\":");
            integer(datum.resolution.seconds(), out);
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"]}]}");
    for (name, value) in dimensions(batch, own) {
        key(name, out);
        string(value, out);
    }
}

/// The dimensions of a document, each once. An own dimension replaces a shared one of the same name.
pub(super) fn dimensions<'a>(
    batch: Batch<'a>,
    own: &'a Dimensions,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let is_own = |name: &str| own.iter().any(|(other, _)| other == name);
    let shared = batch.dimensions.distinct();
    shared
        .filter(move |(name, _)| !is_own(name))
        .chain(own.iter())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        metric::Datum,
        sink::{Properties, SharedSendState},
    };

    #[test]
    fn a_template_fits_only_documents_with_the_same_metrics_dimensions_and_namespace() {
        let done = || Datum::count(MetricName::new("Done"), 1);
        let failed = || Datum::count(MetricName::new("Failed"), 1);
        let series = [
            vec![done()],
            vec![failed()],
            vec![done(), failed()],
            vec![failed(), done()],
            vec![done().with_unit(Unit::Bytes)],
            vec![done().with_resolution(Resolution::High)],
            vec![done(), failed().with_resolution(Resolution::High)],
        ];
        let shop = DimensionSets::new([Dimensions::new([("service", "shop")])]).expect("valid");
        let state = SharedSendState::default();
        let mut batches = Vec::new();
        for data in &series {
            for dimensions in [&DimensionSets::default(), &shop] {
                for namespace in ["here", "there"] {
                    batches.push((namespace, dimensions.clone(), data));
                }
            }
        }
        let batches = batches.iter().map(|(namespace, dimensions, data)| Batch {
            namespace,
            dimensions,
            timestamp: std::time::SystemTime::UNIX_EPOCH,
            data,
            invocation: None,
            properties: Properties::NONE,
            state: &state,
        });
        let batches: Vec<_> = batches.collect();
        for (index, batch) in batches.iter().enumerate() {
            let template = Template::new(*batch, &Dimensions::NONE);
            let fitting: Vec<usize> = (0..batches.len())
                .filter(|other| template.fits(batches[*other]))
                .collect();
            assert_eq!(fitting, [index], "{batch:?}");
        }
    }
}
