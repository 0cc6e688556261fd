//! Packing: data are divided into batches within the limits of one document or one request. The metrics of one function
//! stay in one batch.

mod families;

use std::collections::BTreeMap;

use super::{Batch, Datum, Dimensions, Value};
use crate::metric::{MetricName, limits};
use families::families;

/// The limits of one batch of a sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packing {
    form: Form,
    metrics: usize,
    values: usize,
    bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Whole,
    Documents,
    Requests,
}

/// The most bytes of the text around the data of a batch: the keys of a document, or those of a request with the longest
/// namespace.
const FRAME_BYTES: usize = 1024;
/// The most observations of one histogram in documents, which contain each observation separately: 1000 documents, about
/// 1 MB. Beyond this number, each value keeps its share, rounded down, but at least one observation.
const MAX_WRITTEN_OBSERVATIONS: u64 = 100_000;

impl Packing {
    /// All data in one batch of any size.
    pub const WHOLE: Self = Self {
        form: Form::Whole,
        metrics: usize::MAX,
        values: usize::MAX,
        bytes: usize::MAX,
    };

    /// One document in the embedded metric format for each batch.
    pub const DOCUMENTS: Self = Self {
        form: Form::Documents,
        metrics: limits::MAX_DOCUMENT_METRICS,
        values: limits::MAX_DOCUMENT_VALUES,
        bytes: limits::MAX_DOCUMENT_BYTES,
    };

    /// One `PutMetricData` request for each batch.
    pub const REQUESTS: Self = Self {
        form: Form::Requests,
        metrics: limits::MAX_REQUEST_METRICS,
        values: limits::MAX_DATUM_VALUES,
        bytes: limits::MAX_REQUEST_BYTES,
    };

    /// The same with fewer metrics in each batch.
    #[must_use]
    pub const fn at_most(self, metrics: usize) -> Self {
        let metrics = if metrics < self.metrics {
            metrics
        } else {
            self.metrics
        };
        Self { metrics, ..self }
    }

    /// Divides data into batches. The metrics of one function stay together unless they do not fit into one batch.
    ///
    /// `frame` is a batch without data, whose text counts against the limit of bytes. Data that fit into no batch are left
    /// out.
    pub(crate) fn pack(self, data: Vec<Datum>, frame: Batch<'_>) -> Packed {
        let room = Cost {
            metrics: self.metrics.max(1),
            bytes: self.bytes.saturating_sub(self.frame_bytes(frame)),
        };
        let cost = |datum: &Datum| self.cost(datum, frame);
        let before = data.len();
        let mut data = data;
        if self.form != Form::Whole {
            data.retain(|datum| cost(datum).bytes <= room.bytes || values(datum) > self.values);
        }
        let mut dropped = before - data.len();
        if self.form == Form::Documents {
            dropped += data.iter().filter(|datum| is_thinned(datum)).count();
        }
        let groups = match self.form {
            Form::Documents => layers(data, self.values),
            Form::Requests => {
                let parts = data.into_iter().flat_map(|datum| parts(datum, self.values));
                vec![parts.collect()]
            }
            Form::Whole => vec![data],
        };
        let batches = groups
            .into_iter()
            .flat_map(|data| split(data, room, cost, families));
        Packed {
            batches: batches.collect(),
            dropped: dropped as u64,
        }
    }

    fn frame_bytes(self, frame: Batch<'_>) -> usize {
        match self.form {
            Form::Whole => 0,
            Form::Requests => FRAME_BYTES,
            Form::Documents => {
                let request_id = frame.invocation.map_or(0, |it| 6 * it.request_id.len());
                FRAME_BYTES
                    + 2 * frame.namespace.len()
                    + request_id
                    + frame.dimensions.document_bytes()
                    + frame.properties.document_bytes()
            }
        }
    }

