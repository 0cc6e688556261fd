//! The dimensions of one datum, and the dimension sets of the process.

use std::{borrow::Cow, fmt, sync::Arc};

use super::limits::{self, Violation};

/// The maximum number of dimension sets: each one multiplies the number of metrics that CloudWatch stores and bills.
const MAX_SETS: usize = 10;
/// The maximum size of the dimension sets in a document, which leaves room for data.
const MAX_DOCUMENT_BYTES: usize = 64 * 1024;

/// An ordered list of dimensions, each a name and a value. Cloning it does not copy the list.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dimensions(Option<Arc<[Pair]>>);

/// The name and the value of one dimension.
pub(crate) type Pair = (Cow<'static, str>, Cow<'static, str>);

impl Dimensions {
    /// No dimensions.
    pub const NONE: Self = Self(None);

    /// Creates a list in the given order. A flush drops a datum whose dimensions CloudWatch would refuse, and counts it as
    /// `MetricsDropped`.
    #[must_use]
    pub fn new<N, V>(dimensions: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<Cow<'static, str>>,
        V: Into<Cow<'static, str>>,
    {
        let dimensions: Arc<[Pair]> = dimensions
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Self((!dimensions.is_empty()).then_some(dimensions))
    }

    /// The name and value of each dimension, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        let pairs = self.0.as_deref().unwrap_or_default();
        pairs.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl fmt::Display for Dimensions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(formatter, "{comma}{name}={value}")?;
        }
        Ok(())
    }
}

/// The dimension sets under which every metric of the process is sent. The default is one set without dimensions.
///
/// CloudWatch stores a metric once for each set, with the same total.
///
/// ```
/// use tt_metrics::sink::{DimensionSets, Dimensions};
///
/// let service = Dimensions::new([("service", "orders")]);
/// let both = DimensionSets::new([service, Dimensions::NONE])?;
/// assert_eq!(both.as_slice().len(), 2);
/// # Ok::<(), tt_metrics::sink::Violation>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DimensionSets(Vec<Dimensions>);

impl Default for DimensionSets {
    fn default() -> Self {
        Self(vec![Dimensions::NONE])
    }
}

impl DimensionSets {
    /// Creates the sets; an empty list is one set without dimensions.
    ///
    /// # Errors
    ///
    /// When there are more than 10 sets, their names and values take more than 32 KB, two sets have the same names, a set
    /// violates the limits of CloudWatch, or a dimension has two values: in the embedded metric format, all sets share one
    /// key space.
    pub fn new(sets: impl IntoIterator<Item = Dimensions>) -> Result<Self, Violation> {
        let sets: Vec<_> = sets.into_iter().collect();
        if sets.is_empty() {
            return Ok(Self::default());
        }
        limits::check_number("sets of dimensions", sets.len(), MAX_SETS)?;
        for (index, set) in sets.iter().enumerate() {
            limits::check_dimensions(set.iter())?;
            let earlier = || sets.iter().take(index);
            if earlier().any(|other| have_equal_names(set.iter(), &other.iter())) {
                return Err(Violation::Malformed(format!(
                    "the set of dimensions `{set}` is given twice"
                )));
            }
            for (name, value) in set.iter() {
                let mut known = earlier().flat_map(Dimensions::iter);
                if known.any(|(other, given)| other == name && given != value) {
                    return Err(Violation::DuplicateDimension(name.to_owned()));
                }
            }
        }
        let sets = Self(sets);
        let bytes = sets.document_bytes();
        limits::check_number("bytes of dimensions", bytes, MAX_DOCUMENT_BYTES)?;
        Ok(sets)
    }

    /// The name and value of each distinct dimension of all sets.
    pub(crate) fn distinct(&self) -> impl Iterator<Item = (&str, &str)> {
        let before = |index| self.0.iter().take(index).flat_map(Dimensions::iter);
        self.0.iter().enumerate().flat_map(move |(index, set)| {
            set.iter()
                .filter(move |(name, _)| before(index).all(|(other, _)| other != *name))
        })
    }

    /// The maximum size of the sets in a document, where each character may be escaped.
    pub(crate) fn document_bytes(&self) -> usize {
        let names = self.0.iter().flat_map(Dimensions::iter);
        let names = names.map(|(name, _)| 2 * name.len() + 3).sum::<usize>();
        let pairs = self.distinct();
        let pairs = pairs.map(|(name, value)| 2 * (name.len() + value.len()) + 8);
        names + pairs.sum::<usize>()
    }

    /// The sets, in order. There is at least one.
    #[must_use]
    pub fn as_slice(&self) -> &[Dimensions] {
        &self.0
    }

    /// The dimension sets of a datum: its own dimensions replace those of the same name, and sets that become equal are
    /// merged.
    #[must_use]
    pub fn with<'a>(&'a self, own: &'a Dimensions) -> Vec<Vec<(&'a str, &'a str)>> {
        let mut sets: Vec<Vec<(&str, &str)>> = Vec::with_capacity(self.0.len());
        for set in &self.0 {
            let is_own = |name: &str| own.iter().any(|(other, _)| other == name);
            let shared = set.iter().filter(|(name, _)| !is_own(name));
            let merged: Vec<_> = shared.chain(own.iter()).collect();
            let known = sets
                .iter()
                .any(|set| have_equal_names(set.iter().copied(), &merged.iter().copied()));
            if own.is_empty() || !known {
                sets.push(merged);
            }
        }
        sets
    }
}

/// Whether two sets without duplicate names have the same names. Their values are then equal too.
fn have_equal_names<'a>(
    left: impl ExactSizeIterator<Item = (&'a str, &'a str)>,
    right: &(impl ExactSizeIterator<Item = (&'a str, &'a str)> + Clone),
) -> bool {
    let mut left = left;
    left.len() == right.len() && left.all(|(name, _)| right.clone().any(|(other, _)| other == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(dimensions: &[(&'static str, &'static str)]) -> Dimensions {
        Dimensions::new(dimensions.iter().copied())
    }

    #[test]
    fn an_empty_list_equals_no_dimensions() {
        assert_eq!(set(&[]), Dimensions::NONE);
        assert!(Dimensions::NONE.is_empty());
    }

    #[test]
    fn equal_and_contradicting_sets_are_refused() {
        let (a, b) = (("a", "1"), ("b", "2"));
        assert!(DimensionSets::new([set(&[a]), set(&[a, b]), set(&[])]).is_ok());
        assert!(DimensionSets::new([set(&[a, b]), set(&[b, a])]).is_err());
        assert!(DimensionSets::new([set(&[a]), set(&[b, ("a", "2")])]).is_err());
        assert!(DimensionSets::new([set(&[a, a])]).is_err());
        let many = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"];
        let many = many.map(|name| set(&[(name, "1")]));
        assert!(DimensionSets::new(many.clone()).is_err());
        assert!(DimensionSets::new(many.into_iter().skip(1)).is_ok());
    }

    #[test]
    fn dimensions_of_a_datum_replace_those_of_the_same_name_and_equal_sets_are_merged() {
        let sets =
            DimensionSets::new([set(&[("a", "1"), ("b", "2")]), set(&[("b", "2")]), set(&[])]);
        let sets = sets.expect("valid");
        assert_eq!(
            sets.with(&set(&[("a", "3")])),
            [vec![("b", "2"), ("a", "3")], vec![("a", "3")]]
        );
        assert_eq!(sets.with(&Dimensions::NONE).len(), 3);
    }
}
