//! The closure that `outcome!` may be given; its body stays unparsed tokens.

use proc_macro2::TokenStream;
use syn::{
    Attribute, Ident, Pat, ReturnType, Token, Type,
    ext::IdentExt,
    parse::{Parse, ParseStream, Parser, Result},
};

/// `async move |parameters| -> Output body`
pub(crate) struct Closure {
    pub(crate) asyncness: Option<Token![async]>,
    pub(crate) capture: Option<Token![move]>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) output: ReturnType,
    pub(crate) body: TokenStream,
}

pub(crate) struct Parameter {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) pattern: Pat,
    pub(crate) ty: Option<Type>,
}

impl Closure {
    /// The closure that these tokens are, if they begin like one.
    pub(crate) fn of(body: &TokenStream) -> Option<Result<Self>> {
        let begins = |input: ParseStream<'_>| {
            let begins = begins_closure(input);
            input.parse::<TokenStream>()?;
            Ok(begins)
        };
        begins
            .parse2(body.clone())
            .unwrap_or(false)
            .then(|| syn::parse2(body.clone()))
    }
}

impl Parse for Closure {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let asyncness = input.parse()?;
        let capture = input.parse()?;
        let mut parameters = Vec::new();
        input.parse::<Token![|]>()?;
        while !input.peek(Token![|]) {
            parameters.push(input.parse()?);
            if !input.peek(Token![|]) {
                input.parse::<Token![,]>()?;
            }
        }
        input.parse::<Token![|]>()?;
        Ok(Self {
            asyncness,
            capture,
            parameters,
            output: input.parse()?,
            body: input.parse()?,
        })
    }
}

impl Parse for Parameter {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let pattern = Pat::parse_single(input)?;
        let ty = if input.parse::<Option<Token![:]>>()?.is_some() {
            Some(input.parse()?)
        } else {
            None
        };
        Ok(Self { attrs, pattern, ty })
    }
}

/// Whether a closure comes next.
pub(crate) fn begins_closure(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    loop {
        if ahead.peek(Token![|]) || ahead.peek(Token![||]) {
            return true;
        }
        let keyword = ahead.peek(Token![static])
            || ahead.peek(Token![async])
            || ahead.peek(Token![move])
            || ahead.peek(Token![const]);
        if !keyword || ahead.call(Ident::parse_any).is_err() {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::{Delimiter, Group, TokenTree};
    use quote::{ToTokens, quote};

    use super::*;

    fn number_of_parameters(text: &str) -> Option<usize> {
        let closure = Closure::of(&text.parse().unwrap())?.unwrap();
        Some(closure.parameters.len())
    }

    #[test]
    fn a_closure_is_recognised_by_its_first_tokens() {
        assert_eq!(number_of_parameters("|| 1"), Some(0));
        assert_eq!(number_of_parameters("| | 1"), Some(0));
        assert_eq!(
            number_of_parameters("async move |a, (b, _): (u8, u8),| a"),
            Some(2)
        );
        assert_eq!(number_of_parameters("(|a| a)"), None);
        assert_eq!(number_of_parameters("a || b"), None);
        assert_eq!(number_of_parameters(""), None);
    }

    #[test]
    fn a_closure_in_the_fragment_of_a_macro_is_recognised() {
        let fragment = |body: TokenStream| {
            TokenStream::from(TokenTree::Group(Group::new(Delimiter::None, body)))
        };
        let twice = fragment(fragment(quote!(move |a: u8| -> u8 { a })));
        let closure = Closure::of(&twice).unwrap().unwrap();
        assert!(closure.capture.is_some());
        assert_eq!(closure.parameters.len(), 1);
        assert_eq!(closure.output.to_token_stream().to_string(), "-> u8");
        assert_eq!(closure.body.to_string(), "{ a }");
    }
}
