//! The form in which a function returns its result: by value, or as a future. The type decides.
//!
//! An attribute has the return type as tokens only, and cannot distinguish an alias of a boxed future from another type. The
//! generated code therefore calls a method of [`Returned`]: the compiler selects the method of a future if the type is
//! one, otherwise that of [`NoFuture`], to which `Returned` dereferences.

#![expect(
    clippy::unused_self,
    reason = "method resolution on the type of the receiver selects the form"
)]

use std::{future::Future, marker::PhantomData, ops::Deref, pin::Pin};

use crate::count::layer::Layer;

/// The type `R` that a body returns.
#[derive(Debug)]
pub struct Returned<R>(PhantomData<fn() -> R>);

impl<R> Returned<R> {
    /// For a type that can be written.
    #[inline]
    #[must_use]
    #[expect(clippy::new_without_default, reason = "only generated code has one")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }

    /// For the hidden type of an `impl Trait`.
    #[inline]
    pub const fn of<B: FnOnce() -> R>(_: &B) -> Self {
        Self(PhantomData)
    }
}

impl<D: DynFuture + ?Sized> Returned<Pin<Box<D>>> {
    /// `Pin<Box<dyn Future>>`
    #[inline]
    #[must_use]
    pub const fn form(&self) -> Pinned {
        Pinned
    }
}

impl<D: DynFuture + ?Sized> Returned<Box<D>> {
    /// `Box<dyn Future>`
    #[inline]
    #[must_use]
    pub const fn form(&self) -> Boxed {
        Boxed
    }
}

impl<F: Future> Returned<F> {
    /// `impl Future`
    #[inline]
    #[must_use]
    pub const fn opaque_form(&self) -> Opaque {
        Opaque
    }
}

impl<F: Future> Returned<Pin<Box<F>>> {
    /// `Pin<Box<impl Future>>`
    #[inline]
    #[must_use]
    pub const fn nested_form(&self) -> Pinned {
        Pinned
    }
}

impl<F: Future> Returned<Box<F>> {
    /// `Box<impl Future>`
    #[inline]
    #[must_use]
    pub const fn nested_form(&self) -> Boxed {
        Boxed
    }
}

impl<R> Deref for Returned<R> {
    type Target = NoFuture;

    #[inline]
    fn deref(&self) -> &NoFuture {
        &NoFuture
    }
}

/// Any other type.
#[derive(Debug)]
pub struct NoFuture;

impl NoFuture {
    /// A value of a named type.
    #[inline]
    #[must_use]
    pub const fn form(&self) -> Value {
        Value
    }

    /// A value of an `impl Trait`.
    #[inline]
    #[must_use]
    pub const fn opaque_form(&self) -> Value {
        Value
    }

    /// A value of a type around an `impl Trait`.
    #[inline]
    #[must_use]
    pub const fn nested_form(&self) -> Value {
        Value
    }
}

/// A `dyn Future`, also with auto traits.
pub trait DynFuture: Future {}

macro_rules! dyn_futures {
    ($([$($auto:ident)*])*) => {$(
        impl<'a, T> DynFuture for dyn Future<Output = T> $(+ $auto)* + 'a {}
    )*};
}

dyn_futures!([][Send][Sync][Send Sync][Unpin][Unpin Send][Unpin Sync][Unpin Send Sync]);

/// Helps the compiler to see that a closure is called once.
#[inline]
pub fn body<R, B: FnOnce() -> R>(body: B) -> B {
    body
}

/// The call is the body.
#[derive(Debug, Clone, Copy)]
pub struct Value;

impl Value {
    /// The body, for the layer to run.
    #[inline]
    pub fn make<R, B: FnOnce() -> R>(self, body: B) -> B {
        body
    }

    /// Runs the body as a counted call.
    #[inline]
    pub fn run<R, V>(
        self,
        layer: impl Layer<V>,
        body: impl FnOnce() -> R,
        classify: impl FnMut(&R) -> V,
    ) -> R {
        layer.call(body, classify)
    }
}

/// The call is the future that the body makes.
#[derive(Debug, Clone, Copy)]
pub struct Opaque;

impl Opaque {
    /// The future of the body. It runs here, so that the type of the tracked future does not name the body, nor what it
    /// borrows.
    #[inline]
    pub fn make<F: Future>(self, body: impl FnOnce() -> F) -> F {
        body()
    }

    /// The future as a counted call.
    #[inline]
    pub fn run<F: Future, V>(
        self,
        layer: impl Layer<V>,
        future: F,
        classify: impl FnMut(&F::Output) -> V,
    ) -> impl Future<Output = F::Output> {
        layer.track(future, classify)
    }
}

/// The same for a future that the body pins in a box.
#[derive(Debug, Clone, Copy)]
pub struct Pinned;

impl Pinned {
    /// The future of the body.
    #[inline]
    pub fn make<D: Future + ?Sized>(self, body: impl FnOnce() -> Pin<Box<D>>) -> Pin<Box<D>> {
        body()
    }

    /// The future as a counted call, in a box.
    #[inline]
    pub fn run<F: Future, V>(
        self,
        layer: impl Layer<V>,
        future: F,
        classify: impl FnMut(&F::Output) -> V,
    ) -> Pin<Box<impl Future<Output = F::Output>>> {
        Box::pin(layer.track(future, classify))
    }
}

/// The same for a future that the body boxes, and does not pin.
#[derive(Debug, Clone, Copy)]
pub struct Boxed;

impl Boxed {
    /// The future of the body.
    #[inline]
    pub fn make<D: Future + ?Sized>(self, body: impl FnOnce() -> Box<D>) -> Pin<Box<D>> {
        Box::into_pin(body())
    }

    /// The future as a counted call. It is pinned in a second box, since the declared type may require `Unpin`.
    #[expect(clippy::unnecessary_box_returns, reason = "the declared type is a box")]
    #[inline]
    pub fn run<F: Future, V>(
        self,
        layer: impl Layer<V>,
        future: F,
        classify: impl FnMut(&F::Output) -> V,
    ) -> Box<Pin<Box<impl Future<Output = F::Output>>>> {
        Box::new(Box::pin(layer.track(future, classify)))
    }
}
