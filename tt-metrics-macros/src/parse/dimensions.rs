//! The list of `dimensions(..)`: names, values, and the expressions that choose a value.

use proc_macro2::Ident;
use syn::{
    Error, Expr, ExprPath, LitInt, LitStr, Token, Type, bracketed,
    ext::IdentExt,
    parenthesized,
    parse::{ParseStream, Result},
    punctuated::Punctuated,
};

/// Each series is a metric of its own, and a request holds 1000.
const MOST_VALUES: u16 = 999;

/// One dimension.
#[derive(Clone)]
pub(crate) struct Dimension {
    pub(crate) name: LitStr,
    pub(crate) values: Values,
    pub(crate) value: Expr,
}

/// The values that a dimension may have.
#[derive(Clone)]
pub(crate) enum Values {
    /// `Kind: OrderKind = ..`
    OfType(Box<Type>),
    /// `Kind: ["post", "van"] = ..`
    Listed(Vec<LitStr>),
    /// `Kind = .., max = 20`
    FreeText { max: u16 },
    /// `Kind = ..`: those of the type of the parameter that the expression names.
    OfParameter,
}

pub(super) fn dimensions(name: &Ident, input: ParseStream<'_>) -> Result<Vec<Dimension>> {
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
        let is_max =
            ahead.call(Ident::parse_any).is_ok_and(|word| word == "max") && ahead.peek(Token![=]);
        if is_max {
            let word = list.call(Ident::parse_any)?;
            list.parse::<Token![=]>()?;
            let max = max(&list)?;
            let Some(Dimension {
                values: values @ Values::OfParameter,
                ..
            }) = dimensions.last_mut()
            else {
                let message = "`max` follows the free text that it caps: `Shop = shop, max = 20`";
                return Err(Error::new(word.span(), message));
            };
            *values = Values::FreeText { max };
        } else {
            dimensions.push(dimension(&list)?);
        }
        if !list.is_empty() {
            let at = list.span();
            list.parse::<Token![,]>()
                .map_err(|_| Error::new(at, "expected `,`"))?;
        }
    }
    if dimensions.is_empty() {
        let message = "`dimensions` is empty, expected `dimensions(Kind: OrderKind = order.kind)`";
        return Err(Error::new(name.span(), message));
    }
    Ok(dimensions)
}

fn dimension(input: ParseStream<'_>) -> Result<Dimension> {
    let at = input.span();
    let (name, word) = if let Ok(name) = input.fork().parse::<LitStr>() {
        input.parse::<LitStr>()?;
        (name, None)
    } else {
        let message = "expected the name of a dimension";
        let word = input
            .call(Ident::parse_any)
            .map_err(|_| Error::new(at, message))?;
        let name = LitStr::new(&word.unraw().to_string(), word.span());
        (name, Some(word))
    };
    let values = if input.peek(Token![:]) {
        input.parse::<Token![:]>()?;
        values(input)?
    } else {
        Values::OfParameter
    };
    let value = if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        let at = input.span();
        let message = "expected an expression over the arguments, for example `order.kind`";
        input.parse().map_err(|_| Error::new(at, message))?
    } else if let Some(word) = word {
        Expr::Path(ExprPath {
            attrs: Vec::new(),
            qself: None,
            path: word.into(),
        })
    } else {
        let message = "a dimension needs a value: `\"Kind\": OrderKind = order.kind`";
        return Err(Error::new(at, message));
    };
    Ok(Dimension {
        name,
        values,
        value,
    })
}

fn values(input: ParseStream<'_>) -> Result<Values> {
    let at = input.span();
    if input.peek(syn::token::Bracket) {
        let list;
        bracketed!(list in input);
        let message = "expected a list of texts: `[\"post\", \"van\"]`";
        let values: Punctuated<LitStr, Token![,]> =
            Punctuated::parse_terminated(&list).map_err(|_| Error::new(at, message))?;
        if values.is_empty() {
            return Err(Error::new(at, message));
        }
        return Ok(Values::Listed(values.into_iter().collect()));
    }
    let message = "expected a type that derives `Dimension`, or a list of texts";
    let ty = Type::without_plus(input).map_err(|_| Error::new(at, message))?;
    Ok(Values::OfType(Box::new(ty)))
}

fn max(input: ParseStream<'_>) -> Result<u16> {
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
