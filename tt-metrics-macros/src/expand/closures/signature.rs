//! The bounds of an `impl Trait` again, for a function of its own.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{
    AngleBracketedGenericArguments, BoundLifetimes, Expr, GenericArgument, GenericParam, Generics,
    Lifetime, ParenthesizedGenericArguments, Path, PathArguments, ReturnType, TraitBound, Type,
    TypeParamBound,
};

/// What bounds name, and what only the function around it can name becomes a parameter.
pub(super) struct Signature<'a> {
    /// Those of the function around it.
    generics: &'a Generics,
    /// The lifetimes of the function around it that are named.
    pub(super) lifetimes: Vec<Lifetime>,
    /// Those that the bounds declare themselves, with `for<..>`.
    bound: Vec<Ident>,
    pub(super) parameters: Vec<TokenStream>,
    /// What the parameters stand for.
    pub(super) arguments: Vec<TokenStream>,
}

impl<'a> Signature<'a> {
    pub(super) fn new(generics: &'a Generics) -> Self {
        Self {
            generics,
            lifetimes: Vec::new(),
            bound: Vec::new(),
            parameters: Vec::new(),
            arguments: Vec::new(),
        }
    }

    pub(super) fn bound(&mut self, bound: &TraitBound) -> Option<TokenStream> {
        self.declare(bound.lifetimes.as_ref());
        let mut path = bound.path.clone();
        self.path(&mut path)?;
        let lifetimes = &bound.lifetimes;
        Some(quote!(#lifetimes #path))
    }

    /// Knows the lifetimes of a `for<..>`.
    fn declare(&mut self, lifetimes: Option<&BoundLifetimes>) {
        let declared = lifetimes
            .into_iter()
            .flat_map(|declared| &declared.lifetimes);
        let names = declared.filter_map(|declared| match declared {
            GenericParam::Lifetime(declared) => Some(declared.lifetime.ident.clone()),
            _ => None,
        });
        self.bound.extend(names);
    }

    fn path(&mut self, path: &mut Path) -> Option<()> {
        for segment in &mut path.segments {
            match &mut segment.arguments {
                PathArguments::None => {}
                PathArguments::AngleBracketed(arguments) => self.within(arguments)?,
                PathArguments::Parenthesized(arguments) => self.call(arguments)?,
            }
        }
        Some(())
    }

    fn call(&mut self, arguments: &mut ParenthesizedGenericArguments) -> Option<()> {
        for input in &mut arguments.inputs {
            input.ty = self.ty(&input.ty)?;
        }
        self.output(&mut arguments.output)
    }

    fn output(&mut self, output: &mut ReturnType) -> Option<()> {
        if let ReturnType::Type(_, output) = output {
            **output = self.ty(output)?;
        }
        Some(())
    }

    fn within(&mut self, arguments: &mut AngleBracketedGenericArguments) -> Option<()> {
        for argument in &mut arguments.args {
            match argument {
                GenericArgument::Type(ty) => *ty = self.ty(ty)?,
                GenericArgument::AssocType(binding) => binding.ty = self.ty(&binding.ty)?,
                GenericArgument::Lifetime(lifetime) => self.lifetime(lifetime),
                _ => return None,
            }
        }
        Some(())
    }

    /// The type, with a parameter for each largest part that a function of its own cannot name.
    fn ty(&mut self, ty: &Type) -> Option<Type> {
        self.bounded(ty, &TokenStream::new())
    }

    /// The type that a reference or pointer leads to.
    fn pointee(&mut self, ty: &Type) -> Option<Type> {
        if let Type::TraitObject(_) = ty {
            // The lifetime of the object is the one of the reference.
            return self.parts(ty.clone());
        }
        let unsized_too = quote_spanned!(Span::mixed_site()=> : ?::core::marker::Sized);
        self.bounded(ty, &unsized_too)
    }

    fn bounded(&mut self, ty: &Type, bound: &TokenStream) -> Option<Type> {
        let tokens = ty.to_token_stream();
        if self.lends(&tokens) {
            return self.parts(ty.clone());
        }
        if !self.is_of_around(&tokens) {
            return Some(ty.clone());
        }
        let constant = self
            .generics
            .const_params()
            .find(|constant| constant.ident == tokens.to_string());
        let parameter = match constant {
            Some(constant) => self.constant(&constant.ty, &tokens),
            None => self.parameter(tokens, |name| quote!(#name #bound)),
        };
        Some(Type::Verbatim(parameter))
    }

    /// The length of an array.
    fn length(&mut self, length: &mut Expr) {
        let tokens = length.to_token_stream();
        if self.is_of_around(&tokens) {
            let ty = quote_spanned!(Span::mixed_site()=> ::core::primitive::usize);
            *length = Expr::Verbatim(self.constant(&ty, &tokens));
        }
    }

    fn constant(&mut self, ty: &impl ToTokens, value: &TokenStream) -> TokenStream {
        self.parameter(quote!({ #value }), |name| quote!(const #name: #ty))
    }

    /// A parameter that stands for something.
    fn parameter(
        &mut self,
        argument: TokenStream,
        declared: impl FnOnce(&Ident) -> TokenStream,
    ) -> TokenStream {
        let name = format_ident!("__T{}", self.parameters.len(), span = Span::mixed_site());
        self.parameters.push(declared(&name));
        self.arguments.push(argument);
        name.into_token_stream()
    }

    /// A type that names a lifetime of the bounds, part by part.
    fn parts(&mut self, mut ty: Type) -> Option<Type> {
        match &mut ty {
            Type::Reference(reference) => {
                if let Some(lifetime) = &reference.lifetime {
                    self.lifetime(lifetime);
                }
                *reference.elem = self.pointee(&reference.elem)?;
            }
            Type::Tuple(parts) => {
                for part in &mut parts.elems {
                    *part = self.ty(part)?;
                }
            }
            Type::Paren(inner) => *inner.elem = self.ty(&inner.elem)?,
            Type::Group(inner) => *inner.elem = self.ty(&inner.elem)?,
            Type::Slice(items) => *items.elem = self.ty(&items.elem)?,
            Type::Array(items) => {
                *items.elem = self.ty(&items.elem)?;
                self.length(&mut items.len);
            }
            Type::Path(path) if path.qself.is_none() => self.path(&mut path.path)?,
            Type::Ptr(pointer) => *pointer.elem = self.pointee(&pointer.elem)?,
            Type::FnPtr(pointer) => {
                self.declare(pointer.lifetimes.as_ref());
                for input in &mut pointer.inputs {
                    input.ty = self.ty(&input.ty)?;
                }
                self.output(&mut pointer.output)?;
            }
            Type::TraitObject(object) => {
                for bound in &mut object.bounds {
                    match bound {
                        TypeParamBound::Trait(bound) => {
                            self.declare(bound.lifetimes.as_ref());
                            self.path(&mut bound.path)?;
                        }
                        TypeParamBound::Lifetime(lifetime) => self.lifetime(lifetime),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        Some(ty)
    }

    fn lifetime(&mut self, lifetime: &Lifetime) {
        let is_declared = self.bound.contains(&lifetime.ident)
            || self.lifetimes.contains(lifetime)
            || ["static", "_"].iter().any(|known| lifetime.ident == known);
        if !is_declared {
            // Clippy would find the name that the user gave it too short a second time.
            let mut declared = lifetime.clone();
            declared.set_span(Span::mixed_site());
            self.lifetimes.push(declared);
        }
    }

    /// Whether a lifetime of the bounds stands in the type: one that is not written, or one of `for<..>`.
    pub(super) fn lends(&self, tokens: &TokenStream) -> bool {
        let mut tokens = tokens.clone().into_iter().peekable();
        while let Some(token) = tokens.next() {
            let lends = match &token {
                TokenTree::Group(group) => self.lends(&group.stream()),
                TokenTree::Punct(punct) if punct.as_char() == '&' => {
                    !matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == '\'')
                }
                TokenTree::Punct(punct) if punct.as_char() == '\'' => match tokens.peek() {
                    Some(TokenTree::Ident(name)) => name == "_" || self.bound.contains(name),
                    _ => false,
                },
                _ => false,
            };
            if lends {
                return true;
            }
        }
        false
    }

    /// Whether the function around it declares the name.
    fn is_generic(&self, name: &Ident) -> bool {
        self.generics
            .params
            .iter()
            .any(|parameter| match parameter {
                GenericParam::Type(parameter) => parameter.ident == *name,
                GenericParam::Const(parameter) => parameter.ident == *name,
                GenericParam::Lifetime(_) => false,
            })
    }

    /// Whether the type names what may be declared around the function: a lifetime, `Self`, or what is written as type
    /// parameters are, in capitals. Whether the block around a method declares a name is not to be seen from here.
    fn is_of_around(&self, tokens: &TokenStream) -> bool {
        tokens.clone().into_iter().any(|token| match token {
            TokenTree::Group(group) => self.is_of_around(&group.stream()),
            TokenTree::Punct(punct) => punct.as_char() == '\'',
            TokenTree::Ident(name) => {
                let capitals = |name: &Ident| {
                    let name = name.to_string();
                    name.chars()
                        .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
                };
                self.is_generic(&name) || name == "Self" || capitals(&name)
            }
            TokenTree::Literal(_) => false,
        })
    }
}
