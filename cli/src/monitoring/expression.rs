//! Expressions of metric math.

/// `FILL(a, 0) + FILL(b, 0)`. A period without data is a period without events.
pub(super) fn sum(ids: &[&str]) -> String {
    let filled: Vec<String> = ids.iter().map(|id| format!("FILL({id}, 0)")).collect();
    filled.join(" + ")
}

/// A share in percent, and 0 while there are fewer than `minimum` in the period.
pub(super) fn percentage(part: &str, all: &str, minimum: u32) -> String {
    format!("IF({all} >= {minimum}, 100 * {part} / {all}, 0)")
}

/// The difference between a metric and the sum of others.
pub(super) fn difference(whole: &str, parts: &[&str]) -> String {
    let parts: Vec<String> = parts.iter().map(|id| format!(" - FILL({id}, 0)")).collect();
    format!("FILL({whole}, 0){}", parts.concat())
}

/// 1 in a period in which a function ran and sent nothing.
///
/// `samples` has no data at all if the program never sends, so zeros are added to it and not filled in.
pub(super) fn silent(invocations: &str, samples: &str) -> String {
    format!("IF({invocations} > 0 AND SUM([{samples}, TIME_SERIES(0)]) < 1, 1, 0)")
}

/// A number without superfluous digits.
pub(super) fn number(value: f64) -> String {
    let rounded = (value * 1e6).round() / 1e6;
    format!("{rounded}")
}

#[cfg(test)]
mod tests {
    use super::{difference, number, percentage, silent, sum};

    #[test]
    fn periods_without_data_are_zero() {
        assert_eq!(sum(&["a", "b"]), "FILL(a, 0) + FILL(b, 0)");
        assert_eq!(
            difference("w", &["a", "b"]),
            "FILL(w, 0) - FILL(a, 0) - FILL(b, 0)"
        );
    }

    #[test]
    fn percentage_of_few_is_zero() {
        assert_eq!(
            percentage("bad", "all", 20),
            "IF(all >= 20, 100 * bad / all, 0)"
        );
    }

    #[test]
    fn program_that_never_sends_is_silent() {
        assert_eq!(
            silent("i", "s"),
            "IF(i > 0 AND SUM([s, TIME_SERIES(0)]) < 1, 1, 0)"
        );
    }

    #[test]
    fn number_has_no_superfluous_digits() {
        assert_eq!([14.4, 1.0, 100.0 - 99.9].map(number), ["14.4", "1", "0.1"]);
    }
}