    /// The most that a datum takes of a batch.
    fn cost(self, datum: &Datum, frame: Batch<'_>) -> Cost {
        let name = datum.metric.as_str().len();
        let own = || datum.dimensions.iter();
        match self.form {
            Form::Whole => Cost {
                metrics: 1,
                bytes: 0,
            },
            Form::Requests => {
                let sets = frame.dimensions.with(&datum.dimensions);
                let dimensions = sets.iter().flatten();
                // Keys, heads and numbers of a datum, of a dimension, and of a value with its count, in CBOR.
                let different = match &datum.value {
                    Value::Histogram(observed) => observed.len(),
                    Value::Count(_) | Value::Gauge(_) => 1,
                };
                let dimensions = dimensions.map(|(name, value)| name.len() + value.len() + 32);
                Cost {
                    metrics: sets.len(),
                    bytes: sets.len() * (200 + name + 18 * different) + dimensions.sum::<usize>(),
                }
            }
            Form::Documents => {
                let sets = frame.dimensions.as_slice().len();
                let names = own().map(|(name, _)| 2 * name.len() + 3).sum::<usize>();
                let pairs = own().map(|(name, value)| 2 * (name.len() + value.len()) + 8);
                // A character may be escaped, and the name occurs twice. A number has at most 26 characters.
                Cost {
                    metrics: 1,
                    bytes: 100
                        + 4 * name
                        + 26 * values(datum)
                        + sets * names
                        + pairs.sum::<usize>(),
                }
            }
        }
    }
}

/// Data in batches.
#[derive(Debug)]
pub(crate) struct Packed {
    /// The data of each document or request.
    pub(crate) batches: Vec<Vec<Datum>>,
    /// The number of data that fit into no batch, or not with all of their observations.
    pub(crate) dropped: u64,
}

/// The used part of a batch.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    metrics: usize,
    bytes: usize,
}

impl Cost {
    fn plus(self, more: Self) -> Self {
        Self {
            metrics: self.metrics.saturating_add(more.metrics),
            bytes: self.bytes.saturating_add(more.bytes),
        }
    }

    fn fits(self, room: Self) -> bool {
        self.metrics <= room.metrics && self.bytes <= room.bytes
    }
}

/// The number of values with which a datum is written.
fn values(datum: &Datum) -> usize {
    match &datum.value {
        Value::Count(_) | Value::Gauge(_) => 1,
        Value::Histogram(observed) => observed
            .iter()
            .map(|(_, times)| usize::try_from(*times).unwrap_or(usize::MAX))
            .fold(0, usize::saturating_add)
            // It is greater than any limit, and sums of it do not overflow.
            .min(usize::MAX >> 16),
    }
}

/// Divides a datum into data with at most this number of different values, which is the limit of a request.
fn parts(datum: Datum, most: usize) -> Vec<Datum> {
    match &datum.value {
        Value::Histogram(observed) if observed.len() > most => {
            let parts = observed.chunks(most);
            let part = |observed: &[(f64, u64)]| Datum {
                value: Value::Histogram(observed.to_vec()),
                ..datum.clone()
            };
            parts.map(part).collect()
        }
        _ => vec![datum],
    }
}

/// The data of each document: one set of own dimensions, no name twice, and at most `most` observations of a metric.
///
/// Documents that contain only further observations come last, so the documents before them contain all counts.
fn layers(data: Vec<Datum>, most: usize) -> Vec<Vec<Datum>> {
    let mut layers: Vec<BTreeMap<Dimensions, Vec<Datum>>> = Vec::new();
    let mut filled: BTreeMap<(Dimensions, MetricName), usize> = BTreeMap::new();
    for datum in data.into_iter().flat_map(|datum| written(datum, most)) {
        let layer = filled
            .entry((datum.dimensions.clone(), datum.metric))
            .or_default();
        if layers.len() <= *layer {
            layers.push(BTreeMap::new());
        }
        if let Some(groups) = layers.get_mut(*layer) {
            let group = groups.entry(datum.dimensions.clone()).or_default();
            group.push(datum);
        }
        *layer += 1;
    }
    layers.into_iter().flat_map(BTreeMap::into_values).collect()
}

