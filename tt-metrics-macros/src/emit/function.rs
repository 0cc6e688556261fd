//! The counted function.

use proc_macro2::{Group, Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Attribute, ReturnType, Token, Type, parse_quote_spanned};

use super::{
    braced,
    classifier::Classified,
    item,
    layer::LayerTokens,
    span::{SpanRange, call_at_end_of, returned, unreachable_return, without_impl_trait},
    within,
};
use crate::{
    model::{CountedFunction, Deferred, Parameters, Return, Shape, Transfer, lends_mutably},
    parse::{AsyncTail, Function},
};

pub(crate) fn function(counted: CountedFunction) -> TokenStream {
    let CountedFunction {
        mut function,
        layers,
        parameters,
        shape,
    } = counted;
    let layers = layers.iter().enumerate();
    let layers: Vec<LayerTokens<'_>> = layers
        .map(|(index, layer)| LayerTokens::of(index, layer))
        .collect();
    let emitted = Emitted {
        layers: &layers,
        parameters: &parameters,
    };
    let body = match &shape {
        Shape::Statements => emitted.statements(&function),
        Shape::Call(form) => emitted.call(&function, form),
        Shape::FutureBlock(tail) => emitted.future_block(&function, tail),
        Shape::Future => {
            let body = emitted.future(&function);
            return_future(&mut function);
            quote_spanned!(Span::mixed_site()=> return #body;)
        }
        Shape::AwaitedFuture => {
            let future = emitted.future(&function);
            quote_spanned!(Span::mixed_site()=> return #future.await;)
        }
    };
    let items = match shape {
        Shape::Statements | Shape::FutureBlock(_) => TokenStream::new(),
        _ => emitted.items(),
    };
    function.body = braced(&function.body, quote!(#items #body));
    item(&function, &Deferred::default(), None)
}

/// An `async fn` as a function that returns a future.
fn return_future(function: &mut Function) {
    let output = returned(&function.sig.output);
    let at = match &function.sig.output {
        ReturnType::Default => function.sig.ident.span(),
        ReturnType::Type(..) => SpanRange::of(&output).first,
    };
    // The edition of this span, 2024, lets the future capture every lifetime, whichever edition the user has.
    let edition_2024 = Span::mixed_site().located_at(at);
    let future = quote_spanned! {edition_2024=>
        impl ::core::future::Future<Output = #output>
    };
    let is_must_use = |attr: &Attribute| attr.path().is_ident("must_use");
    if function.attrs.iter().any(is_must_use) {
        // Futures are `must_use` already, for which clippy would blame the user.
        function
            .attrs
            .push(parse_quote_spanned! {Span::mixed_site()=>
                 #[allow(clippy::double_must_use)]
            });
    }
    function.sig.asyncness = None;
    function.sig.output =
        ReturnType::Type(Token![->](edition_2024), Box::new(Type::Verbatim(future)));
}

struct Emitted<'a> {
    layers: &'a [LayerTokens<'a>],
    parameters: &'a Parameters,
}

impl Emitted<'_> {
    /// The statics of all layers.
    fn items(&self) -> TokenStream {
        self.layers.iter().map(|layer| layer.site.items()).collect()
    }

    fn statements(&self, function: &Function) -> TokenStream {
        let items = self.items();
        let statements = self.layers.iter().map(LayerTokens::statement);
        within(&quote!(#items #(#statements)*), &function.body).stream()
    }

    /// A sync function: the body is a closure, which each layer calls.
    fn call(&self, function: &Function, form: &Return) -> TokenStream {
        let written = returned(&function.sig.output);
        let output = without_impl_trait(written.clone());
        let arguments = arguments(self.parameters);
        let inner = within(&arguments, &function.body);
        let closure = quote_spanned!(Span::mixed_site()=> move || -> #output #inner);
        let Some(first) = self.layers.first() else {
            return function.body.stream();
        };
        let private = &first.site.private;
        let inferred = quote_spanned!(Span::mixed_site()=> _);
        let name = |name: &str| Ident::new(name, Span::mixed_site());
        let (form_name, body_name) = (name("__form"), name("__body"));
        let named = form_name.to_token_stream();
        let is_value = matches!(form, Return::Value);
        let is_inferred = matches!(form, Return::Opaque | Return::Nested);
        let mut values = TokenStream::new();
        let (before, form, mut called, ty) = match form {
            Return::Value => (
                TokenStream::new(),
                quote_spanned!(Span::mixed_site()=> #private::Value),
                closure,
                &output,
            ),
            Return::Named => (
                quote_spanned! {Span::mixed_site()=>
                    let #form_name = #private::Returned::<#output>::new().form();
                },
                named,
                closure,
                &inferred,
            ),
            Return::Opaque | Return::Nested => {
                let method = name(if matches!(form, Return::Opaque) {
                    "opaque_form"
                } else {
                    "nested_form"
                });
                (
                    quote_spanned! {Span::mixed_site()=>
                        let #body_name = #private::body(#closure);
                        let #form_name = #private::Returned::of(&#body_name).#method();
                    },
                    named,
                    body_name.to_token_stream(),
                    &inferred,
                )
            }
        };
        let classified = Classified {
            ty,
            at: SpanRange::of(&written),
        };
        for (index, layer) in self.layers.iter().enumerate().rev() {
            let mut value = layer.value();
            if is_inferred {
                // The body is a variable, which takes the arguments before the layers are arguments of a call.
                let name = format_ident!("__layer{index}", span = Span::mixed_site());
                values.extend(quote_spanned!(Span::mixed_site()=> let #name = #value;));
                value = name.into_token_stream();
            }
            if !is_value {
                called = quote_spanned!(Span::mixed_site()=> #form.make(#called));
            }
            let classify = layer.classifier(&classified);
            let run = quote_spanned!(Span::mixed_site()=> #form.run);
            let call = call_at_end_of(&function.body, run, quote!(#value, #called, #classify));
            called = if index == 0 {
                call
            } else {
                quote_spanned!(Span::mixed_site()=> move || -> #output { #call })
            };
        }
        quote_spanned!(Span::mixed_site()=> #values #before return #called;)
    }

    /// The body of an `async fn` as a tracked future.
    fn future(&self, function: &Function) -> TokenStream {
        let erased = without_impl_trait(returned(&function.sig.output));
        let before = self.before_async(&arguments(self.parameters));
        let edge = unreachable_return(&erased);
        let inner = within(&quote!(#before #edge), &function.body);
        let at = Span::mixed_site().located_at(function.sig.ident.span());
        let future = quote_spanned!(at=> async move #inner);
        self.tracked(&function.body, &erased, future)
    }

    /// A body whose last `async` block is tracked in its place.
    fn future_block(&self, function: &Function, tail: &AsyncTail) -> TokenStream {
        let AsyncTail {
            before,
            keywords,
            block,
        } = tail;
        let items = self.items();
        let inner = within(&self.before_async(&TokenStream::new()), block);
        let future = quote!(#keywords #inner);
        let inferred = SpanRange::of(&returned(&function.sig.output))
            .underline(quote_spanned!(Span::mixed_site()=> _));
        let tracked = self.tracked(&function.body, &inferred, future);
        quote_spanned!(Span::mixed_site()=> #before { #items #tracked })
    }

    /// The statements of the layers in an `async` block, and those that take the arguments.
    fn before_async(&self, arguments: &TokenStream) -> TokenStream {
        let begun = self.layers.iter().filter_map(LayerTokens::begun);
        let statements = self
            .layers
            .iter()
            .filter(|layer| layer.is_statement())
            .map(LayerTokens::statement);
        quote!(#(#begun)* #arguments #(#statements)*)
    }

    fn tracked(&self, body: &Group, ty: &TokenStream, mut future: TokenStream) -> TokenStream {
        let classified = Classified {
            ty,
            at: SpanRange::of(ty),
        };
        let tracking = self.layers.iter().rev();
        for layer in tracking.filter(|layer| !layer.is_statement()) {
            let (track, arguments) = layer.track(&classified, &future);
            future = call_at_end_of(body, track, arguments);
        }
        future
    }
}

/// The statements that take the arguments into the body.
fn arguments(parameters: &Parameters) -> TokenStream {
    let mut captures = Vec::new();
    let mut bindings = TokenStream::new();
    let mut capture = |cfgs: &[&Attribute], name: &Ident| {
        // Clippy takes a name with an underscore for a use by the user.
        let allow = name.to_string().starts_with('_').then(
            || quote_spanned!(Span::mixed_site()=> #[allow(clippy::used_underscore_binding)]),
        );
        captures.push(quote_spanned!(Span::mixed_site()=> #(#cfgs)* #allow let _ = &#name;));
    };
    for transfer in &parameters.transfers {
        match transfer {
            Transfer::Captured { cfgs, name } => {
                let cfgs: Vec<&Attribute> = cfgs.iter().collect();
                capture(&cfgs, name);
            }
            Transfer::Bound {
                attrs,
                pattern,
                argument,
                is_rebound,
                is_read,
            } => {
                let cfgs = attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
                let cfgs: Vec<&Attribute> = cfgs.collect();
                capture(&cfgs, argument);
                let is_mutable = lends_mutably(pattern);
                let mutability = is_mutable.then(|| quote_spanned!(Span::mixed_site()=> mut));
                let rebound = (is_mutable || *is_rebound).then(|| {
                    quote_spanned!(Span::mixed_site()=> #(#cfgs)* let #mutability #argument = #argument;)
                });
                let read = is_read
                    .then(|| quote_spanned!(Span::mixed_site()=> #[allow(unused_variables)]));
                bindings.extend(quote_spanned! {Span::mixed_site()=>
                    #rebound
                    #(#attrs)*
                    #read
                    #[allow(
                        clippy::no_effect_underscore_binding,
                        clippy::shadow_same,
                        clippy::used_underscore_binding
                    )]
                    let #pattern = #argument;
                });
            }
        }
    }
    let captures = captures.into_iter().rev();
    quote!(#(#captures)* #bindings)
}
