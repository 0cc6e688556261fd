//! The `impl` block below an attribute, with its methods.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::{
    Attribute, Error, Token, Visibility,
    parse::{Parse, ParseStream, Parser, Result},
};

use super::function::{Function, begins_function};

/// An `impl` block, inherent or of a trait.
pub(crate) struct ImplBlock {
    pub(crate) attrs: Vec<Attribute>,
    /// The tokens between its attributes and its braces.
    pub(crate) header: TokenStream,
    pub(crate) braces: Group,
    pub(crate) inner_attrs: Vec<Attribute>,
    pub(crate) items: Vec<ImplItem>,
}

pub(crate) enum ImplItem {
    Method(Box<Function>),
    Other(Box<syn::ImplItem>),
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

impl Parse for ImplItem {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let ahead = input.fork();
        ahead.call(Attribute::parse_outer)?;
        ahead.parse::<Visibility>()?;
        ahead.parse::<Option<Token![default]>>()?;
        if begins_function(&ahead) {
            return input.parse().map(|method| Self::Method(Box::new(method)));
        }
        input.parse().map(|item| Self::Other(Box::new(item)))
    }
}

impl ImplBlock {
    pub(crate) fn methods(&mut self) -> impl Iterator<Item = &mut Function> {
        self.items.iter_mut().filter_map(|item| match item {
            ImplItem::Method(method) => Some(&mut **method),
            ImplItem::Other(_) => None,
        })
    }
}
