//! The `impl` block below an attribute, and which of its methods are counted.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Attribute, Error, Ident, ImplItem, Token, Visibility,
    parse::{Parse, ParseStream, Parser, Result},
};

use crate::item::{Function, begins_function};

/// The word with which an attribute on a method says that it comes from the block.
pub(crate) const OF_BLOCK: &str = "__of_block";

/// An `impl` block, inherent or of a trait.
pub(crate) struct ImplBlock {
    attrs: Vec<Attribute>,
    /// All between its attributes and the braces.
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
        let attrs = input.call(Attribute::parse_outer)?;
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
            attrs,
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
    /// The attributes below the one that is expanded.
    pub(crate) fn attrs(&self) -> &[Attribute] {
        &self.attrs
    }

    /// The methods that have no `#[name(..)]` of their own; takes away each `#[name(skip)]`, which no attribute of
    /// this name on the block needs any more.
    pub(crate) fn without_own(&mut self, name: &str) -> Vec<&mut Function> {
        let more = self.attrs.iter().any(|attr| is_named(attr, name));
        let mut methods = Vec::new();
        for item in &mut self.items {
            let Item::Method(method) = item else {
                continue;
            };
            let mut named = method.attrs.iter().filter(|attr| is_named(attr, name));
            let own = named.any(|attr| first_word(attr).is_none_or(|word| word != OF_BLOCK));
            method
                .attrs
                .retain(|attr| more || !(is_named(attr, name) && is_skip(attr)));
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
            attrs,
            header,
            braces,
            inner_attrs,
            items,
        } = self;
        let mut content = Group::new(Delimiter::Brace, quote!(#(#inner_attrs)* #(#items)*));
        content.set_span(braces.span());
        tokens.extend(quote!(#(#attrs)* #header #content));
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

/// The word with which the arguments begin, if they do with one.
fn first_word(attr: &Attribute) -> Option<Ident> {
    let tokens = &attr.meta.require_list().ok()?.tokens;
    match tokens.clone().into_iter().next() {
        Some(TokenTree::Ident(word)) => Some(word),
        _ => None,
    }
}

fn is_skip(attr: &Attribute) -> bool {
    let alone = |input: ParseStream<'_>| {
        let word = input.parse::<Ident>()?;
        input.parse::<Option<Token![,]>>()?;
        Ok(word)
    };
    attr.parse_args_with(alone).is_ok_and(|word| word == "skip")
}
