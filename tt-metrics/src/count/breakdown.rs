//! What a site counts in addition to its plain outcomes: by dimensions, by error, and the durations of calls.
//!
//! The cells of a site are in one row: for each combination of dimension values one cell for each kind of count, then one
//! for each error, then one for each bucket of the latency. A call with dimensions is counted here only, so it takes one
//! store as well; the drain adds up all combinations.

use std::{borrow::Cow, collections::BTreeMap};

use super::latency;
use crate::{
    declare::{
        declaration::{Declaration, ERROR},
        kind::Kind,
        level::Level,
        site::Site,
    },
    metric::{
        Datum, Dimensions, MetricName, Resolution, Unit, Value,
        dimension::{OTHER, Values},
    },
};

/// One combination of the values of a site's dimensions: their positions as the digits of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Series(pub(crate) usize);

impl Series {
    /// The combination of a site without dimensions.
    pub const FIRST: Self = Self(0);

    /// Adds a dimension.
    #[inline]
    #[must_use]
    pub fn and<D>(self, values: &Values<D>, value: &D) -> Self {
        self.digit(values.index(value), values.names().len())
    }

    /// Adds a dimension with a list of texts; the last one is the value of all other texts.
    #[inline]
    #[must_use]
    pub fn and_listed(self, values: &[&str], text: &str) -> Self {
        let found = values.iter().position(|value| *value == text);
        self.digit(found.unwrap_or(usize::MAX), values.len())
    }

    /// Adds a dimension of free text, the `position`th of the site.
    #[inline]
    #[must_use]
    pub fn and_text(self, site: &'static Site, position: usize, text: &str) -> Self {
        match site.texts().get(position) {
            Some(texts) => self.digit(texts.index(text), texts.values()),
            None => self,
        }
    }

    #[inline]
    fn digit(self, digit: usize, radix: usize) -> Self {
        Self(self.0 * radix + digit.min(radix.saturating_sub(1)))
    }
}

const KINDS: usize = Kind::ALL.len();

/// The number of cells of a site in addition to those of its plain outcomes.
pub(crate) fn cells(declaration: &Declaration) -> usize {
    latency_cell(declaration)
        + if declaration.latency.is_some() {
            latency::BUCKETS
        } else {
            0
        }
}

/// The cell of a kind for one combination of dimension values.
#[inline]
pub(crate) fn series_cell(series: Series, kind: Kind) -> usize {
    series.0 * KINDS + kind as usize
}

/// The first cell of the errors.
fn first_error_cell(declaration: &Declaration) -> usize {
    declaration.series() * KINDS
}

/// The cell of an error.
pub(crate) fn error_cell(declaration: &Declaration, error: ErrorValue) -> usize {
    let listed = declaration.errors.len();
    let position = match error {
        ErrorValue::Variant(index) => index.min(listed.saturating_sub(1)),
        ErrorValue::Panic => listed,
        ErrorValue::Other => listed + 1,
    };
    first_error_cell(declaration) + position
}

/// The first cell of the latency.
pub(crate) fn latency_cell(declaration: &Declaration) -> usize {
    first_error_cell(declaration) + declaration.error_values().count()
}

/// The value of the dimension `Error` of a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorValue {
    /// The call returned an error, with this position in the list of the type.
    Variant(usize),
    /// The call panicked.
    Panic,
    /// The call returned no error, and its classifier returned a failure.
    Other,
}

/// The sum of one kind of count over all combinations.
pub(crate) fn sum(declaration: &Declaration, cells: &[u64], kind: Kind) -> u64 {
    let series = cells
        .get(..first_error_cell(declaration))
        .unwrap_or_default();
    let of_kind = series.iter().skip(kind as usize).step_by(KINDS);
    of_kind.fold(0, |sum, cell| sum.wrapping_add(*cell))
}

