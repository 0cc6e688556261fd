//! Which attributes of a function rewrite it, as far as a name can say.

use syn::{Attribute, Meta, Path, PathSegment, Token, punctuated::Punctuated};

/// Attributes that the compiler knows; none of them reads the signature or the body as tokens.
const BUILT_IN: &[&str] = &[
    "allow",
    "automatically_derived",
    "bench",
    "cfg",
    "cold",
    "coverage",
    "deny",
    "deprecated",
    "doc",
    "expect",
    "export_name",
    "forbid",
    "ignore",
    "inline",
    "link_section",
    "must_use",
    "naked",
    "no_mangle",
    "optimize",
    "should_panic",
    "target_feature",
    "test",
    "track_caller",
    "unsafe",
    "warn",
];

/// Namespaces of tools, whose attributes stay as they are.
const TOOLS: &[&str] = &["clippy", "diagnostic", "miri", "rustfmt"];

/// Attributes of this crate, which know each other's expansions.
const OWN: &[&str] = &["count", "count_outcome"];

/// Whether this may be a macro of another crate, which wants to see the function as it was written.
pub(crate) fn is_foreign(attr: &Attribute) -> bool {
    if attr.path().is_ident("cfg_attr") {
        let added = conditional(attr);
        return added.is_none_or(|added| added.iter().any(|meta| is_foreign_path(meta.path())));
    }
    is_foreign_path(attr.path())
}

/// Whether this is an attribute of this crate.
pub(crate) fn is_own(attr: &Attribute) -> bool {
    let last = attr.path().segments.last();
    last.is_some_and(|last| OWN.iter().any(|own| last.ident == own))
}

/// What a `cfg_attr` adds.
fn conditional(attr: &Attribute) -> Option<Vec<Meta>> {
    let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
    let metas = attr.parse_args_with(parser).ok()?;
    Some(metas.into_iter().skip(1).collect())
}

fn is_foreign_path(path: &Path) -> bool {
    if let Some(name) = path.get_ident() {
        let name = name.to_string();
        return !BUILT_IN.contains(&name.as_str()) && !OWN.contains(&name.as_str());
    }
    let named = |segment: Option<&PathSegment>, known: &[&str]| {
        segment.is_some_and(|segment| known.contains(&segment.ident.to_string().as_str()))
    };
    !named(path.segments.first(), TOOLS) && !named(path.segments.last(), OWN)
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn attributes_of_the_compiler_and_of_this_crate_are_not_foreign() {
        let known: [Attribute; 8] = [
            parse_quote!(#[doc = "text"]),
            parse_quote!(#[must_use]),
            parse_quote!(#[unsafe(no_mangle)]),
            parse_quote!(#[rustfmt::skip]),
            parse_quote!(#[count("Calls")]),
            parse_quote!(#[::tt_metrics::count_outcome(success = "Done")]),
            parse_quote!(#[cfg_attr(test, inline, must_use)]),
            parse_quote!(#[test]),
        ];
        for attr in known {
            assert!(!is_foreign(&attr), "{}", quote::quote!(#attr));
        }
    }

    #[test]
    fn no_attribute_of_the_language_is_foreign() {
        let names = "allow automatically_derived bench cfg cold coverage deny deprecated doc expect export_name forbid \
                     ignore inline link_section must_use naked no_mangle optimize should_panic target_feature test \
                     track_caller warn";
        for name in names.split_whitespace() {
            let name = quote::format_ident!("{name}");
            let attr: Attribute = parse_quote!(#[#name]);
            assert!(!is_foreign(&attr), "{name}");
        }
        for tool in ["clippy", "diagnostic", "miri", "rustfmt"] {
            let tool = quote::format_ident!("{tool}");
            let attr: Attribute = parse_quote!(#[#tool::any(thing)]);
            assert!(!is_foreign(&attr), "{tool}");
        }
    }

    #[test]
    fn attributes_of_other_crates_are_foreign() {
        let foreign: [Attribute; 4] = [
            parse_quote!(#[instrument]),
            parse_quote!(#[tokio::test]),
            parse_quote!(#[cfg_attr(test, inline, tracing::instrument(skip_all))]),
            parse_quote!(#[cfg_attr(feature = "trace", instrument)]),
        ];
        for attr in foreign {
            assert!(is_foreign(&attr), "{}", quote::quote!(#attr));
        }
    }
}
