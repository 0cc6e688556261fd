//! Return types: without `impl Trait`, with the span of their ends, and what a future yields.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::{
    AngleBracketedGenericArguments, GenericArgument, PathArguments, ReturnType, Type,
    TypeParamBound, TypePath,
};

/// The first and the last token of a type, to underline all of it.
#[derive(Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) first: Span,
    pub(crate) last: Span,
}

impl Ends {
    pub(crate) fn of(tokens: &impl ToTokens, otherwise: Span) -> Self {
        let mut spans = tokens
            .to_token_stream()
            .into_iter()
            .map(|token| match token {
                TokenTree::Group(group) => (group.span_open(), group.span_close()),
                other => (other.span(), other.span()),
            });
        let first = spans.next();
        let last = spans.last().or(first);
        Self {
            first: first.map_or(otherwise, |(open, _)| open),
            last: last.map_or(otherwise, |(_, close)| close),
        }
    }

    /// Places tokens at the first end, as what comes first of more.
    pub(crate) fn begin(self, tokens: TokenStream) -> TokenStream {
        Self {
            last: self.first,
            ..self
        }
        .underline(tokens)
    }

    /// Places tokens here without changing what their names mean: the compiler underlines all
    /// from the first end to the last.
    pub(crate) fn underline(self, tokens: TokenStream) -> TokenStream {
        let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let last = tokens.len().saturating_sub(1);
        for (index, token) in tokens.iter_mut().enumerate() {
            let end = if index == last { self.last } else { self.first };
            token.set_span(token.span().located_at(end));
        }
        tokens.into_iter().collect()
    }
}

/// The return type as tokens, `()` when none is written.
pub(crate) fn returned(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Default => quote_spanned!(Span::mixed_site()=> ()),
        ReturnType::Type(_, ty) => ty.to_token_stream(),
    }
}

pub(crate) fn is_never(output: &ReturnType) -> Option<Span> {
    match output {
        ReturnType::Type(_, ty) => match &**ty {
            Type::Never(never) => Some(never.bang_token.span),
            _ => None,
        },
        ReturnType::Default => None,
    }
}

/// A return type that is a future.
pub(crate) struct ReturnedFuture {
    /// The type that it yields.
    pub(crate) output: TokenStream,
    pub(crate) held: Held,
}

/// How a function hands its future out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// `impl Future`
    Opaque,
    /// `Box<dyn Future>`
    Boxed,
    /// `Pin<Box<dyn Future>>`, by this or another name
    Pinned,
}

/// The future that a function returns, as far as the type says that it is one.
pub(crate) fn returned_future(output: &ReturnType) -> Option<ReturnedFuture> {
    match output {
        ReturnType::Type(_, ty) => yielded(ty),
        ReturnType::Default => None,
    }
}

/// Whether a type may be a pinned future by a name of the user's, which only the body then tells.
///
/// A type that is spelled out is what it says, and a stream is called one.
pub(crate) fn may_name_a_future(output: &ReturnType) -> bool {
    match output {
        ReturnType::Type(_, ty) => may_be_named(ty),
        ReturnType::Default => true,
    }
}

fn may_be_named(ty: &Type) -> bool {
    match ty {
        Type::Paren(inner) => may_be_named(&inner.elem),
        Type::Group(inner) => may_be_named(&inner.elem),
        Type::Path(named) => named.path.segments.last().is_some_and(|last| {
            let name = last.ident.to_string();
            !["Pin", "Box"].contains(&name.as_str()) && !name.contains("Stream")
        }),
        Type::Macro(_) => true,
        _ => false,
    }
}

fn yielded(ty: &Type) -> Option<ReturnedFuture> {
    let (bounds, held) = match ty {
        Type::ImplTrait(opaque) => (&opaque.bounds, Held::Opaque),
        Type::TraitObject(object) => (&object.bounds, Held::Boxed),
        Type::Paren(inner) => return yielded(&inner.elem),
        Type::Group(inner) => return yielded(&inner.elem),
        Type::Path(boxed) => {
            let last = boxed.path.segments.last()?;
            let PathArguments::AngleBracketed(arguments) = &last.arguments else {
                return None;
            };
            let inner = arguments
                .args
                .iter()
                .rev()
                .find_map(|argument| match argument {
                    GenericArgument::Type(inner) => Some(inner),
                    _ => None,
                })?;
            let held = match last.ident.to_string().as_str() {
                "Box" => Held::Boxed,
                "Pin" => Held::Pinned,
                "BoxFuture" | "LocalBoxFuture" => {
                    return Some(ReturnedFuture {
                        output: projected(boxed, inner),
                        held: Held::Pinned,
                    });
                }
                _ => return None,
            };
            return yielded(inner).map(|future| ReturnedFuture { held, ..future });
        }
        _ => return None,
    };
    let output = bounds.iter().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else {
            return None;
        };
        let last = bound.path.segments.last()?;
        match &last.arguments {
            PathArguments::AngleBracketed(arguments) if last.ident == "Future" => {
                associated(arguments, "Output")
            }
            _ => None,
        }
    })?;
    let output = output.to_token_stream();
    Some(ReturnedFuture { output, held })
}

