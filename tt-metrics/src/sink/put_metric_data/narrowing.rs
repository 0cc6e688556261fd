//! Which data of a request are at fault: parts of it are sent until the bad ones are alone.
//!
//! CloudWatch refuses a whole request for one bad datum and stores nothing of it, so sending a part again counts once.

use std::error::Error;

use crate::{
    metric::Datum,
    sink::{EmitError, Partial, SinkResult},
};

/// What is still to be sent, and what became of the rest.
#[derive(Debug)]
pub(super) struct Narrowing {
    open: Vec<Vec<Datum>>,
    requests: u32,
    accepted: bool,
    not_accepted: Vec<Datum>,
    ambiguous: Vec<Datum>,
    bad: Vec<Datum>,
}

impl Narrowing {
    /// Begins with data that were refused together; `named` are the positions that the refusal names.
    pub(super) fn new(refused: Vec<Datum>, named: &[usize]) -> Self {
        let requests = most_requests(refused.len());
        let mut narrowing = Self {
            open: Vec::new(),
            requests,
            accepted: false,
            not_accepted: Vec::new(),
            ambiguous: Vec::new(),
            bad: Vec::new(),
        };
        narrowing.refused(refused, named);
        narrowing
    }

    /// The next part to send.
    pub(super) fn next(&mut self) -> Option<Vec<Datum>> {
        self.requests = self.requests.checked_sub(1)?;
        self.open.pop()
    }

    /// Whether a part was accepted, so that the data can never be sent elsewhere as a whole.
    pub(super) fn has_accepted(&self) -> bool {
        self.accepted
    }

    pub(super) fn accepted(&mut self) {
        self.accepted = true;
    }

    /// A part was found invalid: a single datum is bad, and those that are named are looked at apart from the others.
    pub(super) fn refused(&mut self, part: Vec<Datum>, named: &[usize]) {
        if part.len() < 2 {
            self.bad.extend(part);
            return;
        }
        let half = part.len() / 2;
        let numbered = part.into_iter().enumerate();
        let (named_ones, others): (Vec<_>, Vec<_>) = numbered
            .clone()
            .partition(|(index, _)| named.contains(index));
        let (suspects, others) = if named_ones.is_empty() || others.is_empty() {
            numbered.partition(|(index, _)| *index < half)
        } else {
            (named_ones, others)
        };
        let data = |part: Vec<(usize, Datum)>| part.into_iter().map(|(_, datum)| datum).collect();
        // The others are sent first, most likely with success.
        self.open.extend([data(suspects), data(others)]);
    }

    /// A part certainly was not accepted, for a reason that is not its own.
    pub(super) fn not_accepted(&mut self, part: Vec<Datum>) {
        self.not_accepted.extend(part);
    }

    /// A part was sent, and there is no answer that tells.
    pub(super) fn ambiguous(&mut self, part: Vec<Datum>) {
        self.ambiguous.extend(part);
    }

    /// What became of them all; `refusal` is why they were refused together.
    ///
    /// When nothing was accepted, the fault may be that of the request, so no datum is called bad.
    pub(super) fn end(mut self, refusal: Box<dyn Error + Send + Sync>) -> SinkResult {
        self.not_accepted.extend(self.open.drain(..).flatten());
        if !self.accepted && self.ambiguous.is_empty() {
            return Err(EmitError::NotAccepted(refusal));
        }
        if self.not_accepted.is_empty() && self.ambiguous.is_empty() && self.bad.is_empty() {
            return Ok(());
        }
        if !self.accepted {
            self.not_accepted.append(&mut self.bad);
        }
        for datum in &self.bad {
            tracing::error!(
                metric = %datum.metric,
                dimensions = %datum.dimensions,
                value = ?datum.value,
                "CloudWatch refused a metric, which was dropped"
            );
        }
        let mut partial = Partial::new(refusal);
        partial.not_accepted = self.not_accepted;
        partial.ambiguous = self.ambiguous;
        partial.dropped = self.bad.len() as u64;
        Err(EmitError::Partial(Box::new(partial)))
    }
}

/// Enough to find two bad data by halves; beyond, what is open goes to the log.
fn most_requests(data: usize) -> u32 {
    4 + 4 * data.max(1).ilog2()
}

