//! `#[derive(Dimension)]`: the variants of an enum as the values of a dimension.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Attribute, Data, DeriveInput, Error, Fields, LitStr, Path, Token, Variant,
    ext::IdentExt,
    parse::{ParseStream, Result},
};

use crate::diagnostics::Mistakes;

pub(crate) fn dimension(input: TokenStream) -> TokenStream {
    let input = match syn::parse2::<DeriveInput>(input) {
        Ok(input) => input,
        Err(mistake) => return mistake.to_compile_error(),
    };
    let mut mistakes = Mistakes::default();
    let krate = mistakes.keep(library(&input.attrs));
    let krate = krate.unwrap_or_else(|| quote_spanned!(Span::mixed_site()=> ::tt_metrics));
    let mut names: Vec<LitStr> = Vec::new();
    let mut arms = TokenStream::new();
    for (index, variant) in variants(&input, &mut mistakes).into_iter().enumerate() {
        let Some(name) = mistakes.keep(name(variant)) else {
            continue;
        };
        if names.iter().any(|earlier| earlier.value() == name.value()) {
            let message = format!("two variants have the value `{}`", name.value());
            mistakes.push(Error::new(name.span(), message));
        }
        names.push(name);
        let ident = &variant.ident;
        let fields = match &variant.fields {
            Fields::Unit => TokenStream::new(),
            Fields::Named(_) => quote!({ .. }),
            Fields::Unnamed(_) => quote!((..)),
        };
        arms.extend(quote_spanned!(Span::mixed_site()=> Self::#ident #fields => #index,));
    }
    // A mistake is one error: without the implementation each use would be another.
    let (values, index) = if mistakes.is_empty() {
        (
            quote!(#(#names),*),
            quote_spanned!(Span::mixed_site()=> match *self { #arms }),
        )
    } else {
        (quote!("Other"), quote!(0))
    };
    let ident = &input.ident;
    let (generics, arguments, clause) = input.generics.split_for_impl();
    mistakes.report(&quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        #[allow(deprecated)]
        impl #generics #krate::Dimension for #ident #arguments #clause {
            const VALUES: &'static [&'static ::core::primitive::str] = &[#values];

            #[inline]
            fn index(&self) -> ::core::primitive::usize {
                #index
            }
        }
    })
}

/// The variants, of which an enum has at least one.
fn variants<'a>(input: &'a DeriveInput, mistakes: &mut Mistakes) -> Vec<&'a Variant> {
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
    match &input.data {
        Data::Enum(data) => data.variants.iter().collect(),
        _ => Vec::new(),
    }
}

/// `#[dimension(crate = path)]` of the enum.
fn library(attrs: &[Attribute]) -> Result<TokenStream> {
    let mut library = quote_spanned!(Span::mixed_site()=> ::tt_metrics);
    for attr in attrs
        .iter()
        .filter(|attr| attr.path().is_ident("dimension"))
    {
        library = attr.parse_args_with(|input: ParseStream<'_>| {
            let at = input.span();
            let message = "expected `crate = path::to::tt_metrics`";
            let written = input.parse::<Token![crate]>();
            let written = written.and_then(|_| input.parse::<Token![=]>());
            written.map_err(|_| Error::new(at, message))?;
            Path::parse_mod_style(input).map(ToTokens::into_token_stream)
        })?;
    }
    Ok(library)
}

/// The value that a variant stands for.
fn name(variant: &Variant) -> Result<LitStr> {
    let ident = &variant.ident;
    let mut name = LitStr::new(&ident.unraw().to_string(), ident.span());
    for attr in variant
        .attrs
        .iter()
        .filter(|attr| attr.path().is_ident("dimension"))
    {
        let message = "expected the value as a text: `#[dimension(\"Own van\")]`";
        let list = attr.meta.require_list();
        let list = list.map_err(|_| Error::new_spanned(&attr.meta, message))?;
        name = list.parse_args_with(|input: ParseStream<'_>| {
            let at = input.span();
            input.parse().map_err(|_| Error::new(at, message))
        })?;
    }
    let text = name.value();
    let printable = text.chars().all(|char| matches!(char, ' '..='~'));
    if text.trim().is_empty() || !printable || text.len() > 1024 {
        let message = "a dimension value has 1 to 1024 printable ASCII characters, at least one of them no space";
        return Err(Error::new(name.span(), message));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of an enum, or what is wrong with them.
    fn values(variants: &str) -> String {
        let input = format!("/// Doc. \n enum Kind {{ {variants} }}").parse();
        let expanded = dimension(input.unwrap()).to_string();
        let after = |start| expanded.split_once(start).map(|(_, after)| after);
        let found = after("compile_error").or_else(|| after("= & [")).unwrap();
        let end = found.find([']', '}']).unwrap();
        found
            .get(..end)
            .unwrap()
            .trim_matches(['!', '{', ' '])
            .to_owned()
    }

    fn is_taken(text: &str) -> bool {
        let value = values(&format!("#[dimension({text:?})] One"));
        assert!(
            value == format!("{text:?}") || value.contains("1 to 1024"),
            "{value}"
        );
        !value.contains("1 to 1024")
    }

    #[test]
    fn a_variant_is_a_value_by_its_name() {
        assert_eq!(
            values("/** Doc. */ One, r#type { a: u8 }, #[dimension(\"Third one\")] Three(u8)"),
            "\"One\" , \"type\" , \"Third one\""
        );
    }

    #[test]
    fn a_value_is_printable_and_no_longer_than_cloudwatch_takes() {
        assert!(is_taken(" ~"));
        assert!(is_taken("!"));
        assert!(is_taken(&"a".repeat(1024)));
        assert!(!is_taken(&"a".repeat(1025)));
        assert!(!is_taken(""));
        assert!(!is_taken("  "));
        assert!(!is_taken("a\u{1f}"));
        assert!(!is_taken("a\u{7f}"));
        assert!(!is_taken("\u{fc}ber"));
    }
}
