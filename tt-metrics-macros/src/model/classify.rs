//! `#[derive(Classify)]`: the outcome of each struct or variant.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Data, DeriveInput, Error, Fields, Generics, Member, Path, Type};

use crate::{
    diagnostics::Mistakes,
    parse::{Mark, OutcomeWord, TypeMarks, outcome_mark},
};

/// A type that gives outcomes.
pub(crate) struct Classified {
    pub(crate) library: Option<Path>,
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    /// Types of fields that must implement `Classify`, where that depends on a type parameter.
    pub(crate) bounds: Vec<Type>,
    pub(crate) arms: Vec<(Option<Ident>, Arm)>,
}

/// The outcome of the struct or of one variant.
pub(crate) enum Arm {
    Outcome(OutcomeWord),
    /// That of a field.
    Field(Member, Box<Type>),
}

/// The struct or a variant, while its outcome is searched.
struct Shape<'a> {
    name: &'a Ident,
    is_struct: bool,
    fields: &'a Fields,
    mark: Option<&'a Mark>,
    is_wrong: bool,
}

pub(crate) fn classified(input: DeriveInput, mistakes: &mut Mistakes) -> Classified {
    let container = TypeMarks::of(&input.attrs, true, mistakes);
    let mut arms = Vec::new();
    match &input.data {
        Data::Struct(data) => {
            let shape = Shape {
                name: &input.ident,
                is_struct: true,
                fields: &data.fields,
                mark: container.mark.as_ref(),
                is_wrong: container.is_wrong,
            };
            arms.extend(shape.arm(mistakes).map(|arm| (None, arm)));
        }
        Data::Enum(data) => {
            if let Some(mark @ Mark::Transparent(_)) = &container.mark {
                let message = "an enum has variants, `transparent` belongs on one of them";
                mistakes.push(Error::new(mark.span(), message));
            }
            for variant in &data.variants {
                let own = TypeMarks::of(&variant.attrs, false, mistakes);
                let shape = Shape {
                    name: &variant.ident,
                    is_struct: false,
                    fields: &variant.fields,
                    mark: own.mark.as_ref().or(container.mark.as_ref()),
                    is_wrong: own.is_wrong || container.is_wrong,
                };
                let arm = shape.arm(mistakes);
                arms.extend(arm.map(|arm| (Some(variant.ident.clone()), arm)));
            }
        }
        Data::Union(data) => {
            let message = "the active field of a union is unknown, implement `Classify` by hand";
            mistakes.push(Error::new(data.union_token.span, message));
        }
    }
    let parameters: Vec<String> = input
        .generics
        .type_params()
        .map(|parameter| parameter.ident.to_string())
        .collect();
    let bounds = arms.iter().filter_map(|(_, arm)| match arm {
        Arm::Field(_, ty) if names_any(ty.to_token_stream(), &parameters) => Some((**ty).clone()),
        _ => None,
    });
    Classified {
        library: container.krate,
        bounds: bounds.collect(),
        name: input.ident,
        generics: input.generics,
        arms,
    }
}

impl Shape<'_> {
    fn arm(&self, mistakes: &mut Mistakes) -> Option<Arm> {
        let members = self.fields.members().zip(self.fields);
        let marked: Vec<_> = members
            .filter_map(|(member, field)| {
                Some((outcome_mark(&field.attrs, mistakes)?, member, field))
            })
            .collect();
        match (self.mark, marked.as_slice()) {
            (_, [_, (second, ..), ..]) => {
                let message = "expected one field with the outcome, found a second one";
                mistakes.push(Error::new(*second, message));
                None
            }
            (Some(Mark::Outcome(_)), [(at, ..)]) if self.is_struct => {
                let message = "the struct has an outcome, expected none on a field";
                mistakes.push(Error::new(*at, message));
                None
            }
            // The outcome of an enum is that of the variants without a mark.
            (_, [(_, member, field)]) => {
                Some(Arm::Field(member.clone(), Box::new(field.ty.clone())))
            }
            (Some(Mark::Outcome(word)), []) => Some(Arm::Outcome(word.clone())),
            (Some(Mark::Transparent(word)), []) => {
                let mut all = self.fields.members().zip(self.fields);
                if let (Some((member, field)), None) = (all.next(), all.next()) {
                    return Some(Arm::Field(member, Box::new(field.ty.clone())));
                }
                let found = self.fields.len();
                let message = format!(
                    "`transparent` has the outcome of the only field, found {found} fields; \
                     mark one with `#[outcome]`"
                );
                mistakes.push(Error::new(word.span(), message));
                None
            }
            (None, []) if self.is_wrong => None,
            (None, []) => {
                let what = if self.is_struct { "struct" } else { "variant" };
                let message = format!(
                    "the {what} `{}` has no outcome, expected `#[outcome(success)]`, \
                     `failure`, `neutral`, `interrupted` or `transparent`",
                    self.name
                );
                mistakes.push(Error::new(self.name.span(), message));
                None
            }
        }
    }
}

fn names_any(tokens: TokenStream, names: &[String]) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => names.contains(&word.to_string()),
        TokenTree::Group(group) => names_any(group.stream(), names),
        _ => false,
    })
}
