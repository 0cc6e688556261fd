//! `#[derive(Classify)]`: a type of the user's own that says how the call ended.

mod field;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Attribute, Data, DeriveInput, Error, Fields, Generics, Path, Token, Type,
    ext::IdentExt,
    parse::{ParseStream, Result},
    parse_quote_spanned,
};

use field::{Marked, marked_fields, only_field};

use crate::{
    args::OutcomeWord,
    diagnostics::{Mistakes, closest, one_of},
    types::Ends,
};

const WORDS: &[&str] = &[
    "success",
    "failure",
    "neutral",
    "interrupted",
    "transparent",
];

/// The implementation of `Classify` that the marks of a type describe.
pub(crate) fn classify(item: TokenStream) -> TokenStream {
    let input = match syn::parse2::<DeriveInput>(item) {
        Ok(input) => input,
        Err(mistake) => return mistake.to_compile_error(),
    };
    let mut mistakes = Mistakes::default();
    let container = Marks::of(&input.attrs, true, &mut mistakes);
    let private = container.krate.as_ref().map_or_else(
        || quote_spanned!(Span::mixed_site()=> ::tt_metrics::__private),
        |krate| quote_spanned!(Span::mixed_site()=> #krate::__private),
    );
    let mut classified = Classified {
        private: &private,
        generics: &input.generics,
        bounds: Vec::new(),
    };
    let body = match &input.data {
        Data::Struct(data) => {
            let mark = container.mark.as_ref();
            let place = Place {
                name: &input.ident,
                what: "struct",
                fields: &data.fields,
                mark,
                wrong: container.wrong,
            };
            classified.arm(&quote!(Self), &place, &mut mistakes)
        }
        Data::Enum(data) => {
            if let Some(mark @ Mark::Transparent(_)) = &container.mark {
                let message = "an enum has variants, `transparent` stands on one of them";
                mistakes.push(Error::new(mark.span(), message));
            }
            let arms: Vec<TokenStream> = data
                .variants
                .iter()
                .map(|variant| {
                    let own = Marks::of(&variant.attrs, false, &mut mistakes);
                    let name = &variant.ident;
                    let place = Place {
                        name,
                        what: "variant",
                        fields: &variant.fields,
                        mark: own.mark.as_ref().or(container.mark.as_ref()),
                        wrong: own.wrong || container.wrong,
                    };
                    classified.arm(&quote!(Self::#name), &place, &mut mistakes)
                })
                .collect();
            quote_spanned!(Span::mixed_site()=> #(#arms)*)
        }
        Data::Union(data) => {
            let message = "a union does not know what it holds, implement `Classify` by hand";
            mistakes.push(Error::new(data.union_token.span, message));
            TokenStream::new()
        }
    };
    let bounds = classified.bounds;
    implementation(&input, &private, &bounds, &body, mistakes)
}

fn implementation(
    input: &DeriveInput,
    private: &TokenStream,
    bounds: &[Type],
    arms: &TokenStream,
    mistakes: Mistakes,
) -> TokenStream {
    let mut generics = input.generics.clone();
    let clause = generics.make_where_clause();
    for ty in bounds {
        clause
            .predicates
            .push(parse_quote_spanned!(Span::mixed_site()=> #ty: #private::Classify));
    }
    let (parameters, arguments, clause) = generics.split_for_impl();
    let name = &input.ident;
    // A mistake is one error: without the implementation each use would be another.
    let body = if mistakes.is_empty() {
        quote_spanned!(Span::mixed_site()=> match *self { #arms })
    } else {
        quote_spanned!(Span::mixed_site()=> #private::Outcome::Success)
    };
    mistakes.report(&quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #parameters #private::Classify for #name #arguments #clause {
            #[inline]
            fn outcome(&self) -> #private::Outcome {
                #body
            }
        }
    })
}

/// What stands in `#[outcome(..)]`.
enum Mark {
    Outcome(OutcomeWord),
    Transparent(Ident),
}

impl Mark {
    fn span(&self) -> Span {
        match self {
            Self::Outcome(word) => word.0.span(),
            Self::Transparent(word) => word.span(),
        }
    }
}

/// The marks of a type or of a variant.
#[derive(Default)]
struct Marks {
    mark: Option<Mark>,
    krate: Option<Path>,
    /// Whether a mark was there that says nothing, which is a mistake by itself.
    wrong: bool,
}

impl Marks {
    fn of(attrs: &[Attribute], container: bool, mistakes: &mut Mistakes) -> Self {
        let mut marks = Self::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("outcome")) {
            let list = attr.meta.require_list().ok();
            let Some(list) = list.filter(|list| !list.tokens.is_empty()) else {
                marks.wrong = true;
                mistakes.push(Error::new_spanned(&attr.meta, expected()));
                continue;
            };
            let parsed = list.parse_args_with(|input: ParseStream<'_>| {
                while !input.is_empty() {
                    let one = marks.one(input, container);
                    marks.wrong |= mistakes.keep(one).is_none();
                    while !input.is_empty() && !input.peek(Token![,]) {
                        input.parse::<TokenTree>()?;
                    }
                    input.parse::<Option<Token![,]>>()?;
                }
                Ok(())
            });
            marks.wrong |= mistakes.keep(parsed).is_none();
        }
        marks
    }

    fn one(&mut self, input: ParseStream<'_>, container: bool) -> Result<()> {
        let at = input.span();
        let Ok(word) = input.call(Ident::parse_any) else {
            return Err(Error::new(at, expected()));
        };
        let written = word.to_string();
        if container && written == "crate" {
            input.parse::<Token![=]>()?;
            self.krate = Some(Path::parse_mod_style(input)?);
            return Ok(());
        }
        let mark = if written == "transparent" {
            Mark::Transparent(word)
        } else if OutcomeWord::ALL.contains(&written.as_str()) {
            Mark::Outcome(OutcomeWord(word))
        } else {
            return Err(Error::new(at, unknown(&written)));
        };
        if !input.is_empty() && !input.peek(Token![,]) {
            return Err(input.error("expected `,`"));
        }
        if self.mark.replace(mark).is_some() {
            return Err(Error::new(at, "one outcome is enough, expected no second"));
        }
        Ok(())
    }
}

fn expected() -> String {
    let (first, rest) = WORDS.split_first().unwrap_or((&"", &[]));
    format!("expected `#[outcome({first})]`, {}", one_of(rest))
}

fn unknown(written: &str) -> String {
    match closest(written, WORDS) {
        Some(meant) => format!("unknown outcome `{written}`, did you mean `{meant}`?"),
        None => format!("unknown outcome `{written}`, expected {}", one_of(WORDS)),
    }
}

/// A struct or a variant.
struct Place<'a> {
    name: &'a Ident,
    what: &'static str,
    fields: &'a Fields,
    mark: Option<&'a Mark>,
    /// Whether a mistake was found in its marks.
    wrong: bool,
}

struct Classified<'a> {
    private: &'a TokenStream,
    generics: &'a Generics,
    /// Types of fields whose outcome is asked for, where it depends on a parameter.
    bounds: Vec<Type>,
}

impl Classified<'_> {
    /// One arm of the `match`.
    fn arm(
        &mut self,
        path: &TokenStream,
        place: &Place<'_>,
        mistakes: &mut Mistakes,
    ) -> TokenStream {
        let private = self.private;
        let marked = marked_fields(place.fields, mistakes);
        let field = match (place.mark, marked.as_slice()) {
            (_, [_, second, ..]) => {
                let message = "one field has the outcome, expected no second";
                mistakes.push(Error::new(second.at, message));
                return TokenStream::new();
            }
            (Some(Mark::Outcome(_)), [field]) if place.what == "struct" => {
                let message = "the struct has an outcome, expected none on a field";
                mistakes.push(Error::new(field.at, message));
                return TokenStream::new();
            }
            // The outcome of an enum is for the variants that say nothing.
            (_, [field]) => field,
            (Some(Mark::Outcome(word)), []) => {
                let variant = Ident::new(&word.variant(), Span::mixed_site());
                return quote_spanned!(Span::mixed_site()=> #path { .. } => #private::Outcome::#variant,);
            }
            (Some(Mark::Transparent(word)), []) => {
                if let Some(field) = only_field(place.fields) {
                    return self.ask(path, &field);
                }
                let found = place.fields.len();
                let message = format!(
                    "`transparent` has the outcome of the only field, found {found} fields; \
                     mark one with `#[outcome]`"
                );
                mistakes.push(Error::new(word.span(), message));
                return TokenStream::new();
            }
            (None, []) if place.wrong => return TokenStream::new(),
            (None, []) => {
                let Place { name, what, .. } = place;
                let message = format!(
                    "the {what} `{name}` has no outcome, expected `#[outcome(success)]`, \
                     `failure`, `neutral`, `interrupted` or `transparent`"
                );
                mistakes.push(Error::new(name.span(), message));
                return TokenStream::new();
            }
        };
        self.ask(path, field)
    }

    /// Whether a type depends on one of the type's parameters.
    fn names_parameter(&self, ty: &Type) -> bool {
        let parameters: Vec<String> = self
            .generics
            .type_params()
            .map(|parameter| parameter.ident.to_string())
            .collect();
        names_any(ty.to_token_stream(), &parameters)
    }

    /// An arm with the outcome of a field.
    fn ask(&mut self, path: &TokenStream, field: &Marked<'_>) -> TokenStream {
        let private = self.private;
        if self.names_parameter(field.ty) {
            self.bounds.push(field.ty.clone());
        }
        let member = &field.member;
        let ends = Ends::of(field.ty, Span::mixed_site());
        let field = Ident::new("__field", Span::mixed_site());
        let given = ends.underline(quote_spanned!(Span::mixed_site()=> &*#field));
        let classified =
            ends.underline(quote_spanned!(Span::mixed_site()=> #private::classify(#given)));
        quote_spanned! {Span::mixed_site()=>
            #path { #member: ref #field, .. } => #classified,
        }
    }
}

fn names_any(tokens: TokenStream, names: &[String]) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => names.contains(&word.to_string()),
        TokenTree::Group(group) => names_any(group.stream(), names),
        _ => false,
    })
}
