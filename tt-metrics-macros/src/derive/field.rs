//! The field of a type whose outcome is that of the value.

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use syn::{Error, Field, Fields, Index, Type};

use crate::diagnostics::Mistakes;

/// A field whose outcome is that of the value.
pub(super) struct Marked<'a> {
    pub(super) at: Span,
    pub(super) member: TokenStream,
    pub(super) ty: &'a Type,
}

pub(super) fn marked_fields<'a>(fields: &'a Fields, mistakes: &mut Mistakes) -> Vec<Marked<'a>> {
    let mut marked = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        for attr in field
            .attrs
            .iter()
            .filter(|attr| attr.path().is_ident("outcome"))
        {
            if attr.meta.require_path_only().is_err() {
                let message = "the outcome of a field is its own, expected `#[outcome]`";
                mistakes.push(Error::new_spanned(&attr.meta, message));
            }
            marked.push(Marked {
                at: attr
                    .path()
                    .get_ident()
                    .map_or_else(Span::call_site, Ident::span),
                ..Marked::new(index, field)
            });
        }
    }
    marked
}

pub(super) fn only_field(fields: &Fields) -> Option<Marked<'_>> {
    let mut all = fields.iter();
    match (all.next(), all.next()) {
        (Some(field), None) => Some(Marked::new(0, field)),
        _ => None,
    }
}

impl<'a> Marked<'a> {
    fn new(index: usize, field: &'a Field) -> Self {
        let member = field.ident.as_ref().map_or_else(
            || Index::from(index).into_token_stream(),
            ToTokens::to_token_stream,
        );
        Self {
            at: Span::call_site(),
            member,
            ty: &field.ty,
        }
    }
}
