//! An argument that the body takes as a whole, and takes apart.

use std::collections::BTreeSet;

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Attribute, Meta, Pat, PatIdent, PatType, Token, braced,
    parse::{Parse, ParseStream, Result},
    parse_quote_spanned,
};

use crate::{
    attributes::is_own,
    item::cfgs,
    pattern::{bound_names, is_plain_name, lends_mutably},
};

/// The word with which an attribute says to the next one what it made of the parameters.
const WORD: &str = "__taken";

/// Levels of lints, which a parameter hands on to its names.
const LEVELS: &[&str] = &["allow", "expect", "warn", "deny", "forbid"];

/// A parameter that has only a name, and the pattern that it had.
#[derive(Clone)]
pub(crate) struct Taken {
    /// What of the parameter's attributes belongs to its names.
    attrs: Vec<Attribute>,
    pattern: Pat,
    argument: Ident,
    /// Whether what the pattern leaves drops with the locals of the body, too.
    as_a_whole: bool,
}

impl Taken {
    /// Takes the pattern from a parameter, which is then called `name`, or as before where the
    /// pattern is a name.
    pub(crate) fn of(parameter: &mut PatType, name: Ident, as_a_whole: bool) -> Self {
        let (argument, is_name) = match &*parameter.pat {
            Pat::Ident(binding) if is_plain_name(binding) => (binding.ident.clone(), true),
            _ => (name, false),
        };
        let named = Pat::Ident(PatIdent {
            attrs: Vec::new(),
            by_ref: None,
            mutability: None,
            ident: argument.clone(),
            subpat: None,
        });
        let mut attrs = cfgs(&parameter.attrs);
        let is_level = |attr: &Attribute| {
            let mut levels = LEVELS.iter();
            levels.any(|level| attr.path().is_ident(level))
        };
        attrs.extend(parameter.attrs.extract_if(.., |attr| is_level(attr)));
        Self {
            attrs,
            pattern: std::mem::replace(&mut *parameter.pat, named),
            argument,
            as_a_whole: as_a_whole && !is_name,
        }
    }

    pub(crate) fn pattern(&self) -> &Pat {
        &self.pattern
    }

