//! A CloudWatch namespace, checked at compile time.

use std::fmt;

use crate::metric::limits;

/// A valid CloudWatch namespace: 1 to 255 printable ASCII characters, no leading `:`, not `AWS/..`.
///
/// The limits are those of [`PutMetricData`](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Namespace(&'static str);

impl Namespace {
    /// Checks a namespace. In a `const`, an invalid namespace is a compile error.
    ///
    /// # Panics
    ///
    /// When the namespace is not valid.
    #[must_use]
    #[expect(clippy::panic, reason = "a panic in a `const` is a compile error")]
    pub const fn new(namespace: &'static str) -> Self {
        match check(namespace) {
            Ok(namespace) => namespace,
            Err(rule) => panic!("{}", rule),
        }
    }

    /// The namespace as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

/// Checks a namespace, or returns the rule that it violates.
///
/// # Errors
///
/// When it violates a rule of [`Namespace`].
pub const fn check(namespace: &'static str) -> Result<Namespace, &'static str> {
    let bytes = namespace.as_bytes();
    if namespace.is_empty() {
        return Err("a namespace has at least 1 character");
    }
    if namespace.len() > limits::MAX_NAMESPACE_LENGTH {
        return Err("a namespace has at most 255 characters");
    }
    if !limits::is_plain_ascii(bytes) {
        return Err("a namespace holds printable ASCII characters only");
    }
    if !limits::has_visible_character(bytes) {
        return Err("a namespace has at least one character that is not a space");
    }
    if limits::starts_with_colon(bytes) {
        return Err("a namespace does not start with `:`");
    }
    if matches!(bytes, [b'A', b'W', b'S', b'/', ..]) {
        return Err("a namespace does not start with `AWS/`, which is reserved");
    }
    Ok(Namespace(namespace))
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn a_namespace_is_valid_exactly_where_cloudwatch_accepts_it() {
        let long: &'static str = "n".repeat(256).leak();
        for text in [
            "shop/Orders",
            "a",
            "AWS",
            "aws/Lambda",
            "my/AWS/x",
            ".-_/#: ",
            &long[1..],
            "",
            " ",
            ":x",
            "AWS/",
            "AWS/Lambda",
            "sh\u{f6}p",
            "a\n",
            long,
        ] {
            let accepted = catch_unwind(|| Namespace::new(text)).is_ok();
            assert_eq!(accepted, limits::check_namespace(text).is_ok(), "{text:?}");
        }
    }
}
