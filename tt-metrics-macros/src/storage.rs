//! How CloudWatch stores the metrics of an attribute: `unit` and `resolution`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::{
    Error, LitInt, LitStr, Token,
    ext::IdentExt,
    parse::{ParseStream, Result},
};

use crate::diagnostics::{Mistakes, closest};

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>
const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// What a call, which stands for 1, can be counted in.
const UNITS_OF_CALLS: [&str; 2] = ["Count", "None"];

/// What was written of it.
#[derive(Default)]
pub(crate) struct Storage {
    unit: Option<(Ident, LitStr)>,
    /// The name of a variant of `Resolution`.
    resolution: Option<&'static str>,
}

impl Storage {
    /// Parses one of these arguments, or leaves the input as it is.
    pub(crate) fn parse(&mut self, input: ParseStream<'_>) -> Option<Result<()>> {
        let ahead = input.fork();
        let word = ahead.call(Ident::parse_any).ok()?.to_string();
        // Where no value follows, the name is told like any other that has none.
        let ours = ["unit", "resolution"].contains(&word.as_str())
            && ahead.parse::<Token![=]>().is_ok()
            && !ahead.is_empty()
            && !ahead.peek(Token![,]);
        ours.then(|| self.argument(input))
    }

    fn argument(&mut self, input: ParseStream<'_>) -> Result<()> {
        let name = input.call(Ident::parse_any)?;
        input.parse::<Token![=]>()?;
        let given_twice = if name == "unit" {
            let unit = (name.clone(), unit(input)?);
            self.unit.replace(unit).is_some()
        } else {
            self.resolution.replace(resolution(input)?).is_some()
        };
        if given_twice {
            return Err(Error::new(name.span(), format!("`{name}` is given twice")));
        }
        Ok(())
    }

    /// What a valueless argument should have been.
    pub(crate) fn example(word: &str) -> Option<&'static str> {
        match word {
            "unit" => Some("unit = \"Bytes\""),
            "resolution" => Some("resolution = \"high\""),
            _ => None,
        }
    }

    /// The rule between the unit and what is counted: `items` when an expression says how much, `each` when items are
    /// counted one by one, nothing when calls are.
    pub(crate) fn check(&self, items: bool, each: bool, mistakes: &mut Mistakes) {
        let Some((name, unit)) = &self.unit else {
            return;
        };
        let unit = unit.value();
        if (items && !each) || UNITS_OF_CALLS.contains(&unit.as_str()) {
            return;
        }
        let message = if each {
            format!(
                "`each` counts items, not `{unit}`: put `#[count(\"Name\", items = .., unit = \"{unit}\")]` \
                 on the function beside it"
            )
        } else {
            format!(
                "a call is counted as 1, which is no number of `{unit}`: say it with `items = ..`, \
                 for example `items = body.len()`"
            )
        };
        mistakes.push(Error::new(name.span(), message));
    }

    /// Fields of the declaration.
    pub(crate) fn declared(&self, private: &TokenStream) -> TokenStream {
        let unit = self.unit.as_ref().map(|(_, unit)| {
            let variant = unit.value().replace("/S", "PerS");
            let variant = Ident::new(&variant, Span::mixed_site());
            quote_spanned!(Span::mixed_site()=> unit: #private::Unit::#variant,)
        });
        let resolution = self.resolution.map(|variant| {
            let variant = Ident::new(variant, Span::mixed_site());
            quote_spanned!(Span::mixed_site()=> resolution: #private::Resolution::#variant,)
        });
        quote_spanned!(Span::mixed_site()=> #unit #resolution)
    }
}

fn unit(input: ParseStream<'_>) -> Result<LitStr> {
    let at = input.span();
    let message = "expected a unit of CloudWatch as a text, for example `\"Bytes\"`";
    let unit: LitStr = input.parse().map_err(|_| Error::new(at, message))?;
    let written = unit.value();
    if UNITS.contains(&written.as_str()) {
        return Ok(unit);
    }
    let other_case = UNITS
        .into_iter()
        .find(|unit| unit.eq_ignore_ascii_case(&written));
    let message = match other_case.or_else(|| closest(&written, &UNITS)) {
        Some(meant) => format!("unknown unit `{written}`, did you mean `{meant}`?"),
        None => format!(
            "unknown unit `{written}`, expected one of CloudWatch's, for example `Bytes`, `Milliseconds`, \
             `Percent` or `Count`"
        ),
    };
    Err(Error::new(unit.span(), message))
}

fn resolution(input: ParseStream<'_>) -> Result<&'static str> {
    let at = input.span();
    let written = if input.peek(LitStr) {
        input.parse::<LitStr>()?.value()
    } else {
        let number = input.parse::<LitInt>();
        number.map_or_else(
            |_| String::new(),
            |number| number.base10_digits().to_owned(),
        )
    };
    match written.as_str() {
        "high" | "1" => return Ok("High"),
        "standard" | "60" => return Ok("Standard"),
        _ => {}
    }
    let message = match closest(&written, &["high", "standard"]) {
        Some(meant) => format!("unknown resolution `{written}`, did you mean `{meant}`?"),
        None => "CloudWatch stores a metric by the second or by the minute, \
                 expected `\"high\"` or `1`, or `\"standard\"` or `60`"
            .to_owned(),
    };
    Err(Error::new(at, message))
}
