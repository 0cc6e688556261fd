//! The function below an attribute; its body stays unparsed tokens.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::{
    AttrStyle, Attribute, Error, Expr, Lit, Meta, Signature, Token, Visibility,
    parse::{Parse, ParseStream, Result},
};

use super::closure::begins_closure;

/// A function with a body.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) defaultness: Option<Token![default]>,
    pub(crate) sig: Signature,
    /// The brace group as it was written; attributes inside it have moved to `attrs`.
    pub(crate) body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let defaultness = input.parse()?;
        if !begins_function(input) {
            return Err(not_a_function(input));
        }
        let sig: Signature = input.parse()?;
        if input.peek(Token![;]) {
            let message = "a function without a body cannot be counted, \
                           put the attribute on each implementation";
            return Err(Error::new(sig.ident.span(), message));
        }
        let block = block(input)?;
        let inner = |input: ParseStream<'_>| -> Result<(Vec<Attribute>, TokenStream)> {
            Ok((input.call(Attribute::parse_inner)?, input.parse()?))
        };
        let (inner_attrs, statements) = syn::parse::Parser::parse2(inner, block.stream())?;
        attrs.extend(inner_attrs.into_iter().map(|attr| Attribute {
            style: AttrStyle::Outer,
            ..attr
        }));
        let mut body = Group::new(Delimiter::Brace, statements);
        body.set_span(block.span());
        Ok(Self {
            attrs,
            vis,
            defaultness,
            sig,
            body,
        })
    }
}

impl Function {
    /// The doc comment, its lines joined.
    pub(crate) fn doc(&self) -> String {
        let lines: Vec<String> = self.attrs.iter().filter_map(doc_line).collect();
        lines.join("\n").trim().to_owned()
    }
}

/// The braces of a body, also when `macro_rules!` hands them on as `$body:block`.
fn block(input: ParseStream<'_>) -> Result<Group> {
    let mut token: TokenTree = input.parse()?;
    loop {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return Ok(group),
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                token = syn::parse2(group.stream())?;
            }
            other => {
                return Err(Error::new(
                    other.span(),
                    "expected the body of the function",
                ));
            }
        }
    }
}

/// Whether a function comes next, behind its attributes and its visibility.
pub(super) fn begins_function(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    loop {
        if ahead.peek(Token![fn]) {
            return true;
        }
        let modifier = ahead.peek(Token![const])
            || ahead.peek(Token![async])
            || ahead.peek(Token![unsafe])
            || ahead.peek(Token![extern])
            || ahead.peek(syn::LitStr);
        if !modifier || ahead.parse::<TokenTree>().is_err() {
            return false;
        }
    }
}

fn not_a_function(item: ParseStream<'_>) -> Error {
    let kinds: [(bool, &str); 13] = [
        (
            item.peek(Token![trait]),
            "a trait; put the attribute on the methods",
        ),
        (item.peek(Token![struct]), "a struct"),
        (item.peek(Token![enum]), "an enum"),
        (
            item.peek(Token![mod]),
            "a module; put the attribute on its functions",
        ),
        (item.peek(Token![static]), "a static"),
        (item.peek(Token![const]), "a constant"),
        (item.peek(Token![type]), "a type alias"),
        (
            item.peek(Token![use]) || item.peek(Token![extern]) && item.peek2(Token![crate]),
            "an import",
        ),
        (
            item.peek(Token![extern]) || item.peek2(Token![extern]),
            "a block of foreign functions",
        ),
        (
            item.peek(Token![union]) && item.peek2(syn::Ident),
            "a union",
        ),
        (
            item.peek(Token![let]),
            "a statement; count a closure or a block with `outcome!(..)`",
        ),
        (
            item.peek(syn::token::Brace),
            "a block; count it with `outcome!(..)`",
        ),
        (
            begins_closure(item),
            "a closure; count it with `outcome!(..)`",
        ),
    ];
    let at = item.span();
    let found = kinds
        .iter()
        .find(|(found, _)| *found)
        .map(|(_, kind)| *kind);
    match found {
        Some(kind) => Error::new(at, format!("expected a function, found {kind}")),
        None => Error::new(at, "expected a function"),
    }
}

fn doc_line(attr: &Attribute) -> Option<String> {
    let Meta::NameValue(meta) = &attr.meta else {
        return None;
    };
    let (true, Expr::Lit(value)) = (meta.path.is_ident("doc"), &meta.value) else {
        return None;
    };
    let Lit::Str(text) = &value.lit else {
        return None;
    };
    let text = text.value();
    Some(
        text.strip_prefix(' ')
            .unwrap_or(&text)
            .trim_end()
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(text: &str) -> Result<Function> {
        syn::parse_str(text)
    }

    #[test]
    fn another_item_is_named_by_its_kind() {
        let found = |text| function(text).err().unwrap().to_string();
        assert!(found("unsafe extern \"C\" {}").ends_with("found a block of foreign functions"));
        assert!(found("extern \"C\" {}").ends_with("found a block of foreign functions"));
        assert!(found("extern crate core;").ends_with("found an import"));
        assert!(found("use a::b;").ends_with("found an import"));
        assert!(found("union A { a: u8 }").ends_with("found a union"));
        assert_eq!(found("union(1)"), "expected a function");
        assert_eq!(found("default!()"), "expected a function");
    }

    #[test]
    fn a_doc_comment_is_one_text() {
        let doc = |text| function(text).unwrap().doc();
        assert_eq!(doc("/// One.  \n///   Two.\nfn f() {}"), "One.\n  Two.");
        assert_eq!(
            doc("#[doc = \"One.\"] #[doc(hidden)] #[inline] fn f() {}"),
            "One."
        );
        assert_eq!(
            doc("#[doc = concat!(\"a\")] #[deprecated = \"old\"] fn f() {}"),
            ""
        );
        assert_eq!(doc("///\n/// One.\n///\nfn f() {}"), "One.");
    }
}
