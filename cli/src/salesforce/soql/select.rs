//! A parsed query, and the rows it finds.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::{
    super::{sobjects, store::Case},
    condition::{Condition, compare},
    term::Term,
};

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Select {
    pub(super) columns: Columns,
    pub(super) conditions: Vec<Condition>,
    pub(super) group_by: Vec<String>,
    pub(super) having: Vec<Condition>,
    pub(super) order: Vec<Order>,
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
}

/// What stands between `SELECT` and `FROM`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Columns {
    /// `count()`: a total without rows.
    Total,
    /// A row for each Case.
    Fields(Vec<String>),
    /// A row for each group of Cases, under names.
    Terms(Vec<(String, Term)>),
}

/// One term of `ORDER BY`; what has no value stands first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) term: Term,
    pub(super) descending: bool,
}

impl Select {
    /// The number of rows, and the rows unless only their number was asked for.
    pub(super) fn run(&self, cases: &[Case], version: &str) -> (usize, Vec<Value>) {
        let matching = |case: &&Case| self.conditions.iter().all(|it| it.matches(&[case]));
        let cases: Vec<&Case> = cases.iter().filter(matching).collect();
        let mut groups: Vec<Vec<&Case>> = match &self.columns {
            Columns::Terms(_) => self.groups(cases),
            _ => cases.into_iter().map(|case| vec![case]).collect(),
        };
        groups.retain(|group| self.having.iter().all(|it| it.matches(group)));
        if !self.order.is_empty() {
            groups.sort_by(|one, other| self.order_of(one, other));
        }
        let limit = self.limit.unwrap_or(usize::MAX);
        let groups: Vec<_> = groups.into_iter().skip(self.offset).take(limit).collect();
        let rows = match &self.columns {
            Columns::Total => Vec::new(),
            Columns::Fields(fields) => {
                let cases = groups.iter().flatten();
                cases
                    .map(|case| sobjects::row(case, fields, version))
                    .collect()
            }
            Columns::Terms(terms) => groups.iter().map(|group| row(terms, group)).collect(),
        };
        (groups.len(), rows)
    }

    /// Cases whose grouping fields are equal, in the order of the first of each; all of them without `GROUP BY`.
    fn groups<'c>(&self, cases: Vec<&'c Case>) -> Vec<Vec<&'c Case>> {
        if self.group_by.is_empty() {
            return vec![cases];
        }
        let mut keyed: Vec<(Vec<Value>, usize, &Case)> = cases
            .into_iter()
            .enumerate()
            .map(|(at, case)| (self.key(case), at, case))
            .collect();
        keyed.sort_by(|one, other| compare_keys(&one.0, &other.0).then(one.1.cmp(&other.1)));
        let same = |one: &(Vec<Value>, usize, &Case), other: &(Vec<Value>, usize, &Case)| {
            compare_keys(&one.0, &other.0).is_eq()
        };
        let mut groups: Vec<_> = keyed.chunk_by(same).collect();
        groups.sort_by_key(|group| group.first().map(|(_, at, _)| *at));
        let cases = |group: &[(_, _, &'c Case)]| group.iter().map(|(_, _, case)| *case).collect();
        groups.into_iter().map(cases).collect()
    }

    fn key(&self, case: &Case) -> Vec<Value> {
        self.group_by
            .iter()
            .map(|field| case.value(field))
            .collect()
    }

    fn order_of(&self, one: &[&Case], other: &[&Case]) -> Ordering {
        let orders = self.order.iter().map(|order| {
            let (one, other) = (order.term.of(one), order.term.of(other));
            match (one.is_null(), other.is_null()) {
                (false, false) if order.descending => compare(&one, &other).reverse(),
                (false, false) => compare(&one, &other),
                (one, other) => other.cmp(&one),
            }
        });
        orders.fold(Ordering::Equal, Ordering::then)
    }
}

fn compare_keys(one: &[Value], other: &[Value]) -> Ordering {
    let pairs = one.iter().zip(other);
    let orders = pairs.map(|(one, other)| {
        let nulls = other.is_null().cmp(&one.is_null());
        nulls.then_with(|| compare(one, other))
    });
    orders.fold(Ordering::Equal, Ordering::then)
}

fn row(terms: &[(String, Term)], group: &[&Case]) -> Value {
    let mut row = Map::new();
    row.insert(
        "attributes".to_owned(),
        json!({ "type": "AggregateResult" }),
    );
    let values = terms
        .iter()
        .map(|(name, term)| (name.clone(), term.of(group)));
    row.extend(values);
    Value::Object(row)
}