/// What a future of this name yields: users have names like those of `futures` for other types, as for a future of a
/// `Result`. Of two type arguments the last is shown where the compiler underlines it.
fn projected(named: &TypePath, shown: &Type) -> TokenStream {
    let ends = Ends::of(shown, Span::mixed_site());
    ends.underline(quote_spanned!(Span::mixed_site()=> <#named as ::core::future::Future>::Output))
}

fn associated<'a>(arguments: &'a AngleBracketedGenericArguments, name: &str) -> Option<&'a Type> {
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(binding) if binding.ident == name => Some(&binding.ty),
        _ => None,
    })
}

/// The same type with each `impl Trait` replaced by `_`, which a closure or a `let` can have.
pub(crate) fn without_impl_trait(tokens: TokenStream) -> TokenStream {
    let mut erased = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(word) if word == "impl" => {
                let mut bounds = Bounds::default();
                while tokens.peek().is_some_and(|next| bounds.include(next)) {
                    tokens.next();
                }
                let span = word.span();
                erased.extend(quote_spanned!(span=> _));
            }
            TokenTree::Group(group) => {
                let stream = without_impl_trait(group.stream());
                let mut inner = proc_macro2::Group::new(group.delimiter(), stream);
                inner.set_span(group.span());
                erased.extend([TokenTree::Group(inner)]);
            }
            other => erased.extend([other]),
        }
    }
    erased
}

/// A return of the declared type that is never reached: from it the compiler learns the type
/// that the block yields, converts to it, and blames the user's own expression for another one.
pub(crate) fn return_edge(output: &TokenStream) -> TokenStream {
    let ends = Ends::of(output, Span::mixed_site());
    ends.underline(quote_spanned! {Span::mixed_site().located_at(ends.first)=>
        #[allow(unreachable_code, clippy::all, clippy::pedantic)]
        if false {
            let __returned: #output = loop {};
            return __returned;
        }
    })
}

/// Where the bounds of an `impl Trait` end: at a `,`, `;`, `=` or `>` outside their own brackets.
#[derive(Default)]
struct Bounds {
    depth: usize,
    after_dash: bool,
}

impl Bounds {
    fn include(&mut self, token: &TokenTree) -> bool {
        let TokenTree::Punct(punct) = token else {
            self.after_dash = false;
            return true;
        };
        let arrow = std::mem::replace(&mut self.after_dash, punct.as_char() == '-');
        match punct.as_char() {
            '<' => self.depth += 1,
            '>' if arrow => {}
            '>' | ',' | ';' | '=' if self.depth == 0 => return false,
            '>' => self.depth -= 1,
            _ => {}
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn erased(ty: &str) -> String {
        let tokens: TokenStream = ty.parse().unwrap();
        without_impl_trait(tokens).to_string().replace(' ', "")
    }

    #[test]
    fn impl_trait_is_erased_wherever_it_stands() {
        assert_eq!(erased("impl Display"), "_");
        assert_eq!(
            erased("Result<impl Iterator<Item = Vec<u8>> + 'a, E>"),
            "Result<_,E>"
        );
        assert_eq!(
            erased("Result<(impl Fn(u8) -> Vec<u8>, u8), E>"),
            "Result<(_,u8),E>"
        );
        assert_eq!(
            erased("Result<[impl Copy; 3], Box<dyn Error>>"),
            "Result<[_;3],Box<dynError>>"
        );
        assert_eq!(erased("Option<impl FnOnce() -> Option<u8>>"), "Option<_>");
    }

    #[test]
    fn other_types_stay_as_they_are() {
        assert_eq!(erased("<X as Trait>::Out"), "<XasTrait>::Out");
        assert_eq!(
            erased("Result<fn(u8) -> u8, r#impl>"),
            "Result<fn(u8)->u8,r#impl>"
        );
    }

    fn future_of(ty: &str) -> Option<(String, Held)> {
        let output = syn::parse_str::<ReturnType>(&format!("-> {ty}")).unwrap();
        returned_future(&output).map(|future| (future.output.to_string(), future.held))
    }

    #[test]
    fn a_future_is_known_by_its_type() {
        let yields = |held| Some(("u8".to_owned(), held));
        assert_eq!(
            future_of("impl Send + core::future::Future<Output = u8>"),
            yields(Held::Opaque)
        );
        assert_eq!(
            future_of("Pin<Box<dyn Future<Output = u8> + Send + 'a>>"),
            yields(Held::Pinned)
        );
        assert_eq!(
            future_of("Box<dyn Future<Output = u8> + Unpin>"),
            yields(Held::Boxed)
        );
        assert_eq!(
            future_of("Box<impl Future<Output = u8>>"),
            yields(Held::Boxed)
        );
        let named = "< BoxFuture < 'static , u8 > as :: core :: future :: Future > :: Output";
        assert_eq!(
            future_of("BoxFuture<'static, u8>"),
            Some((named.to_owned(), Held::Pinned))
        );
        assert_eq!(future_of("Result<u8, u16>"), None);
        assert_eq!(future_of("impl Iterator<Item = u8>"), None);
    }

    #[test]
    fn a_type_that_is_spelled_out_hides_no_future() {
        let hides = |ty: &str| may_name_a_future(&syn::parse_str(&format!("-> {ty}")).unwrap());
        assert!(hides("Self::Future"));
        assert!(hides("Reply<'_>"));
        assert!(!hides("Pin<Box<Self>>"));
        assert!(!hides("Pin<Box<dyn Stream<Item = u8>>>"));
        assert!(!hides("futures::stream::BoxStream<'static, u8>"));
        assert!(!hides("impl Fn() -> Reply"));
    }
}