/// Divides a histogram into parts of at most `most` observations, because a document contains each one separately.
fn written(datum: Datum, most: usize) -> Vec<Datum> {
    let Value::Histogram(observed) = &datum.value else {
        return vec![datum];
    };
    let most = most as u64;
    let mut parts = vec![(0, Vec::new())];
    for (value, mut times) in thinned(observed) {
        while times > 0 {
            if parts.last().is_none_or(|(number, _)| *number == most) {
                parts.push((0, Vec::new()));
            }
            let Some((number, part)) = parts.last_mut() else {
                break;
            };
            let taken = times.min(most - *number);
            part.push((value, taken));
            *number += taken;
            times -= taken;
        }
    }
    let part = |(_, observed)| Datum {
        value: Value::Histogram(observed),
        ..datum.clone()
    };
    parts.into_iter().map(part).collect()
}

/// Whether a histogram has more observations than documents may contain.
fn is_thinned(datum: &Datum) -> bool {
    match &datum.value {
        Value::Histogram(observed) => observations(observed) > MAX_WRITTEN_OBSERVATIONS.into(),
        Value::Count(_) | Value::Gauge(_) => false,
    }
}

fn observations(observed: &[(f64, u64)]) -> u128 {
    observed.iter().map(|(_, times)| u128::from(*times)).sum()
}

/// The observations, or the share of each value in the greatest number.
fn thinned(observed: &[(f64, u64)]) -> Vec<(f64, u64)> {
    let all = observations(observed);
    if all <= u128::from(MAX_WRITTEN_OBSERVATIONS) {
        return observed.to_vec();
    }
    tracing::warn!(
        observations = %all,
        written = MAX_WRITTEN_OBSERVATIONS,
        "a histogram has more observations than documents may contain, each value keeps its share"
    );
    let share = |times: u64| {
        let share = u128::from(times) * u128::from(MAX_WRITTEN_OBSERVATIONS) / all;
        u64::try_from(share)
            .unwrap_or(MAX_WRITTEN_OBSERVATIONS)
            .max(1)
    };
    let kept = observed.iter().filter(|(_, times)| *times > 0);
    kept.map(|(value, times)| (*value, share(*times))).collect()
}

/// Divides data by the limits of a batch. The metrics of a function are divided only if they do not fit into one batch.
fn split(
    data: Vec<Datum>,
    room: Cost,
    cost: impl Fn(&Datum) -> Cost,
    families: impl FnOnce() -> BTreeMap<&'static str, usize>,
) -> Vec<Vec<Datum>> {
    let sum = |data: &[Datum]| data.iter().map(&cost).fold(Cost::default(), Cost::plus);
    if data.is_empty() {
        return Vec::new();
    }
    if sum(&data).fits(room) {
        return vec![data];
    }
    let families = families();
    let family = |datum: &Datum| families.get(datum.metric.as_str()).copied();
    let mut data = data;
    data.sort_by_key(family);
    let mut batches: Vec<Vec<Datum>> = Vec::new();
    let mut used = room;
    for siblings in data.chunk_by(|left, right| family(left) == family(right)) {
        // Metrics that no function declares may be separated, and a family that fits into no batch has to be.
        let declared = siblings
            .first()
            .is_some_and(|datum| family(datum).is_some());
        let pieces = if declared && sum(siblings).fits(room) {
            siblings.chunks(siblings.len())
        } else {
            siblings.chunks(1)
        };
        for piece in pieces {
            let more = sum(piece);
            match batches.last_mut() {
                Some(batch) if used.plus(more).fits(room) => {
                    batch.extend_from_slice(piece);
                    used = used.plus(more);
                }
                _ => {
                    batches.push(piece.to_vec());
                    used = more;
                }
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests;
