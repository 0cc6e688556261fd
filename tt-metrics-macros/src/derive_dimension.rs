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
    let mut mistakes = Mistakes::default();
    let expanded = mistakes
        .keep(syn::parse2(input))
        .and_then(|input| expand(&input, &mut mistakes));
    match expanded {
        Some(tokens) if mistakes.is_empty() => tokens,
        _ => mistakes.report(&TokenStream::new()),
    }
}

fn expand(input: &DeriveInput, mistakes: &mut Mistakes) -> Option<TokenStream> {
    let variants = match &input.data {
        Data::Enum(data) => &data.variants,
        Data::Struct(data) => {
            let message = "a dimension has a list of values, which only an enum has; \
                           implement `Dimension` for a type that groups its values";
            mistakes.push(Error::new(data.struct_token.span, message));
            return None;
        }
        Data::Union(data) => {
            let message = "a dimension has a list of values, which only an enum has";
            mistakes.push(Error::new(data.union_token.span, message));
            return None;
        }
    };
    if variants.is_empty() {
        let message = "a dimension has at least one value, and this enum has no variant";
        mistakes.push(Error::new(input.ident.span(), message));
        return None;
    }
    let krate = mistakes.keep(library(&input.attrs))?;
    let mut names: Vec<LitStr> = Vec::new();
    let mut arms = Vec::new();
    for (index, variant) in variants.iter().enumerate() {
        let name = mistakes.keep(name(variant))?;
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
        arms.push(quote_spanned!(Span::mixed_site()=> Self::#ident #fields => #index,));
    }
    let ident = &input.ident;
    let (generics, arguments, clause) = input.generics.split_for_impl();
    Some(quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        #[allow(deprecated)]
        impl #generics #krate::Dimension for #ident #arguments #clause {
            const VALUES: &'static [&'static ::core::primitive::str] = &[#(#names),*];

            #[inline]
            fn index(&self) -> ::core::primitive::usize {
                match *self { #(#arms)* }
            }
        }
    })
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
            input
                .parse::<Token![crate]>()
                .map_err(|_| Error::new(at, message))?;
            input
                .parse::<Token![=]>()
                .map_err(|_| Error::new(at, message))?;
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
        name = attr.parse_args_with(|input: ParseStream<'_>| {
            let at = input.span();
            let message = "expected the value as a text: `#[dimension(\"Own van\")]`";
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
