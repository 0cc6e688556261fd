//! Which values a dimension may have: of a type, of a list, or free text with a cap.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Error, FnArg, GenericParam, LitStr, Pat, Type, parse::Result};

use super::dimension::{Dimension, Given};
use crate::item::Function;

/// Which values it may have.
pub(super) enum Values {
    Type(TokenStream),
    List(Vec<LitStr>),
    Max(u16),
}

impl Dimension {
    /// The values, which may follow from the type of a parameter.
    pub(super) fn values(&self, function: Option<&Function>) -> Result<Values> {
        let ty = match &self.given {
            Given::Max(max) => return Ok(Values::Max(*max)),
            Given::List(values) => return Ok(Values::List(values.clone())),
            Given::Type(ty) => (**ty).clone(),
            Given::Parameter => self.parameter_type(function)?,
        };
        let ty = self.known_everywhere(ty, function)?;
        Ok(Values::Type(ty))
    }

    fn parameter_type(&self, function: Option<&Function>) -> Result<Type> {
        let value = self.value.to_token_stream().to_string();
        let parameters = function
            .into_iter()
            .flat_map(|function| &function.sig.inputs);
        let ty = parameters.into_iter().find_map(|input| match input {
            FnArg::Typed(parameter) => match &*parameter.pat {
                Pat::Ident(name) if name.ident == value => Some((*parameter.ty).clone()),
                _ => None,
            },
            FnArg::Receiver(_) => None,
        });
        let name = self.name.value();
        ty.ok_or_else(|| {
            let message = format!(
                "which values `{name}` may have is not known: give their type (`{name}: Type = ..`), \
                 a list (`{name}: [\"a\", \"b\"] = ..`), or a cap for free text (`max = 20`)"
            );
            Error::new(self.name.span(), message)
        })
    }

    /// The type as it is named outside of the function.
    fn known_everywhere(&self, ty: Type, function: Option<&Function>) -> Result<TokenStream> {
        let mut ty = ty;
        while let Type::Reference(reference) = ty {
            ty = *reference.elem;
        }
        let tokens = static_lifetimes(ty.to_token_stream());
        let text = tokens.to_string();
        let name = self.name.value();
        if ["str", "String"].contains(&text.as_str()) {
            let message = format!(
                "text may have any number of values, and each is a metric: cap them with `{name} = .., max = 20`, \
                 or list them with `{name}: [\"a\", \"b\"] = ..`"
            );
            return Err(Error::new(self.name.span(), message));
        }
        let generics = function
            .into_iter()
            .flat_map(|function| &function.sig.generics.params);
        let mut unknown: Vec<String> = generics
            .filter_map(|parameter| match parameter {
                GenericParam::Type(ty) => Some(ty.ident.to_string()),
                GenericParam::Const(constant) => Some(constant.ident.to_string()),
                GenericParam::Lifetime(_) => None,
            })
            .collect();
        unknown.extend(["Self".to_owned(), "impl".to_owned()]);
        if let Some(word) = words(tokens.clone())
            .into_iter()
            .find(|word| unknown.contains(word))
        {
            let message = format!(
                "the values of `{word}` are not known where metrics are declared, name a type without it: `{name}: Type = ..`"
            );
            return Err(Error::new(self.name.span(), message));
        }
        Ok(tokens)
    }
}

fn words(tokens: TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(word) => found.push(word.to_string()),
            TokenTree::Group(group) => found.extend(words(group.stream())),
            _ => {}
        }
    }
    found
}

/// The same type with each lifetime replaced by `'static`, which is all that a static can name.
fn static_lifetimes(tokens: TokenStream) -> TokenStream {
    let mut replaced = TokenStream::new();
    let mut after_quote = false;
    for token in tokens {
        match token {
            TokenTree::Ident(word) if after_quote => {
                replaced.extend([TokenTree::Ident(Ident::new("static", word.span()))]);
            }
            TokenTree::Group(group) if group.delimiter() != Delimiter::None => {
                let mut inner = Group::new(group.delimiter(), static_lifetimes(group.stream()));
                inner.set_span(group.span());
                replaced.extend([TokenTree::Group(inner)]);
                after_quote = false;
                continue;
            }
            other => {
                after_quote = matches!(&other, TokenTree::Punct(punct) if punct.as_char() == '\'');
                replaced.extend([other]);
                continue;
            }
        }
        after_quote = false;
    }
    replaced
}