/// The positions of the data of a request that the text of a refusal names, such as `MetricData.member.3.Value`.
///
/// `members` is the number of a request's members that each datum has, one for each set of dimensions.
pub(super) fn named(refusal: &str, members: impl Iterator<Item = usize>) -> Vec<usize> {
    let numbers = refusal.split("MetricData.member.").skip(1);
    let numbers = numbers.filter_map(|text| {
        let end = text.find(|character: char| !character.is_ascii_digit());
        let number: usize = text.get(..end.unwrap_or(text.len()))?.parse().ok()?;
        number.checked_sub(1)
    });
    let numbers: Vec<usize> = numbers.collect();
    let mut begin = 0;
    let positions = members.enumerate().filter_map(|(position, members)| {
        let own = begin..begin + members;
        begin = own.end;
        let is_named = numbers.iter().any(|number| own.contains(number));
        is_named.then_some(position)
    });
    positions.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::metric::MetricName;

    fn data(number: u64) -> Vec<Datum> {
        let datum = |growth| Datum::count(MetricName::new("Done"), growth);
        (1..=number).map(datum).collect()
    }

    fn growth(data: &[Datum]) -> BTreeSet<u64> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "small whole numbers"
        )]
        data.iter().map(|datum| datum.value.sum() as u64).collect()
    }

    /// Sends to a CloudWatch that refuses a request with one of the bad data in it; what it stored, and the end.
    fn outcome(number: u64, bad: &[u64], told: bool) -> (Vec<u64>, SinkResult) {
        let is_bad = |datum: &Datum| {
            growth(std::slice::from_ref(datum))
                .iter()
                .any(|it| bad.contains(it))
        };
        let suspects = |part: &[Datum]| -> Vec<usize> {
            let positions = part
                .iter()
                .enumerate()
                .filter(|(_, datum)| told && is_bad(datum));
            positions.map(|(position, _)| position).collect()
        };
        let all = data(number);
        let positions = suspects(&all);
        let mut narrowing = Narrowing::new(all, &positions);
        let mut stored = Vec::new();
        while let Some(part) = narrowing.next() {
            if part.iter().any(is_bad) {
                let positions = suspects(&part);
                narrowing.refused(part, &positions);
            } else {
                stored.extend(growth(&part));
                narrowing.accepted();
            }
        }
        (stored, narrowing.end("refused".into()))
    }

    #[test]
    fn a_bad_datum_costs_no_other_wherever_it_stands_and_whatever_the_refusal_says() {
        for (number, step) in [(2, 1), (3, 1), (5, 1), (64, 2), (1_000, 21)] {
            for bad in (1..=number).step_by(step) {
                for told in [false, true] {
                    let (mut stored, result) = outcome(number, &[bad], told);
                    stored.sort_unstable();
                    let others: Vec<u64> = (1..=number).filter(|it| *it != bad).collect();
                    assert_eq!(stored, others, "{bad} of {number}");
                    let Err(EmitError::Partial(partial)) = result else {
                        panic!("{result:?}");
                    };
                    assert_eq!(partial.dropped, 1);
                    assert!(partial.not_accepted.is_empty() && partial.ambiguous.is_empty());
                }
            }
        }
    }

    #[test]
    fn however_many_are_bad_nothing_is_lost_but_them_and_nothing_is_doubled() {
        for bad in [2, 3, 10, 99] {
            let bad: Vec<u64> = (1..=bad).map(|it| it * 97 % 100 + 1).collect();
            for told in [false, true] {
                let (stored, result) = outcome(100, &bad, told);
                let (rest, dropped) = match result {
                    Err(EmitError::NotAccepted(_)) => (growth(&data(100)), 0),
                    Err(EmitError::Partial(partial)) => {
                        (growth(&partial.not_accepted), partial.dropped)
                    }
                    other => panic!("{other:?}"),
                };
                let twice = stored.iter().filter(|it| rest.contains(it)).count();
                assert_eq!(twice, 0);
                let all = stored.len() + rest.len() + usize::try_from(dropped).unwrap();
                assert_eq!(all, 100);
                let lost = (1..=100).filter(|it| !stored.contains(it) && !rest.contains(it));
                assert!(lost.into_iter().all(|it| bad.contains(&it)));
            }
        }
    }

    #[test]
    fn a_request_of_which_nothing_is_accepted_has_no_bad_datum() {
        let (stored, result) = outcome(5, &[1, 2, 3, 4, 5], false);
        assert!(stored.is_empty());
        assert!(
            matches!(result, Err(EmitError::NotAccepted(_))),
            "{result:?}"
        );
    }

    #[test]
    fn what_was_refused_once_and_then_accepted_has_arrived() {
        assert!(outcome(5, &[], false).1.is_ok());
    }

    #[test]
    fn parts_that_met_another_fault_are_told_apart() {
        let mut narrowing = Narrowing::new(data(4), &[]);
        let part = narrowing.next().expect("is open");
        narrowing.ambiguous(part);
        let part = narrowing.next().expect("is open");
        narrowing.not_accepted(part);
        let Err(EmitError::Partial(partial)) = narrowing.end("refused".into()) else {
            panic!("not all was accepted");
        };
        assert_eq!(growth(&partial.ambiguous), BTreeSet::from([3, 4]));
        assert_eq!(growth(&partial.not_accepted), BTreeSet::from([1, 2]));
        assert_eq!(partial.dropped, 0);
    }

    #[test]
    fn a_datum_is_not_called_bad_while_nothing_is_known_to_be_accepted() {
        let mut narrowing = Narrowing::new(data(2), &[]);
        let part = narrowing.next().expect("is open");
        narrowing.ambiguous(part);
        let part = narrowing.next().expect("is open");
        narrowing.refused(part, &[]);
        let Err(EmitError::Partial(partial)) = narrowing.end("refused".into()) else {
            panic!("not all was accepted");
        };
        assert_eq!(growth(&partial.not_accepted), BTreeSet::from([1]));
        assert_eq!(partial.dropped, 0);
    }

    #[test]
    fn what_was_accepted_beside_a_part_that_was_not_is_not_all() {
        let halves = || {
            let mut narrowing = Narrowing::new(data(2), &[]);
            let part = narrowing.next().expect("is open");
            narrowing.accepted();
            assert_eq!(growth(&part), BTreeSet::from([2]));
            let part = narrowing.next().expect("is open");
            (narrowing, part)
        };
        let (mut narrowing, part) = halves();
        narrowing.ambiguous(part);
        let Err(EmitError::Partial(partial)) = narrowing.end("refused".into()) else {
            panic!("not all was accepted");
        };
        assert_eq!(growth(&partial.ambiguous), BTreeSet::from([1]));
        let (mut narrowing, part) = halves();
        narrowing.not_accepted(part);
        let Err(EmitError::Partial(partial)) = narrowing.end("refused".into()) else {
            panic!("not all was accepted");
        };
        assert_eq!(growth(&partial.not_accepted), BTreeSet::from([1]));
    }

    #[test]
    fn a_refusal_that_names_all_data_says_no_more_than_one_that_names_none() {
        let mut narrowing = Narrowing::new(data(4), &[0, 1, 2, 3]);
        let mut parts = std::iter::from_fn(|| narrowing.next());
        assert_eq!(parts.next().map(|part| part.len()), Some(2));
        assert_eq!(parts.next().map(|part| part.len()), Some(2));
        assert_eq!(parts.next().map(|part| part.len()), None);
    }

    #[test]
    fn of_a_request_without_data_nothing_is_sent_again() {
        let mut narrowing = Narrowing::new(data(0), &[]);
        assert!(narrowing.next().is_none());
        let end = narrowing.end("refused".into());
        assert!(matches!(end, Err(EmitError::NotAccepted(_))), "{end:?}");
    }

    #[test]
    fn the_number_of_requests_is_bounded() {
        let mut narrowing = Narrowing::new(data(1_000), &[]);
        let mut requests = 0;
        while let Some(part) = narrowing.next() {
            narrowing.refused(part, &[]);
            requests += 1;
        }
        assert_eq!(requests, 40);
    }

    #[test]
    fn a_refusal_names_members_of_which_a_datum_may_have_several() {
        let text = "The parameter MetricData.member.3.Value is wrong.\nThe parameter MetricData.member.12.Timestamp must";
        assert_eq!(named(text, [2; 5].into_iter()), [1]);
        assert_eq!(named(text, [1; 12].into_iter()), [2, 11]);
        let text = "2 errors: MetricData.member.3.Value";
        assert_eq!(named(text, [1; 12].into_iter()), [2]);
        for other in [
            "",
            "MetricData.member.",
            "MetricData.member.0.Value",
            "MetricData.member.x",
        ] {
            assert!(named(other, [1; 12].into_iter()).is_empty(), "{other}");
        }
    }
}
