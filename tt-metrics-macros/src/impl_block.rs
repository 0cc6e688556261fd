//! The `impl` block below an attribute, and which of its methods are counted.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Attribute, Error, ImplItem, Meta, Token, Visibility,
    parse::{Parse, ParseStream, Parser, Result},
};

use crate::item::{Function, begins_function};

/// An `impl` block, inherent or of a trait.
pub(crate) struct ImplBlock {
    /// All before the braces.
    header: TokenStream,
    braces: Group,
    inner_attrs: Vec<Attribute>,
    items: Vec<Item>,
}

enum Item {
    Method(Box<Function>),
    Other(TokenStream),
}

/// Whether this is an `impl` block.
pub(crate) fn is_impl_block(item: &TokenStream) -> bool {
    let begins = |input: ParseStream<'_>| {
        input.call(Attribute::parse_outer)?;
        input.parse::<Option<Token![default]>>()?;
        input.parse::<Option<Token![unsafe]>>()?;
        let found = input.peek(Token![impl]);
        input.parse::<TokenStream>()?;
        Ok(found)
    };
    begins.parse2(item.clone()).unwrap_or(false)
}

impl Parse for ImplBlock {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut header: Vec<TokenTree> = input.parse::<TokenStream>()?.into_iter().collect();
        let braces = match header.pop() {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => group,
            _ => return Err(Error::new(input.span(), "expected an `impl` block")),
        };
        let content = |input: ParseStream<'_>| {
            let inner_attrs = input.call(Attribute::parse_inner)?;
            let mut items = Vec::new();
            while !input.is_empty() {
                items.push(input.parse()?);
            }
            Ok((inner_attrs, items))
        };
        let (inner_attrs, items) = content.parse2(braces.stream())?;
        Ok(Self {
            header: header.into_iter().collect(),
            braces,
            inner_attrs,
            items,
        })
    }
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let ahead = input.fork();
        ahead.call(Attribute::parse_outer)?;
        ahead.parse::<Visibility>()?;
        ahead.parse::<Option<Token![default]>>()?;
        if begins_function(&ahead) {
            return input.parse().map(|method| Self::Method(Box::new(method)));
        }
        let item = input.parse::<ImplItem>()?;
        Ok(Self::Other(item.into_token_stream()))
    }
}

impl ImplBlock {
    /// The methods that have no `#[name(..)]` of their own; takes away each `#[name(skip)]`.
    pub(crate) fn without_own(&mut self, name: &str) -> Vec<&mut Function> {
        let mut methods = Vec::new();
        for item in &mut self.items {
            let Item::Method(method) = item else {
                continue;
            };
            let own = method.attrs.iter().any(|attr| is_named(attr, name));
            method
                .attrs
                .retain(|attr| !(is_named(attr, name) && is_skip(attr)));
            if !own {
                methods.push(&mut **method);
            }
        }
        methods
    }
}

impl ToTokens for ImplBlock {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self {
            header,
            braces,
            inner_attrs,
            items,
        } = self;
        let mut content = Group::new(Delimiter::Brace, quote!(#(#inner_attrs)* #(#items)*));
        content.set_span(braces.span());
        tokens.extend(quote!(#header #content));
    }
}

impl ToTokens for Item {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Method(method) => method.to_tokens(tokens),
            Self::Other(other) => other.to_tokens(tokens),
        }
    }
}

/// Whether the attribute has this name, wherever it comes from.
fn is_named(attr: &Attribute, name: &str) -> bool {
    let last = attr.path().segments.last();
    last.is_some_and(|last| last.ident == name)
}

fn is_skip(attr: &Attribute) -> bool {
    let Meta::List(meta) = &attr.meta else {
        return false;
    };
    let mut tokens = meta.tokens.clone().into_iter();
    matches!(tokens.next(), Some(TokenTree::Ident(word)) if word == "skip")
        && tokens.next().is_none()
}
