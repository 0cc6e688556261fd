//! One dimension of `dimensions(..)`: its name, its values, and where the value of a call comes from.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{
    Error, Expr, LitInt, LitStr, Token, Type, bracketed,
    ext::IdentExt,
    parenthesized,
    parse::{ParseStream, Result},
    punctuated::Punctuated,
};

use super::{values::Values, values_of};
use crate::{
    diagnostics::Mistakes,
    item::Function,
    names::{Names, PROPERTIES, dimension_too, property},
    types::Ends,
};

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>
const MOST: usize = 30;
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
const LONGEST_NAME: usize = 250;
/// Each series is a metric of its own, and a request holds 1000.
const MOST_VALUES: u16 = 999;

/// The list of an attribute.
pub(super) struct Dimensions(Vec<Dimension>);

/// One dimension.
pub(super) struct Dimension {
    pub(super) name: LitStr,
    pub(super) given: Given,
    pub(super) value: Expr,
}

/// Which values it may have, as far as that is written.
pub(super) enum Given {
    /// `Kind: OrderKind = ..`
    Type(Box<Type>),
    /// `Kind: ["post", "van"] = ..`
    List(Vec<LitStr>),
    /// `Kind = .., max = 20`
    Max(u16),
    /// `Kind = ..`: the type of the parameter of this name.
    Parameter,
}

