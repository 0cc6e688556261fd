//! Distributes Cases to calls, so that the Cases of one parent are in one call.

use super::attempt::Attempt;

/// Splits attempts into calls of at most `size`.
///
/// Salesforce locks the parent of each Case, so concurrent calls with Cases of one parent wait for each other. The Cases of
/// one parent are placed side by side, and a call ends between two parents if it is at least half full then.
pub(crate) fn calls<'a, 'b>(
    mut attempts: Vec<&'b mut Attempt<'a>>,
    size: usize,
) -> Vec<Vec<&'b mut Attempt<'a>>> {
    attempts.sort_by(|a, b| a.case.parent().cmp(&b.case.parent()));
    let mut calls = Vec::new();
    while attempts.len() > size {
        let parent = |index: usize| attempts.get(index).and_then(|a| a.case.parent());
        let is_border = |&end: &usize| parent(end).is_none() || parent(end) != parent(end - 1);
        let end = (size.div_ceil(2)..=size).rev().find(is_border);
        let rest = attempts.split_off(end.unwrap_or(size));
        calls.push(std::mem::replace(&mut attempts, rest));
    }
    calls.push(attempts);
    calls
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::Case;

    fn split(parents: &[&str], size: usize) -> Vec<String> {
        let case = |parent: &&str| Case::of_parent(Some(*parent).filter(|parent| *parent != "-"));
        let cases: Vec<Case> = parents.iter().map(case).collect();
        let mut attempts: Vec<_> = cases.iter().map(|case| Attempt::new("", case)).collect();
        let text = |call: &Vec<&mut Attempt<'_>>| {
            let parents = call.iter().map(|a| a.case.parent().unwrap_or("-"));
            parents.collect::<String>()
        };
        calls(attempts.iter_mut().collect(), size)
            .iter()
            .map(text)
            .collect()
    }

    #[test]
    fn cases_of_one_parent_share_a_call() {
        assert_eq!(split(&["a", "b", "a", "b", "a"], 4), ["aaa", "bb"]);
        assert_eq!(split(&["a", "a", "b", "b", "b"], 4), ["aa", "bbb"]);
    }

    #[test]
    fn too_many_cases_of_one_parent_are_several_calls() {
        assert_eq!(split(&["a"; 5], 2), ["aa", "aa", "a"]);
        assert_eq!(split(&["a", "b", "b", "b", "b"], 4), ["abbb", "b"]);
    }

    #[test]
    fn cases_without_a_parent_fill_their_calls() {
        assert_eq!(split(&["-"; 5], 4), ["----", "-"]);
        assert_eq!(split(&["-"; 4], 4), ["----"]);
        assert_eq!(split(&["a", "b"], 1), ["a", "b"]);
    }
}