/// The data of a site with its own dimensions. Combinations without growth are left out, since CloudWatch bills each one
/// that is sent as a metric.
pub(crate) fn data(site: &Site, growth: &[u64]) -> Vec<Datum> {
    let declaration = site.declaration;
    let mut data = Vec::new();
    for (position, cells) in growth.chunks(KINDS).take(declaration.series()).enumerate() {
        if cells.iter().all(|cell| *cell == 0) {
            continue;
        }
        let dimensions = dimensions(site, position);
        for kind in Kind::ALL {
            let growth = cells.get(kind as usize).copied().unwrap_or(0);
            if let (Some(metric), 1..) = (declaration.metric(kind), growth) {
                data.push(Datum::growth(metric, growth).with_dimensions(dimensions.clone()));
            }
        }
    }
    let errors = growth
        .get(first_error_cell(declaration)..)
        .unwrap_or_default();
    for (value, &growth) in declaration.error_values().zip(errors) {
        if let (Some(metric), 1..) = (declaration.metric(Kind::Failure), growth) {
            let dimensions = Dimensions::new([(ERROR, value)]);
            data.push(Datum::growth(metric, growth).with_dimensions(dimensions));
        }
    }
    let buckets = growth.get(latency_cell(declaration)..).unwrap_or_default();
    data.extend(
        declaration
            .latency
            .and_then(|metric| durations(metric, buckets))
            .map(|datum| datum.with_resolution(declaration.resolution)),
    );
    data
}

/// The maximum number of open calls of each metric; functions that share a metric are added up.
#[expect(clippy::cast_precision_loss, reason = "fewer than 2^53 calls are open")]
pub(crate) fn levels(sites: &[Site], most: fn(&Level) -> u64) -> Vec<Datum> {
    let mut levels = BTreeMap::new();
    for site in sites {
        if let Some((metric, calls)) = site.level() {
            let key = (metric, site.declaration.resolution);
            *levels.entry(key).or_insert(0) += most(calls);
        }
    }
    let gauge = |((metric, resolution), open): ((MetricName, Resolution), u64)| {
        Datum::gauge(metric, open as f64).with_resolution(resolution)
    };
    levels.into_iter().map(gauge).collect()
}

fn durations(metric: MetricName, buckets: &[u64]) -> Option<Datum> {
    let seen = buckets.iter().enumerate().filter(|(_, times)| **times > 0);
    let seen: Vec<(f64, u64)> = seen
        .map(|(bucket, &times)| (latency::milliseconds(bucket), times))
        .collect();
    let datum = Datum::new(metric, Value::Histogram(seen)).with_unit(Unit::Milliseconds);
    (!datum.value.is_zero()).then_some(datum)
}

/// The dimensions of one combination: the digits of its number, the last dimension first.
fn dimensions(site: &Site, series: usize) -> Dimensions {
    let declared = site.declaration.dimensions;
    let mut texts = site.texts().iter().rev();
    let mut rest = series;
    let mut pairs: Vec<(&'static str, Cow<'static, str>)> = declared
        .iter()
        .rev()
        .map(|dimension| {
            let radix = dimension.radix().max(1);
            let index = rest % radix;
            rest /= radix;
            let value = if dimension.max > 0 {
                let text = texts.next().map_or(OTHER, |texts| texts.get(index));
                text.to_owned().into()
            } else {
                (*dimension.values.get(index).unwrap_or(&OTHER)).into()
            };
            (dimension.name, value)
        })
        .collect();
    pairs.reverse();
    Dimensions::new(pairs)
}

#[cfg(test)]
mod tests {
    use std::{
        sync::OnceLock,
        time::{Duration, SystemTime},
    };

    use super::*;
    use crate::{
        count::{
            buffer::{Buffer, Shard},
            open_calls::StillOpen,
        },
        declare::{declaration::DeclaredDimension, site::State, texts::Texts},
        metric::dimension::Dimension,
    };

