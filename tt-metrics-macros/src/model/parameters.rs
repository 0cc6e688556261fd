//! How each argument of the function reaches the body, which becomes a closure or an `async` block.
//!
//! A parameter that is a plain name is captured. Its storage is then the capture, so that a future holds it once. Captures drop in
//! the order of capture: the generated body mentions them in reverse order, and they drop as the arguments of the plain function do.
//!
//! A parameter with any other pattern gets a name of ours, and the body begins with `let pattern = name;`, so that the parts
//! that the pattern does not bind move into the body too. Where an expression of an attribute names such a part, the pattern stays
//! in the signature instead.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::format_ident;
use syn::{Attribute, FnArg, Pat, PatIdent, PatType, Type, ext::IdentExt};

use super::pattern::{bound_names, leaves_a_part, moves};
use crate::parse::Function;

/// Levels of lints, which belong to the names of a parameter.
const LINT_LEVELS: &[&str] = &["allow", "expect", "warn", "deny", "forbid"];

/// The parameters of a function, in order of declaration.
#[derive(Default)]
pub(crate) struct Parameters {
    pub(crate) transfers: Vec<Transfer>,
    /// Whether a pattern that stays in the signature leaves a part of its argument there.
    pub(crate) leaves_parts: bool,
}

/// How one name reaches the body.
pub(crate) enum Transfer {
    /// The closure captures it.
    Captured { cfgs: Vec<Attribute>, name: Ident },
    /// The body binds it again.
    Bound {
        /// `#[cfg]`s and levels of lints.
        attrs: Vec<Attribute>,
        pattern: Pat,
        argument: Ident,
        /// Whether the argument becomes a local of the body, which then drops in the order of locals.
        is_rebound: bool,
        /// Whether an expression of an attribute reads it, so that the body need not.
        is_read: bool,
    },
}

impl Parameters {
    /// Gives each parameter a transfer, and takes the patterns from the signature that the body binds.
    pub(crate) fn take(function: &mut Function, expressions: &[TokenStream]) -> Self {
        let body = Words::of([function.body.stream()]);
        let expressions = Words::of(expressions.iter().cloned());
        let mut parameters = Self::default();
        // Whether an earlier argument drops with the locals of the body. Captures drop after locals, so that all later
        // ones must be locals too.
        let mut follows_a_local = false;
        for (index, input) in function.sig.inputs.iter_mut().enumerate() {
            let parameter = match input {
                FnArg::Receiver(receiver) => {
                    parameters.transfers.push(Transfer::Captured {
                        cfgs: cfgs(&receiver.attrs),
                        name: Ident::new("self", receiver.self_token.span),
                    });
                    continue;
                }
                FnArg::Typed(parameter) => parameter,
            };
            let plain = plain_name(parameter).cloned();
            let mut names = Vec::new();
            bound_names(&parameter.pat, &mut names);
            let is_in_expression = names.iter().any(|name| expressions.mention(name));
            // The compiler reports an unused name where the body binds it. A capture would count as a use.
            let is_unread = names.iter().any(|name| {
                !name.to_string().starts_with('_')
                    && !body.mention(name)
                    && !expressions.mention(name)
            });
            let stays = plain.is_none() && is_in_expression;
            let is_wildcard = matches!(&*parameter.pat, Pat::Wild(_));
            let is_bound = follows_a_local || is_unread || plain.is_none();
            if stays {
                parameters.leaves_parts |= leaves_a_part(&parameter.pat);
            }
            if stays || !is_bound {
                let cfgs = cfgs(&parameter.attrs);
                let names = names.into_iter().map(|name| Transfer::Captured {
                    cfgs: cfgs.clone(),
                    name,
                });
                parameters.transfers.extend(names);
                continue;
            }
            if is_wildcard && !follows_a_local {
                let name = rename(parameter, index);
                let cfgs = cfgs(&parameter.attrs);
                parameters.transfers.push(Transfer::Captured { cfgs, name });
                continue;
            }
            let moves = moves(&parameter.pat);
            let (attrs, pattern, argument) = bind(parameter, plain.clone(), index);
            parameters.transfers.push(Transfer::Bound {
                attrs,
                pattern,
                argument,
                is_rebound: follows_a_local && plain.is_none(),
                is_read: is_in_expression,
            });
            follows_a_local |= moves;
        }
        parameters
    }
}

/// The name of a parameter that is no more than a name, which may be `mut`.
///
/// The pattern of a unit struct looks like a name too. It is the name of the type then, and binds nothing.
fn plain_name(parameter: &PatType) -> Option<&Ident> {
    let Pat::Ident(binding) = &*parameter.pat else {
        return None;
    };
    let names_type = match &*parameter.ty {
        Type::Path(ty) => {
            let last = ty.path.segments.last();
            last.is_some_and(|last| last.ident == binding.ident)
        }
        _ => false,
    };
    (binding.by_ref.is_none() && binding.subpat.is_none() && !names_type).then_some(&binding.ident)
}

/// Takes the pattern from a parameter, for the body to bind: its attributes, the pattern, and the name of the argument.
fn bind(
    parameter: &mut PatType,
    plain: Option<Ident>,
    index: usize,
) -> (Vec<Attribute>, Pat, Ident) {
    let pattern = (*parameter.pat).clone();
    let argument = match plain {
        Some(name) => {
            *parameter.pat = name_pattern(name.clone());
            name
        }
        None => rename(parameter, index),
    };
    let mut attrs = cfgs(&parameter.attrs);
    let is_level = |attr: &Attribute| {
        let mut levels = LINT_LEVELS.iter();
        levels.any(|level| attr.path().is_ident(level))
    };
    attrs.extend(parameter.attrs.extract_if(.., |attr| is_level(attr)));
    (attrs, pattern, argument)
}

fn rename(parameter: &mut PatType, index: usize) -> Ident {
    let name = format_ident!("__arg{index}", span = Span::mixed_site());
    *parameter.pat = name_pattern(name.clone());
    name
}

fn name_pattern(ident: Ident) -> Pat {
    Pat::Ident(PatIdent {
        attrs: Vec::new(),
        by_ref: None,
        mutability: None,
        ident,
        subpat: None,
    })
}

fn cfgs(attrs: &[Attribute]) -> Vec<Attribute> {
    let cfgs = attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
    cfgs.cloned().collect()
}

/// The names that tokens mention, also in the texts of format strings.
///
/// A name that a macro hides from this is taken for unread: then the body binds it again, which changes no behaviour.
struct Words {
    idents: BTreeSet<String>,
    texts: String,
}

impl Words {
    fn of(tokens: impl IntoIterator<Item = TokenStream>) -> Self {
        let mut words = Self {
            idents: BTreeSet::new(),
            texts: String::new(),
        };
        tokens.into_iter().for_each(|tokens| words.read(tokens));
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

    fn mention(&self, name: &Ident) -> bool {
        let in_text = format!("{{{}", name.unraw());
        self.idents.contains(&name.to_string()) || self.texts.contains(&in_text)
    }
}
