//! The marks of `#[derive(Classify)]` and `#[derive(Dimension)]`.

use proc_macro2::{Ident, Span, TokenTree};
use syn::{
    Attribute, Error, LitStr, Path, Token, Variant,
    ext::IdentExt,
    parse::{ParseStream, Result},
};

use super::value::OutcomeWord;
use crate::diagnostics::{Mistakes, one_of, unknown};

const WORDS: &[&str] = &[
    "success",
    "failure",
    "neutral",
    "interrupted",
    "transparent",
];

pub(crate) fn derive_input(tokens: proc_macro2::TokenStream) -> Result<syn::DeriveInput> {
    syn::parse2(tokens)
}

/// `#[outcome(..)]` of a type or of a variant.
pub(crate) enum Mark {
    Outcome(OutcomeWord),
    Transparent(Ident),
}

impl Mark {
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Outcome(word) => word.span(),
            Self::Transparent(word) => word.span(),
        }
    }
}

/// The marks of a type or of a variant.
#[derive(Default)]
pub(crate) struct TypeMarks {
    pub(crate) mark: Option<Mark>,
    pub(crate) krate: Option<Path>,
    /// Whether a mark could not be parsed, so that a missing outcome is no second mistake.
    pub(crate) is_wrong: bool,
}

impl TypeMarks {
    pub(crate) fn of(attrs: &[Attribute], is_container: bool, mistakes: &mut Mistakes) -> Self {
        let mut marks = Self::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("outcome")) {
            let list = attr.meta.require_list().ok();
            let Some(list) = list.filter(|list| !list.tokens.is_empty()) else {
                marks.is_wrong = true;
                mistakes.push(Error::new_spanned(&attr.meta, expected()));
                continue;
            };
            let parsed = list.parse_args_with(|input: ParseStream<'_>| {
                while !input.is_empty() {
                    let one = marks.one(input, is_container);
                    marks.is_wrong |= mistakes.keep(one).is_none();
                    while !input.is_empty() && !input.peek(Token![,]) {
                        input.parse::<TokenTree>()?;
                    }
                    input.parse::<Option<Token![,]>>()?;
                }
                Ok(())
            });
            marks.is_wrong |= mistakes.keep(parsed).is_none();
        }
        marks
    }

    fn one(&mut self, input: ParseStream<'_>, is_container: bool) -> Result<()> {
        let at = input.span();
        let Ok(word) = input.call(Ident::parse_any) else {
            return Err(Error::new(at, expected()));
        };
        let written = word.to_string();
        if is_container && written == "crate" {
            input.parse::<Token![=]>()?;
            self.krate = Some(Path::parse_mod_style(input)?);
            return Ok(());
        }
        let mark = if written == "transparent" {
            Mark::Transparent(word)
        } else if let Some(word) = OutcomeWord::of(word) {
            Mark::Outcome(word)
        } else {
            return Err(Error::new(at, unknown("outcome", &written, WORDS)));
        };
        if !input.is_empty() && !input.peek(Token![,]) {
            return Err(input.error("expected `,`"));
        }
        if self.mark.replace(mark).is_some() {
            return Err(Error::new(at, "expected one outcome, found a second one"));
        }
        Ok(())
    }
}

fn expected() -> String {
    let (first, rest) = WORDS.split_first().unwrap_or((&"", &[]));
    format!("expected `#[outcome({first})]`, {}", one_of(rest))
}

/// Where `#[outcome]` marks a field, if it does.
pub(crate) fn outcome_mark(attrs: &[Attribute], mistakes: &mut Mistakes) -> Option<Span> {
    let mut found = None;
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("outcome")) {
        if attr.meta.require_path_only().is_err() {
            let message = "the type of the field gives the outcome, expected `#[outcome]`";
            mistakes.push(Error::new_spanned(&attr.meta, message));
        }
        found = attr.path().get_ident().map(Ident::span);
    }
    found
}

/// `#[dimension(crate = path)]` of the enum.
pub(crate) fn library(attrs: &[Attribute]) -> Result<Option<Path>> {
    let mut library = None;
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
            Path::parse_mod_style(input).map(Some)
        })?;
    }
    Ok(library)
}

/// The value of a variant: `#[dimension("Own van")]`, or the name of the variant.
pub(crate) fn variant_value(variant: &Variant) -> Result<LitStr> {
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
    Ok(name)
}