impl Dimensions {
    pub(super) fn parse(name: &Ident, input: ParseStream<'_>) -> Result<Self> {
        if !input.peek(syn::token::Paren) {
            let message = "`dimensions` has a list in parentheses, for example \
                           `dimensions(Kind: OrderKind = order.kind)`";
            return Err(Error::new(name.span(), message));
        }
        let list;
        parenthesized!(list in input);
        let mut dimensions: Vec<Dimension> = Vec::new();
        while !list.is_empty() {
            let ahead = list.fork();
            let capped = ahead.call(Ident::parse_any).is_ok_and(|word| word == "max")
                && ahead.peek(Token![=]);
            if capped {
                let word = list.call(Ident::parse_any)?;
                list.parse::<Token![=]>()?;
                let max = cap(&list)?;
                match dimensions.last_mut() {
                    Some(capped) if matches!(capped.given, Given::Parameter) => {
                        capped.given = Given::Max(max);
                    }
                    _ => {
                        let message =
                            "`max` follows the free text that it caps: `Shop = shop, max = 20`";
                        return Err(Error::new(word.span(), message));
                    }
                }
            } else {
                dimensions.push(Dimension::parse(&list)?);
            }
            if !list.is_empty() {
                let at = list.span();
                let message = "expected `,`";
                list.parse::<Token![,]>()
                    .map_err(|_| Error::new(at, message))?;
            }
        }
        if dimensions.is_empty() {
            let message =
                "`dimensions` is empty, expected `dimensions(Kind: OrderKind = order.kind)`";
            return Err(Error::new(name.span(), message));
        }
        Ok(Self(dimensions))
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Dimension> {
        self.0.iter()
    }

    /// The rules between the names.
    pub(super) fn check(&self, names: &Names<'_>, by_error: bool, mistakes: &mut Mistakes) {
        let mut seen = BTreeSet::new();
        for dimension in &self.0 {
            mistakes.keep(dimension.check());
            let name = dimension.name.value();
            let mut refuse = |message: String| {
                mistakes.push(Error::new(dimension.name.span(), message));
            };
            if names.has_literal(&name) {
                refuse(dimension_too(&name));
            }
            if by_error && name == "Error" {
                refuse(
                    "`Error` is the dimension that `failure_by` gives, choose another name"
                        .to_owned(),
                );
            }
            if !seen.insert(name.clone()) {
                refuse(format!("dimension `{name}` is given twice"));
            }
        }
        if let Some(more) = self.0.get(MOST) {
            let message = format!(
                "a metric has at most {MOST} dimensions, found {}",
                self.0.len()
            );
            mistakes.push(Error::new(more.name.span(), message));
        }
    }
}

impl Dimension {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let at = input.span();
        let (name, word) = if let Ok(name) = input.fork().parse::<LitStr>() {
            input.parse::<LitStr>()?;
            (name, None)
        } else {
            let message = "expected the name of a dimension";
            let word = input
                .call(Ident::parse_any)
                .map_err(|_| Error::new(at, message))?;
            (
                LitStr::new(&word.unraw().to_string(), word.span()),
                Some(word),
            )
        };
        let given = if input.peek(Token![:]) {
            input.parse::<Token![:]>()?;
            given(input)?
        } else {
            Given::Parameter
        };
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            let at = input.span();
            let message = "expected an expression over the arguments, for example `order.kind`";
            input.parse().map_err(|_| Error::new(at, message))?
        } else if let Some(word) = word {
            Expr::Verbatim(word.into_token_stream())
        } else {
            let message = "a dimension needs a value: `\"Kind\": OrderKind = order.kind`";
            return Err(Error::new(at, message));
        };
        Ok(Self { name, given, value })
    }

    fn check(&self) -> Result<()> {
        let name = self.name.value();
        let refuse = |message: String| Err(Error::new(self.name.span(), message));
        if name.trim().is_empty() {
            return refuse(
                "a dimension name has at least one character that is no space".to_owned(),
            );
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
        if let Given::List(values) = &self.given {
            for value in values {
                let text = value.value();
                if text.trim().is_empty() || !text.chars().all(|char| matches!(char, ' '..='~')) {
                    let message = "a dimension value has printable ASCII characters, at least one of them no space";
                    return Err(Error::new(value.span(), message));
                }
            }
        }
        Ok(())
    }

    /// The values of its type, for one that has them of a type.
    pub(super) fn constant(
        &self,
        index: usize,
        private: &TokenStream,
        function: Option<&Function>,
    ) -> Option<TokenStream> {
        match self.values(function) {
            Ok(Values::Type(ty)) => Some(values_of(&constant(index), &ty, private)),
            _ => None,
        }
    }

    pub(super) fn declared(
        &self,
        index: usize,
        private: &TokenStream,
        function: Option<&Function>,
    ) -> TokenStream {
        let name = &self.name;
        let (values, max) = match self.values(function) {
            Ok(Values::Type(_)) => {
                let constant = constant(index);
                (quote_spanned!(Span::mixed_site()=> #constant.names()), 0)
            }
            Ok(Values::List(values)) => (quote!(&[#(#values,)* "Other"]), 0),
            Ok(Values::Max(max)) => (quote!(&[]), max),
            Err(_) => return TokenStream::new(),
        };
        quote_spanned! {Span::mixed_site()=>
            #private::DeclaredDimension { name: #name, values: #values, max: #max },
        }
    }

    /// The places of its texts, for free text.
    pub(super) fn texts(&self, private: &TokenStream) -> Option<TokenStream> {
        let Given::Max(max) = self.given else {
            return None;
        };
        let max = usize::from(max);
        Some(quote_spanned! {Span::mixed_site()=> {
            static __TT_METRICS_PLACES: [#private::Place; #max] =
                [const { #private::Place::new() }; #max];
            #private::Texts::new(&__TT_METRICS_PLACES)
        }})
    }

    /// The part of this dimension in the series of a call.
    pub(super) fn digit(
        &self,
        index: usize,
        function: Option<&Function>,
        texts: &mut usize,
    ) -> TokenStream {
        let value = borrowed(&self.value);
        match self.values(function) {
            Ok(Values::Type(_)) => {
                let constant = constant(index);
                quote_spanned!(Span::mixed_site()=> .and(&#constant, #value))
            }
            Ok(Values::List(values)) => quote_spanned! {Span::mixed_site()=>
                .and_listed(&[#(#values,)* "Other"], #value)
            },
            Ok(Values::Max(_)) => {
                let position = *texts;
                *texts += 1;
                quote_spanned!(Span::mixed_site()=> .and_text(&__TT_METRICS_SITE, #position, #value))
            }
            Err(_) => TokenStream::new(),
        }
    }
}

/// The name of the constant that holds the values of a type.
fn constant(index: usize) -> Ident {
    format_ident!("__TT_METRICS_VALUES_{index}", span = Span::mixed_site())
}

fn given(input: ParseStream<'_>) -> Result<Given> {
    if input.peek(syn::token::Bracket) {
        let list;
        let at = input.span();
        bracketed!(list in input);
        let message = "expected a list of texts: `[\"post\", \"van\"]`";
        let values: Punctuated<LitStr, Token![,]> =
            Punctuated::parse_terminated(&list).map_err(|_| Error::new(at, message))?;
        if values.is_empty() {
            return Err(Error::new(at, message));
        }
        return Ok(Given::List(values.into_iter().collect()));
    }
    let at = input.span();
    let message = "expected a type that derives `Dimension`, or a list of texts";
    let ty = Type::without_plus(input).map_err(|_| Error::new(at, message))?;
    Ok(Given::Type(Box::new(ty)))
}

fn cap(input: ParseStream<'_>) -> Result<u16> {
    let at = input.span();
    let message = format!("expected a number from 1 to {MOST_VALUES}");
    let number = input
        .parse::<LitInt>()
        .ok()
        .and_then(|number| number.base10_parse().ok());
    number
        .filter(|number| (1..=MOST_VALUES).contains(number))
        .ok_or_else(|| Error::new(at, message))
}

/// A reference to an expression, with as few parentheses as it takes.
fn borrowed(value: &Expr) -> TokenStream {
    let atom = matches!(
        value,
        Expr::Verbatim(_)
            | Expr::Path(_)
            | Expr::Field(_)
            | Expr::MethodCall(_)
            | Expr::Call(_)
            | Expr::Index(_)
            | Expr::Lit(_)
            | Expr::Macro(_)
            | Expr::Paren(_)
            | Expr::Block(_)
            | Expr::Reference(_)
            | Expr::Unary(_)
    );
    // A value of another type is shown where it stands.
    let at = Span::mixed_site().located_at(Ends::of(value, Span::mixed_site()).first);
    if atom {
        return quote_spanned!(at=> &#value);
    }
    quote_spanned!(at=> &(#value))
}
