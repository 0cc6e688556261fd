//! The closure that `outcome!` may be given; its body stays unparsed tokens.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{
    Attribute, Pat, ReturnType, Token, Type,
    parse::{Parse, ParseStream, Parser, Result},
};

use crate::{args::begins_closure, pattern::lends_mutably};

/// `async move |parameters| -> Output body`
pub(crate) struct Closure {
    pub(crate) asyncness: Option<Token![async]>,
    pub(crate) capture: Option<Token![move]>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) output: ReturnType,
    pub(crate) body: TokenStream,
}

pub(crate) struct Parameter {
    attrs: Vec<Attribute>,
    pattern: Pat,
    ty: Option<Type>,
}

impl Closure {
    /// The closure that these tokens are, if they are one.
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

    /// The parameters as they were written.
    pub(crate) fn written(&self) -> TokenStream {
        let parameters = self.parameters.iter();
        quote!(#(#parameters),*)
    }

    /// Parameters with names of ours, and the `let`s of the body that move them and take them
    /// apart. They drop there as parameters do.
    pub(crate) fn moved(&self) -> (TokenStream, TokenStream) {
        let mut parameters = TokenStream::new();
        let mut lets = TokenStream::new();
        for (index, parameter) in self.parameters.iter().enumerate() {
            let Parameter { attrs, pattern, ty } = parameter;
            let name = format_ident!("__arg{index}", span = Span::mixed_site());
            let ty = ty
                .as_ref()
                .map(|ty| quote_spanned!(Span::mixed_site()=> : #ty));
            parameters.extend(quote_spanned!(Span::mixed_site()=> #name #ty,));
            let mutability =
                lends_mutably(pattern).then(|| quote_spanned!(Span::mixed_site()=> mut));
            lets.extend(quote_spanned! {Span::mixed_site()=>
                let #mutability #name = #name;
                #(#attrs)*
                #[allow(clippy::no_effect_underscore_binding)]
                let #pattern = #name;
            });
        }
        (parameters, lets)
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

impl ToTokens for Parameter {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attrs, pattern, ty } = self;
        let ty = ty.as_ref().map(|ty| quote!(: #ty));
        tokens.extend(quote!(#(#attrs)* #pattern #ty));
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::{Delimiter, Group, TokenTree};

    use super::*;

    fn parameters(text: &str) -> Option<String> {
        let closure = Closure::of(&text.parse().unwrap())?.unwrap();
        Some(closure.written().to_string())
    }

    #[test]
    fn a_closure_is_known_by_its_beginning() {
        assert_eq!(parameters("|| 1").unwrap(), "");
        assert_eq!(parameters("| | 1").unwrap(), "");
        assert_eq!(
            parameters("async move |a, (b, _): (u8, u8),| a").unwrap(),
            "a , (b , _) : (u8 , u8)"
        );
        assert_eq!(parameters("(|a| a)"), None);
        assert_eq!(parameters("a || b"), None);
        assert_eq!(parameters(""), None);
    }

    #[test]
    fn a_closure_handed_on_by_a_macro_is_one() {
        let handed_on = |body: TokenStream| {
            TokenStream::from(TokenTree::Group(Group::new(Delimiter::None, body)))
        };
        let twice = handed_on(handed_on(quote!(move |a: u8| -> u8 { a })));
        let closure = Closure::of(&twice).unwrap().unwrap();
        assert!(closure.capture.is_some());
        assert_eq!(closure.written().to_string(), "a : u8");
        assert_eq!(closure.output.to_token_stream().to_string(), "-> u8");
        assert_eq!(closure.body.to_string(), "{ a }");
    }
}
