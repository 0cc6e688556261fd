//! One counted function: its layers, its parameters, and the shape in which its body is counted.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{ReturnType, Type};

use super::{layer::Layer, parameters::Parameters};
use crate::parse::{AsyncTail, Function};

/// A function and the layers of its attributes, the first attribute outermost.
pub(crate) struct CountedFunction {
    pub(crate) function: Function,
    pub(crate) layers: Vec<Layer>,
    pub(crate) parameters: Parameters,
    pub(crate) shape: Shape,
}

/// Where the body goes.
pub(crate) enum Shape {
    /// It stays, behind statements that count the call.
    Statements,
    /// Into a closure that the layers call.
    Call(Return),
    /// It stays. The `async` block at its end becomes the future that the layers track.
    FutureBlock(AsyncTail),
    /// Into an `async` block, which the function returns; it was an `async fn`.
    Future,
    /// Into an `async` block that the function awaits; it stays an `async fn`.
    AwaitedFuture,
}

/// What the return type, as written, reveals about the value. The compiler decides the rest.
pub(crate) enum Return {
    /// No future.
    Value,
    /// A named type, which is a boxed future or not.
    Named,
    /// `impl Trait`, whose hidden type is a future or not.
    Opaque,
    /// A type around an `impl Trait`, which is a boxed future or not.
    Nested,
}

impl CountedFunction {
    pub(crate) fn of(mut function: Function, layers: Vec<Layer>) -> Self {
        let expressions: Vec<TokenStream> = layers.iter().flat_map(Layer::expressions).collect();
        let only_begins = layers.iter().all(Layer::is_statement);
        let is_async = function.sig.asyncness.is_some();
        let returned = Return::of(&function.sig.output);
        let shape = match returned {
            _ if is_async && only_begins => Shape::Statements,
            _ if is_async => Shape::Future,
            Return::Value if only_begins => Shape::Statements,
            Return::Opaque if expressions.is_empty() => AsyncTail::of(function.body.stream())
                .map_or(Shape::Call(Return::Opaque), Shape::FutureBlock),
            returned => Shape::Call(returned),
        };
        let parameters = match shape {
            Shape::Statements | Shape::FutureBlock(_) => Parameters::default(),
            _ => Parameters::take(&mut function, &expressions),
        };
        let shape = match shape {
            Shape::Future if parameters.leaves_parts => Shape::AwaitedFuture,
            shape => shape,
        };
        Self {
            function,
            layers,
            parameters,
            shape,
        }
    }
}

impl Return {
    fn of(output: &ReturnType) -> Self {
        match output {
            ReturnType::Default => Self::Value,
            ReturnType::Type(_, ty) => Self::of_type(ty),
        }
    }

    pub(crate) fn of_type(ty: &Type) -> Self {
        match ty {
            Type::ImplTrait(_) => Self::Opaque,
            Type::Paren(inner) => Self::of_type(&inner.elem),
            Type::Group(inner) => Self::of_type(&inner.elem),
            Type::Never(_) | Type::Infer(_) => Self::Value,
            ty if mentions_impl(ty.to_token_stream()) => Self::Nested,
            _ => Self::Named,
        }
    }
}

fn mentions_impl(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "impl",
        TokenTree::Group(group) => mentions_impl(group.stream()),
        _ => false,
    })
}
