//! The namespace of the metrics, from the environment or from the program.

use std::collections::BTreeSet;

use super::variable::{ConfigError, NAMESPACE, quoted};
use crate::metric::{Namespace, limits};

/// The namespace of the environment, or the one that the program declares.
pub(super) fn parse(value: Option<&str>, stated: &[Namespace]) -> Result<String, ConfigError> {
    let error = |found, expected: String| ConfigError {
        variable: NAMESPACE,
        found,
        expected,
        example: "shop/Orders",
    };
    let Some(value) = value else {
        let stated: BTreeSet<&str> = stated.iter().map(|stated| stated.as_str()).collect();
        let expected = match stated.len() {
            0 => "the CloudWatch namespace of the metrics, 1 to 255 characters".to_owned(),
            1 => return Ok(stated.into_iter().collect()),
            _ => {
                let stated = Vec::from_iter(stated).join("` and `");
                format!("one of the namespaces that this program declares, `{stated}`")
            }
        };
        return Err(error("not set".to_owned(), expected));
    };
    match limits::check_namespace(value) {
        Ok(()) => Ok(value.to_owned()),
        Err(violation) => Err(error(
            quoted(value),
            format!("a CloudWatch namespace ({violation})"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn namespace(value: Option<&str>, stated: &[&'static str]) -> Result<String, String> {
        let stated: Vec<_> = stated.iter().map(|name| Namespace::new(name)).collect();
        parse(value, &stated).map_err(|error| error.to_string())
    }

    #[test]
    fn a_namespace_that_the_program_declares_is_the_default() {
        assert_eq!(namespace(None, &["a", "a"]), Ok("a".to_owned()));
        assert_eq!(namespace(Some("b"), &["a"]), Ok("b".to_owned()));
        let error = namespace(None, &["b", "a"]).expect_err("two");
        let expected = "one of the namespaces that this program declares, `a` and `b`";
        assert!(error.contains(expected), "{error}");
    }
}
