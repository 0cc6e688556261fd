//! `#[derive(Dimension)]`: the variants of an enum as the values of a dimension.

use proc_macro2::Ident;
use syn::{Data, DeriveInput, Error, Fields, Generics, LitStr, Path};

use crate::{
    diagnostics::Mistakes,
    parse::{library, variant_value},
};

/// An enum whose variants are values.
pub(crate) struct DimensionType {
    pub(crate) library: Option<Path>,
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    /// Each variant with its value.
    pub(crate) variants: Vec<(Ident, Fields, LitStr)>,
}

pub(crate) fn dimension_type(input: DeriveInput, mistakes: &mut Mistakes) -> DimensionType {
    let library = mistakes.keep(library(&input.attrs)).flatten();
    let refused = match &input.data {
        Data::Enum(data) if data.variants.is_empty() => Some((
            input.ident.span(),
            "a dimension has at least one value, and this enum has no variant",
        )),
        Data::Enum(_) => None,
        Data::Struct(data) => Some((
            data.struct_token.span,
            "a dimension has a list of values, which only an enum has; \
             implement `Dimension` for a type that groups its values",
        )),
        Data::Union(data) => Some((
            data.union_token.span,
            "a dimension has a list of values, which only an enum has",
        )),
    };
    if let Some((at, message)) = refused {
        mistakes.push(Error::new(at, message));
    }
    let mut variants: Vec<(Ident, Fields, LitStr)> = Vec::new();
    if let Data::Enum(data) = input.data {
        for variant in data.variants {
            let Some(value) = mistakes.keep(variant_value(&variant)) else {
                continue;
            };
            let text = value.value();
            if !is_value(&text) {
                let message = "a dimension value has 1 to 1024 printable ASCII characters, at least one of them no space";
                mistakes.push(Error::new(value.span(), message));
            }
            if variants.iter().any(|(.., earlier)| earlier.value() == text) {
                let message = format!("two variants have the value `{text}`");
                mistakes.push(Error::new(value.span(), message));
            }
            variants.push((variant.ident, variant.fields, value));
        }
    }
    DimensionType {
        library,
        name: input.ident,
        generics: input.generics,
        variants,
    }
}

/// Whether CloudWatch accepts the text as the value of a dimension.
pub(super) fn is_value(text: &str) -> bool {
    let is_printable = text.chars().all(|char| matches!(char, ' '..='~'));
    !text.trim().is_empty() && is_printable && text.len() <= 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(input: &str) -> Vec<String> {
        let mut mistakes = Mistakes::default();
        let ty = dimension_type(syn::parse_str(input).unwrap(), &mut mistakes);
        assert!(mistakes.is_empty());
        let values = ty.variants.iter().map(|(.., value)| value.value());
        values.collect()
    }

    #[test]
    fn the_value_of_a_variant_is_its_name() {
        assert_eq!(
            values(
                "enum Kind { /** Doc. */ One, r#type { a: u8 }, #[dimension(\"Third one\")] Three(u8) }"
            ),
            ["One", "type", "Third one"]
        );
    }

    #[test]
    fn a_value_is_printable_and_as_short_as_cloudwatch_requires() {
        assert!(is_value(" ~"));
        assert!(is_value("!"));
        assert!(is_value(&"a".repeat(1024)));
        assert!(!is_value(&"a".repeat(1025)));
        assert!(!is_value(""));
        assert!(!is_value("  "));
        assert!(!is_value("a\u{1f}"));
        assert!(!is_value("a\u{7f}"));
        assert!(!is_value("\u{fc}ber"));
    }
}
