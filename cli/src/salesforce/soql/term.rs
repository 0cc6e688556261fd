//! What a query selects, orders by or compares: a field, or a function of a field over several Cases.

use serde_json::Value;

use super::{super::store::Case, condition::compare};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) function: Option<Function>,
    pub(super) field: String,
}

/// An aggregate function; each passes over Cases without a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Count,
    /// Texts that differ in their case only are one.
    CountDistinct,
    Min,
    Max,
}

impl Function {
    pub(super) fn named(name: &str) -> Option<Self> {
        let functions = [
            ("COUNT", Self::Count),
            ("COUNT_DISTINCT", Self::CountDistinct),
            ("MIN", Self::Min),
            ("MAX", Self::Max),
        ];
        let mut functions = functions.into_iter();
        functions
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, function)| function)
    }
}

impl Term {
    /// The value of a group of Cases; a field has that of the first one.
    pub(super) fn of(&self, group: &[&Case]) -> Value {
        let values = group.iter().map(|case| case.value(&self.field));
        let values = values.filter(|value| !value.is_null());
        match self.function {
            None => group
                .first()
                .map_or(Value::Null, |case| case.value(&self.field)),
            Some(Function::Count) => values.count().into(),
            Some(Function::CountDistinct) => {
                let mut values: Vec<Value> = values.collect();
                values.sort_by(compare);
                values.dedup_by(|one, other| compare(one, other).is_eq());
                values.len().into()
            }
            Some(Function::Min) => values
                .reduce(|one, other| std::cmp::min_by(one, other, compare))
                .unwrap_or_default(),
            Some(Function::Max) => values
                .reduce(|one, other| std::cmp::max_by(one, other, compare))
                .unwrap_or_default(),
        }
    }
}
