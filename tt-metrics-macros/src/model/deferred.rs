//! The attributes of one function, collected until no other macro is left on it.
//!
//! Each attribute adds itself to one attribute of ours at the end of the list, `#[__counted(..)]`, and takes no other step while
//! more attributes follow. So the compiler resolves the names of all of them, renamed imports and `cfg_attr` included, other
//! macros see the function as it was written, and `__counted` generates the code of all layers at once.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use syn::{
    Error, Path,
    parse::{Parse, ParseStream, Result},
};

use crate::parse::{Attribute, Function};

/// The name of the attribute that carries the list.
const NAME: &str = "__counted";
/// The word that marks an entry that an attribute on the `impl` block added.
const OF_BLOCK: &str = "block";

/// One attribute.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) attribute: Attribute,
    /// Whether it annotates the `impl` block of the method.
    pub(crate) is_of_block: bool,
    /// Its arguments as they were written. Without any, the method is left out.
    pub(crate) arguments: TokenStream,
}

/// The attributes that a function has so far, in the order in which they were written.
#[derive(Default)]
pub(crate) struct Deferred {
    pub(crate) entries: Vec<Entry>,
    /// The path of the attribute that carried the list.
    pub(crate) path: Option<Path>,
}

impl Deferred {
    /// Removes the list from the attributes of the function.
    pub(crate) fn take(function: &mut Function) -> Result<Self> {
        let is_list = |attr: &syn::Attribute| {
            let last = attr.path().segments.last();
            last.is_some_and(|last| last.ident == NAME)
        };
        let mut list = function.attrs.extract_if(.., |attr| is_list(attr));
        match list.next() {
            Some(list) => Ok(Self {
                path: Some(list.path().clone()),
                ..list.parse_args()?
            }),
            None => Ok(Self::default()),
        }
    }

    /// Adds an attribute of the function itself, which replaces those of the same name on the block.
    pub(crate) fn add(&mut self, entry: Entry) -> Result<()> {
        let Entry {
            attribute,
            is_of_block,
            ..
        } = entry;
        if !is_of_block {
            self.entries
                .retain(|other| !(other.is_of_block && other.attribute == attribute));
        }
        let written = entry.arguments.to_string();
        let is_same =
            |other: &Entry| other.attribute == attribute && other.arguments.to_string() == written;
        if !written.is_empty() && self.entries.iter().any(is_same) {
            let name = attribute.name();
            let message = format!(
                "this `#[{name}(..)]` repeats another one with the same arguments, and would count twice"
            );
            return Err(Error::new(Span::call_site(), message));
        }
        self.entries.push(entry);
        Ok(())
    }

    /// Removes the attributes of the block with this name; whether there was one.
    pub(crate) fn skip(&mut self, attribute: Attribute) -> bool {
        let before = self.entries.len();
        self.entries
            .retain(|entry| !(entry.is_of_block && entry.attribute == attribute));
        self.entries.len() < before
    }
}

impl Parse for Deferred {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut entries = Vec::new();
        while !input.is_empty() {
            entries.push(input.parse()?);
        }
        Ok(Self {
            entries,
            path: None,
        })
    }
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attribute: syn::Ident = input.parse()?;
        let all = [Attribute::Count, Attribute::CountOutcome];
        let attribute = all
            .into_iter()
            .find(|known| attribute == known.name())
            .ok_or_else(|| Error::new(attribute.span(), "expected the name of an attribute"))?;
        let word: Option<syn::Ident> = input.parse()?;
        let arguments: Group = match input.parse()? {
            TokenTree::Group(group) => group,
            other => return Err(Error::new(other.span(), "expected arguments")),
        };
        Ok(Self {
            attribute,
            is_of_block: word.is_some_and(|word| word == OF_BLOCK),
            arguments: arguments.stream(),
        })
    }
}

impl quote::ToTokens for Deferred {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for entry in &self.entries {
            let at = Span::mixed_site();
            let word = |word: &str| TokenTree::Ident(syn::Ident::new(word, at));
            tokens.extend([word(entry.attribute.name())]);
            tokens.extend(entry.is_of_block.then(|| word(OF_BLOCK)));
            let arguments = Group::new(Delimiter::Brace, entry.arguments.clone());
            tokens.extend([TokenTree::Group(arguments)]);
        }
    }
}
