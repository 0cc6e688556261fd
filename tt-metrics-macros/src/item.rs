//! The function below an attribute; its body stays unparsed tokens.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::{
    AttrStyle, Attribute, Error, Expr, FnArg, Lit, Meta, Pat, Signature, Token, Visibility,
    parse::{Parse, ParseStream, Result},
};

use crate::{
    args::begins_closure,
    attributes::{is_foreign, is_own},
    pattern::{bound_names, leaves_a_part, moves},
    taken::{Taken, Words},
};

/// A function with a body.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) defaultness: Option<Token![default]>,
    pub(crate) sig: Signature,
    /// The brace group as it was written; attributes inside it have moved to `attrs`.
    pub(crate) body: Group,
}

/// One name that a parameter binds, and the `#[cfg]`s it depends on.
pub(crate) struct Binding {
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) name: TokenStream,
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

    /// Whether another macro, which wants to see the function as it was written, comes after.
    pub(crate) fn has_foreign_attributes(&self) -> bool {
        self.attrs.iter().any(is_foreign)
    }

    /// Gives a name to each parameter that has none or leaves a part of the argument behind (`_`,
    /// `..`, `ref`), so that arguments can be moved into the body as a whole, to be taken apart there.
    /// One with a name that neither the body nor an attribute of ours mentions is taken apart there too:
    /// the compiler then reports the name as unused.
    ///
    /// The parameters behind such a pattern are moved by a `let` too: locals drop before captures,
    /// and the last argument has to drop first.
    ///
    /// Does nothing when another macro comes after, which may name the parameters in its turn.
    pub(crate) fn name_parameters(&mut self, attribute: &TokenStream) -> Vec<Taken> {
        let mut taken = Vec::new();
        if self.has_foreign_attributes() {
            return taken;
        }
        let others = self.attrs.iter().filter(|attr| is_own(attr));
        let attributes = Words::of(quote!(#attribute #(#others)*));
        let body = Words::of(self.body.stream());
        // Whether an argument before drops with the locals of the body, and so all behind it have to.
        let mut behind = false;
        for (index, input) in self.sig.inputs.iter_mut().enumerate() {
            let FnArg::Typed(parameter) = input else {
                continue;
            };
            let pattern = &*parameter.pat;
            let wildcard = matches!(pattern, Pat::Wild(_));
            let unread = !body.mention_all(pattern) && !attributes.mention_any(pattern);
            let moved = unread || behind || leaves_a_part(pattern);
            if wildcard || moved {
                let name = format_ident!("__arg{index}", span = Span::mixed_site());
                let mut one = Taken::of(parameter, name, behind);
                if attributes.mention_any(one.pattern()) {
                    one.is_read_elsewhere();
                }
                let is_needed = behind || !wildcard;
                behind |= moves(one.pattern());
                taken.extend(is_needed.then_some(one));
            }
        }
        taken
    }

    /// Every name that the parameters bind, in order of declaration.
    pub(crate) fn bindings(&self) -> Vec<Binding> {
        let mut bindings = Vec::new();
        for input in &self.sig.inputs {
            match input {
                FnArg::Receiver(receiver) => bindings.push(Binding {
                    cfgs: cfgs(&receiver.attrs),
                    name: receiver.self_token.to_token_stream(),
                }),
                FnArg::Typed(parameter) => {
                    let mut names = Vec::new();
                    bound_names(&parameter.pat, &mut names);
                    // One in capitals may be a constant, of which the pattern takes nothing.
                    names.retain(|name| !name.to_string().starts_with(char::is_uppercase));
                    bindings.extend(names.into_iter().map(|name| Binding {
                        cfgs: cfgs(&parameter.attrs),
                        name,
                    }));
                }
            }
        }
        bindings
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self {
            attrs,
            vis,
            defaultness,
            sig,
            body,
        } = self;
        tokens.extend(quote!(#(#attrs)* #vis #defaultness #sig #body));
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
pub(crate) fn begins_function(input: ParseStream<'_>) -> bool {
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

pub(crate) fn cfgs(attrs: &[Attribute]) -> Vec<Attribute> {
    attrs
        .iter()
        .filter(|attr| attr.path().is_ident("cfg"))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(text: &str) -> Result<Function> {
        syn::parse_str(text)
    }

    /// What a function becomes when it is taken apart and put together again.
    #[track_caller]
    fn assert_stays(text: &str) {
        let tokens: TokenStream = text.parse().unwrap();
        let function = function(text).unwrap();
        assert_eq!(function.to_token_stream().to_string(), tokens.to_string());
    }

    #[test]
    fn all_of_a_function_stays() {
        assert_stays("#[inline] pub(crate) default async fn f<T>(self) -> T where T: Copy { 1 }");
        assert_stays("const unsafe extern \"C\" fn f() {}");
        assert_stays("unsafe extern fn r#type(_: u8) {}");
    }

    #[test]
    fn another_item_is_told_by_its_kind() {
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
