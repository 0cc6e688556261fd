//! Mistakes, all of one attribute in one build, and suggestions by edit distance.

use syn::Error;

/// The mistakes found so far; reported together, so that one build shows them all.
#[derive(Debug, Default)]
pub(crate) struct Mistakes(Option<Error>);

impl Mistakes {
    pub(crate) fn push(&mut self, mistake: Error) {
        match &mut self.0 {
            Some(first) => first.combine(mistake),
            None => self.0 = Some(mistake),
        }
    }

    /// Keeps the value of a step, or the mistake that prevented it.
    pub(crate) fn keep<T>(&mut self, step: Result<T, Error>) -> Option<T> {
        step.map_err(|mistake| self.push(mistake)).ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn into_error(self) -> Option<Error> {
        self.0
    }
}

/// "unknown argument `sucess`, did you mean `success`?", or all that was expected.
pub(crate) fn unknown(what: &str, written: &str, known: &[&str]) -> String {
    match closest(written, known) {
        Some(meant) => format!("unknown {what} `{written}`, did you mean `{meant}`?"),
        None => format!("unknown {what} `{written}`, expected {}", one_of(known)),
    }
}

/// Names as prose: "`a`, `b` or `c`".
pub(crate) fn one_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// The known name that is closest to a mistyped one, if at most a third of it differs.
pub(crate) fn closest<'a>(typed: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|name| (distance(typed, name), *name))
        .filter(|(edits, name)| *edits <= name.len().div_ceil(3))
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, name)| name)
}

/// Edits between two words: insert, delete, replace, or swap of neighbours.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    // Rows of the edit matrix: `before_last` and `last` are the two rows above the current one.
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    let mut left_char = None;
    for (row, from_char) in from.chars().enumerate() {
        let mut current = vec![row + 1];
        let mut above_char = None;
        for (column, &to_char) in to.iter().enumerate() {
            let at =
                |cells: &[usize], index: usize| cells.get(index).copied().unwrap_or(usize::MAX);
            let replaced = at(&last, column) + usize::from(from_char != to_char);
            let edited = at(&last, column + 1).min(at(&current, column)) + 1;
            let swapped = if left_char == Some(to_char) && above_char == Some(from_char) {
                at(&before_last, column.saturating_sub(1)) + 1
            } else {
                usize::MAX
            };
            current.push(replaced.min(edited).min(swapped));
            above_char = Some(to_char);
        }
        before_last = std::mem::replace(&mut last, current);
        left_char = Some(from_char);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &[
        "success",
        "failure",
        "neutral",
        "interrupted",
        "by",
        "crate",
    ];

    #[test]
    fn a_typo_suggests_the_closest_name() {
        assert_eq!(closest("sucess", KNOWN), Some("success"));
        assert_eq!(closest("faliure", KNOWN), Some("failure"));
        assert_eq!(closest("interupted", KNOWN), Some("interrupted"));
        assert_eq!(closest("bi", KNOWN), Some("by"));
        assert_eq!(
            closest("latercy", &["latest", "latency", "later"]),
            Some("latency")
        );
    }

    #[test]
    fn a_third_of_a_name_may_be_mistyped() {
        assert_eq!(closest("succ", KNOWN), Some("success"));
        assert_eq!(closest("suc", KNOWN), None);
        assert_eq!(closest("xcratx", KNOWN), Some("crate"));
        assert_eq!(closest("xcxatx", KNOWN), None);
        assert_eq!(closest("latency", KNOWN), None);
        assert_eq!(closest("", KNOWN), None);
    }

    #[test]
    fn a_swap_of_neighbours_is_one_edit() {
        assert_eq!(distance("faliure", "failure"), 1);
        assert_eq!(distance("abc", "abc"), 0);
        assert_eq!(distance("abc", "axcd"), 2);
        assert_eq!((distance("ab", "abc"), distance("abc", "ab")), (1, 1));
        assert_eq!((distance("", "abc"), distance("abc", "")), (3, 3));
    }

    #[test]
    fn names_are_listed_as_prose() {
        assert_eq!(one_of(&["a"]), "`a`");
        assert_eq!(one_of(&["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
