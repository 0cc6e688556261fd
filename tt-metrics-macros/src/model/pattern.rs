//! The names that the pattern of a parameter binds, and the parts of the argument that it does not bind.

use proc_macro2::Ident;
use syn::Pat;

/// Collects the names that a pattern binds. A macro in pattern position hides its names.
pub(super) fn bound_names(pattern: &Pat, names: &mut Vec<Ident>) {
    match pattern {
        Pat::Ident(binding) => {
            names.push(binding.ident.clone());
            if let Some((_, inner)) = &binding.subpat {
                bound_names(inner, names);
            }
        }
        // Every case binds the same names.
        Pat::Or(or) => or
            .cases
            .first()
            .into_iter()
            .for_each(|case| bound_names(case, names)),
        _ => parts(pattern)
            .into_iter()
            .for_each(|part| bound_names(part, names)),
    }
}

/// Whether the pattern binds less than all of the argument by value.
pub(super) fn leaves_a_part(pattern: &Pat) -> bool {
    match pattern {
        Pat::Wild(_) | Pat::Rest(_) | Pat::Macro(_) | Pat::Path(_) => true,
        Pat::Ident(binding) => binding.by_ref.is_some(),
        Pat::Struct(fields) if fields.rest.is_some() => true,
        Pat::Or(or) => or.cases.iter().any(leaves_a_part),
        _ => parts(pattern).into_iter().any(leaves_a_part),
    }
}

/// Whether the pattern may move a part of the argument.
pub(super) fn moves(pattern: &Pat) -> bool {
    match pattern {
        Pat::Macro(_) => true,
        Pat::Ident(binding) => binding.by_ref.is_none(),
        Pat::Reference(_) => false,
        Pat::Or(or) => or.cases.iter().any(moves),
        _ => parts(pattern).into_iter().any(moves),
    }
}

/// Whether the pattern borrows a part mutably, so that the argument must be `mut`.
pub(crate) fn lends_mutably(pattern: &Pat) -> bool {
    match pattern {
        Pat::Ident(binding) if binding.by_ref.is_some() => binding.mutability.is_some(),
        Pat::Or(or) => or.cases.iter().any(lends_mutably),
        _ => parts(pattern).into_iter().any(lends_mutably),
    }
}

fn parts(pattern: &Pat) -> Vec<&Pat> {
    match pattern {
        Pat::Paren(inner) => vec![&inner.pat],
        Pat::Reference(inner) => vec![&inner.pat],
        Pat::Tuple(tuple) => tuple.elems.iter().collect(),
        Pat::TupleStruct(tuple) => tuple.elems.iter().collect(),
        Pat::Slice(slice) => slice.elems.iter().collect(),
        Pat::Struct(fields) => fields.fields.iter().map(|field| &*field.pat).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use syn::parse::Parser;

    use super::*;

    fn pattern(text: &str) -> Pat {
        Pat::parse_multi.parse_str(text).unwrap()
    }

    fn names(text: &str) -> String {
        let mut names = Vec::new();
        bound_names(&pattern(text), &mut names);
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        names.join(" ")
    }

    /// Patterns with a part in each place where one can be.
    const NESTED: [&str; 9] = [
        "{}",
        "(1, {})",
        "Some({})",
        "[1, {}]",
        "Order { id: {} }",
        "&{}",
        "({})",
        "[{}, 2] | [2, {}]",
        "(&[Some({})],)",
    ];

    fn each(part: &str) -> impl Iterator<Item = String> {
        NESTED.map(|nested| nested.replace("{}", part)).into_iter()
    }

    #[test]
    fn names_are_found_at_any_depth() {
        for text in each("a") {
            assert_eq!(names(&text), "a", "{text}");
        }
        assert_eq!(names("(a, mut b, ref c, ref mut d)"), "a b c d");
        assert_eq!(names("whole @ Some(part)"), "whole part");
        assert_eq!(names("Order { id, kind: r#type, .. }"), "id r#type");
        assert_eq!(names("_"), "");
        assert_eq!(names("[first, ..]"), "first");
    }

    #[test]
    fn a_part_without_a_name_is_not_bound() {
        for part in ["_", "ref a", "made!()"] {
            for text in each(part) {
                assert!(leaves_a_part(&pattern(&text)), "{text}");
            }
        }
        for text in each("a") {
            assert!(!leaves_a_part(&pattern(&text)), "{text}");
        }
        assert!(leaves_a_part(&pattern("(a, ..)")));
        assert!(leaves_a_part(&pattern("Order { id, .. }")));
        assert!(!leaves_a_part(&pattern("Order { id, kind: 1 }")));
        assert!(!leaves_a_part(&pattern("mut a")));
        assert!(leaves_a_part(&pattern("(a, 1) | (1, a) | (a, _)")));
    }

    #[test]
    fn a_part_is_lent_mutably_by_ref_mut_alone() {
        for text in each("ref mut a") {
            assert!(lends_mutably(&pattern(&text)), "{text}");
        }
        for part in ["mut a", "ref a", "_"] {
            for text in each(part) {
                assert!(!lends_mutably(&pattern(&text)), "{text}");
            }
        }
    }
}