    const DECLARATION: Declaration = Declaration {
        success: Some(MetricName::new("Done")),
        failure: Some(MetricName::new("Failed")),
        latency: Some(MetricName::new("Time")),
        in_flight: Some(MetricName::new("Open")),
        dimensions: &[
            DeclaredDimension {
                name: "Paid",
                values: &["false", "true"],
                max: 0,
            },
            DeclaredDimension {
                name: "Shop",
                values: &[],
                max: 2,
            },
        ],
        errors: &["Stock", "Price"],
        ..Declaration::new("f", "f.rs", 1, "")
    };
    static PLACES: [OnceLock<Box<str>>; 2] = [const { OnceLock::new() }; 2];
    static STATE: State = State {
        texts: &[Texts::new(&PLACES)],
        level: Level::new(),
    };
    // Two sites of the same metrics.
    static SITES: [Site; 2] = [
        Site::new(&DECLARATION, &[]).with(&STATE),
        Site::new(&DECLARATION, &[]).with(&STATE),
    ];

    fn count((shard, site): (Shard, usize), paid: bool, shop: &str, kind: Kind, n: u64) {
        let series = Series::FIRST.and(&Values::new(), &paid);
        let series = series.and_text(&SITES[site], 0, shop);
        shard
            .breakdown(site, series_cell(series, kind))
            .unwrap()
            .add(n);
    }

    /// One line for each datum.
    fn drained(buffer: &Buffer) -> Vec<String> {
        let snapshot = buffer.drain(SystemTime::UNIX_EPOCH, StillOpen::Wait);
        let line = |datum: &Datum| {
            let value = match &datum.value {
                Value::Histogram(seen) => format!("{seen:?} {}", datum.unit.as_str()),
                other => other.sum().to_string(),
            };
            format!("{} {{{}}} {value}", datum.metric, datum.dimensions)
        };
        snapshot.data().iter().map(line).collect()
    }

    #[test]
    fn growth_is_sent_once_by_its_dimensions_and_once_as_a_sum() {
        let buffer = Buffer::new(|| &SITES);
        let [one, other] = [buffer.claim(), buffer.claim()];
        count((one, 0), true, "north", Kind::Success, 2);
        count((one, 0), false, "south", Kind::Success, 1);
        count((other, 1), true, "north", Kind::Success, 3);
        count((other, 0), true, "east", Kind::Failure, 1);
        count((other, 0), true, "west", Kind::Failure, 1);
        for error in [
            ErrorValue::Variant(1),
            ErrorValue::Panic,
            ErrorValue::Variant(1),
            ErrorValue::Other,
        ] {
            one.breakdown(0, error_cell(&DECLARATION, error))
                .unwrap()
                .add(1);
        }
        let took = latency_cell(&DECLARATION) + latency::bucket(Duration::from_millis(16));
        one.breakdown(0, took).unwrap().add(2);
        STATE.level.enter();
        assert_eq!(
            drained(&buffer),
            [
                "Done {} 6",
                "Failed {} 2",
                "Open {} 2",
                "Time {} [(15.85548, 2)] Milliseconds",
                "Failed {Error=Other} 1",
                "Failed {Error=Panic} 1",
                "Failed {Error=Price} 2",
                "Done {Paid=false,Shop=south} 1",
                "Failed {Paid=true,Shop=Other} 2",
                "Done {Paid=true,Shop=north} 5",
            ]
        );
        assert_eq!(drained(&buffer), ["Done {} 0", "Failed {} 0", "Open {} 2"]);
        count((one, 1), true, "north", Kind::Success, 1);
        buffer.put_back(buffer.drain(SystemTime::UNIX_EPOCH, StillOpen::Wait).data());
        count((one, 0), true, "north", Kind::Success, 1);
        let again = drained(&buffer);
        assert!(
            again.contains(&"Done {Paid=true,Shop=north} 2".to_owned()),
            "{again:?}"
        );
        assert!(again.contains(&"Done {} 2".to_owned()), "{again:?}");
    }

    #[test]
    fn a_position_past_the_end_is_the_last_value() {
        struct Wrong;
        impl Dimension for Wrong {
            const VALUES: &'static [&'static str] = &["a", "b"];
            fn index(&self) -> usize {
                7
            }
        }
        let one = Series::FIRST.and(&Values::new(), &true);
        assert_eq!(one.and(&Values::new(), &Wrong), Series(3));
        assert_eq!(Series::FIRST.and_listed(&["a", "b", OTHER], "x"), Series(2));
    }
}
