//! The dimensions of one attribute, each with the values that it may have.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Error, Expr, FnArg, GenericParam, LitStr, Pat, Type, parse::Result};

use super::names::{PROPERTIES, equal_dimension, has_literal, property};
use crate::{
    diagnostics::Mistakes,
    parse::{self, Arguments, Function},
};

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>
const MOST: usize = 30;
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
const LONGEST_NAME: usize = 250;

/// One dimension.
pub(crate) struct Dimension {
    pub(crate) name: LitStr,
    pub(crate) values: Values,
    pub(crate) value: Expr,
}

/// The values that a dimension may have.
pub(crate) enum Values {
    /// Of a type, as it is named outside of the function.
    OfType(TokenStream),
    Listed(Vec<LitStr>),
    FreeText {
        max: u16,
    },
}

/// The dimensions of an attribute on a function, or in a block, which has no parameters.
pub(super) fn dimensions(
    arguments: &Arguments,
    function: Option<&Function>,
) -> Result<Vec<Dimension>> {
    let written = arguments.dimensions().iter();
    let with_values = written.map(|written| {
        Ok(Dimension {
            name: written.name.clone(),
            values: values(written, function)?,
            value: written.value.clone(),
        })
    });
    with_values.collect()
}

/// Reports each dimension whose values cannot be listed.
pub(super) fn check_values(
    arguments: &Arguments,
    function: Option<&Function>,
    mistakes: &mut Mistakes,
) {
    for dimension in arguments.dimensions() {
        mistakes.keep(values(dimension, function));
    }
}

/// The rules that need no function.
pub(super) fn check(arguments: &Arguments, mistakes: &mut Mistakes) {
    let error_type = arguments.path("failure_by");
    if let (Some(path), None) = (error_type, arguments.metric("failure")) {
        let message = "`failure_by` splits the metric of `failure`, which is missing";
        mistakes.push(Error::new_spanned(path, message));
    }
    if let Some(path) = error_type.filter(|_| has_literal(arguments, "Error")) {
        mistakes.push(Error::new_spanned(path, equal_dimension("Error")));
    }
    let mut seen = BTreeSet::new();
    for dimension in arguments.dimensions() {
        mistakes.keep(check_texts(dimension));
        let name = dimension.name.value();
        let mut refuse = |message: String| {
            mistakes.push(Error::new(dimension.name.span(), message));
        };
        if has_literal(arguments, &name) {
            refuse(equal_dimension(&name));
        }
        if error_type.is_some() && name == "Error" {
            refuse("`Error` is the dimension that `failure_by` adds, choose another name".into());
        }
        if !seen.insert(name.clone()) {
            refuse(format!("dimension `{name}` is given twice"));
        }
    }
    if let Some(more) = arguments.dimensions().get(MOST) {
        let found = arguments.dimensions().len();
        let message = format!("a metric has at most {MOST} dimensions, found {found}");
        mistakes.push(Error::new(more.name.span(), message));
    }
}

fn check_texts(dimension: &parse::Dimension) -> Result<()> {
    let name = dimension.name.value();
    let refuse = |message: String| Err(Error::new(dimension.name.span(), message));
    if name.trim().is_empty() {
        return refuse("a dimension name has at least one character that is no space".to_owned());
    }
    if name.starts_with(':') {
        return refuse("a dimension name does not begin with `:`".to_owned());
    }
    if let Some(other) = name.chars().find(|char| !matches!(char, ' '..='~')) {
        let other = other.escape_default();
        return refuse(format!(
            "a dimension name has printable ASCII characters only, found `{other}`"
        ));
    }
    if name.len() > LONGEST_NAME {
        let length = name.len();
        return refuse(format!(
            "a dimension name has at most {LONGEST_NAME} characters, found {length}"
        ));
    }
    if PROPERTIES.contains(&name.as_str()) {
        return refuse(property(&name));
    }
    if let parse::Values::Listed(values) = &dimension.values {
        for value in values {
            if !super::dimension::is_value(&value.value()) {
                let message = "a dimension value has printable ASCII characters, at least one of them no space";
                return Err(Error::new(value.span(), message));
            }
        }
    }
    Ok(())
}

fn values(dimension: &parse::Dimension, function: Option<&Function>) -> Result<Values> {
    let ty = match &dimension.values {
        parse::Values::FreeText { max } => return Ok(Values::FreeText { max: *max }),
        parse::Values::Listed(values) => return Ok(Values::Listed(values.clone())),
        parse::Values::OfType(ty) => (**ty).clone(),
        parse::Values::OfParameter => parameter_type(dimension, function)?,
    };
    static_type(dimension, ty, function).map(Values::OfType)
}

fn parameter_type(dimension: &parse::Dimension, function: Option<&Function>) -> Result<Type> {
    let value = dimension.value.to_token_stream().to_string();
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
    let name = dimension.name.value();
    ty.ok_or_else(|| {
        let message = format!(
            "the values of `{name}` cannot be listed: give their type (`{name}: Type = ..`), \
             a list (`{name}: [\"a\", \"b\"] = ..`), or a cap for free text (`max = 20`)"
        );
        Error::new(dimension.name.span(), message)
    })
}

/// The type as a static outside of the function names it: without references, each lifetime `'static`.
fn static_type(
    dimension: &parse::Dimension,
    mut ty: Type,
    function: Option<&Function>,
) -> Result<TokenStream> {
    while let Type::Reference(reference) = ty {
        ty = *reference.elem;
    }
    let tokens = static_lifetimes(ty.to_token_stream());
    let name = dimension.name.value();
    let refuse = |message: String| Err(Error::new(dimension.name.span(), message));
    // Any other type without a list of values is refused by the trait `Dimension`. These two get the message with the fix.
    if ["str", "String"].contains(&tokens.to_string().as_str()) {
        return refuse(format!(
            "text may have any number of values, and each is a metric: cap them with `{name} = .., max = 20`, \
             or list them with `{name}: [\"a\", \"b\"] = ..`"
        ));
    }
    let generics = function
        .into_iter()
        .flat_map(|function| &function.sig.generics.params);
    let mut unavailable: Vec<String> = generics
        .filter_map(|parameter| match parameter {
            GenericParam::Type(ty) => Some(ty.ident.to_string()),
            GenericParam::Const(constant) => Some(constant.ident.to_string()),
            GenericParam::Lifetime(_) => None,
        })
        .collect();
    unavailable.extend(["Self".to_owned(), "impl".to_owned()]);
    let words = words(tokens.clone());
    if let Some(word) = words.into_iter().find(|word| unavailable.contains(word)) {
        return refuse(format!(
            "`{word}` is not available where metrics are declared, name a type without it: `{name}: Type = ..`"
        ));
    }
    Ok(tokens)
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

fn static_lifetimes(tokens: TokenStream) -> TokenStream {
    let mut is_after_quote = false;
    let replaced = tokens.into_iter().map(|token| {
        let was_after_quote = std::mem::take(&mut is_after_quote);
        match token {
            TokenTree::Ident(word) if was_after_quote => {
                TokenTree::Ident(Ident::new("static", word.span()))
            }
            TokenTree::Group(group) if group.delimiter() != Delimiter::None => {
                let mut inner = Group::new(group.delimiter(), static_lifetimes(group.stream()));
                inner.set_span(group.span());
                TokenTree::Group(inner)
            }
            other => {
                is_after_quote =
                    matches!(&other, TokenTree::Punct(punct) if punct.as_char() == '\'');
                other
            }
        }
    });
    replaced.collect()
}