    /// An attribute names it, so that the body need not.
    pub(crate) fn is_read_elsewhere(&mut self) {
        self.attrs
            .push(parse_quote_spanned!(Span::mixed_site()=> #[allow(unused_variables)]));
    }

    /// The `let`s of the body.
    pub(crate) fn moved(&self) -> TokenStream {
        let Self {
            attrs,
            pattern,
            argument,
            as_a_whole,
        } = self;
        let cfgs = cfgs(attrs);
        let lent = lends_mutably(pattern);
        let mutability = lent.then(|| quote_spanned!(Span::mixed_site()=> mut));
        let whole = (lent || *as_a_whole).then(
            || quote_spanned!(Span::mixed_site()=> #(#cfgs)* let #mutability #argument = #argument;),
        );
        quote_spanned! {Span::mixed_site()=>
            #whole
            #(#attrs)*
            #[allow(
                clippy::no_effect_underscore_binding,
                clippy::shadow_same,
                clippy::used_underscore_binding
            )]
            let #pattern = #argument;
        }
    }

    /// The same names outside of the body, which takes the argument later: what can be copied by
    /// value, and anything else by reference.
    pub(crate) fn looked_at(&self, private: &TokenStream) -> TokenStream {
        let Self {
            attrs,
            pattern,
            argument,
            ..
        } = self;
        let cfgs = cfgs(attrs);
        let cfgs = quote!(#(#cfgs)*);
        let pattern: TokenStream = pattern
            .to_token_stream()
            .into_iter()
            .filter_map(by_default)
            .collect();
        let names = self.names();
        quote_spanned! {Span::mixed_site()=>
            #cfgs
            #[allow(unused_variables, clippy::pattern_type_mismatch, clippy::shadow_reuse)]
            let #pattern = &#argument;
            #(
                #cfgs
                #[allow(unused_variables, clippy::shadow_reuse, clippy::used_underscore_binding)]
                let #names = #private::Part(#names).__tt_metrics_part();
            )*
        }
    }

    fn names(&self) -> Vec<TokenStream> {
        let mut names = Vec::new();
        bound_names(&self.pattern, &mut names);
        names
    }
}

/// An expression or statement over names that are taken out of arguments later.
pub(crate) fn over(taken: &[Taken], private: &TokenStream, expression: TokenStream) -> TokenStream {
    let words = Words::of(expression.clone());
    let mut mentioned = taken
        .iter()
        .filter(|one| words.mention_any(&one.pattern))
        .peekable();
    if mentioned.peek().is_none() {
        return expression;
    }
    let looked_at = mentioned.map(|one| one.looked_at(private));
    quote_spanned! {Span::mixed_site()=>
        {
            #[allow(unused_imports, clippy::absolute_paths, clippy::items_after_statements)]
            use #private::LentPart as _;
            #(#looked_at)*
            #expression
        }
    }
}

/// Says it to the attributes of ours that come after and name what was taken.
pub(crate) fn hand_on(taken: &[Taken], attrs: &mut [Attribute]) {
    for attr in attrs.iter_mut().filter(|attr| is_own(attr)) {
        let Meta::List(meta) = &mut attr.meta else {
            continue;
        };
        let words = Words::of(meta.tokens.clone());
        let named = taken.iter().filter(|one| words.mention_any(&one.pattern));
        let named: TokenStream = named.map(ToTokens::to_token_stream).collect();
        if !named.is_empty() {
            let word = Ident::new(WORD, Span::mixed_site());
            let written = &meta.tokens;
            meta.tokens = quote!(#word { #named }, #written);
        }
    }
}

/// What an attribute before said, if that comes next.
pub(crate) fn handed_on(input: ParseStream<'_>) -> Result<Option<Vec<Taken>>> {
    let ahead = input.fork();
    if ahead.parse::<Ident>().is_ok_and(|word| word == WORD) && ahead.peek(syn::token::Brace) {
        input.parse::<Ident>()?;
        let list;
        braced!(list in input);
        let mut taken = Vec::new();
        while !list.is_empty() {
            taken.push(list.parse()?);
        }
        return Ok(Some(taken));
    }
    Ok(None)
}

impl Parse for Taken {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let pattern = input.call(Pat::parse_multi)?;
        input.parse::<Token![=]>()?;
        let argument = input.parse()?;
        input.parse::<Token![;]>()?;
        Ok(Self {
            attrs,
            pattern,
            argument,
            // It is moved where it was taken.
            as_a_whole: false,
        })
    }
}

impl ToTokens for Taken {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self {
            attrs,
            pattern,
            argument,
            ..
        } = self;
        tokens.extend(quote!(#(#attrs)* #pattern = #argument;));
    }
}

/// A pattern without `ref` and `mut`, which a reference cannot be matched with.
fn by_default(token: TokenTree) -> Option<TokenTree> {
    match token {
        TokenTree::Ident(word) if word == "ref" || word == "mut" => None,
        TokenTree::Group(group) => {
            let tokens = group.stream().into_iter().filter_map(by_default).collect();
            let mut inner = Group::new(group.delimiter(), tokens);
            inner.set_span(group.span());
            Some(TokenTree::Group(inner))
        }
        other => Some(other),
    }
}

/// The names that tokens may mention, also in the texts of formats.
pub(crate) struct Words {
    idents: BTreeSet<String>,
    texts: String,
}

impl Words {
    pub(crate) fn of(tokens: TokenStream) -> Self {
        let mut words = Self {
            idents: BTreeSet::new(),
            texts: String::new(),
        };
        words.read(tokens);
        words
    }

    fn read(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Ident(word) => {
                    self.idents.insert(word.to_string());
                }
                TokenTree::Literal(literal) => self.texts += &literal.to_string(),
                TokenTree::Group(group) => self.read(group.stream()),
                TokenTree::Punct(_) => {}
            }
        }
    }

    fn mention(&self, name: &TokenStream) -> bool {
        let name = name.to_string();
        let in_text = format!("{{{}", name.trim_start_matches("r#"));
        self.idents.contains(&name) || self.texts.contains(&in_text)
    }

    /// Whether a name of a pattern stands there.
    pub(crate) fn mention_any(&self, pattern: &Pat) -> bool {
        let mut names = Vec::new();
        bound_names(pattern, &mut names);
        names.iter().any(|name| self.mention(name))
    }

    /// Whether all names of a pattern stand there that the compiler wants to see used.
    pub(crate) fn mention_all(&self, pattern: &Pat) -> bool {
        let mut names = Vec::new();
        bound_names(pattern, &mut names);
        let mut names = names.iter();
        names.all(|name| name.to_string().starts_with('_') || self.mention(name))
    }
}
