//! What the attributes make of small functions.

use super::*;

fn tokens(text: &str) -> TokenStream {
    text.parse().unwrap()
}

/// The expansion without the declaration of the static, which is the same everywhere.
fn expanded(expand: fn(TokenStream, TokenStream) -> TokenStream, args: &str, item: &str) -> String {
    let expanded = expand(tokens(args), tokens(item)).to_string();
    let (before, site) = expanded
        .split_once("const __TT_METRICS_")
        .unwrap_or((&expanded, ""));
    let after = site
        .split_once("& __TT_METRICS_RECORD) ;")
        .map_or("", |(_, after)| after);
    format!("{before} SITE ; {after}")
}

/// Both texts as the same tokens, but for what stands before an expression in braces.
#[track_caller]
fn assert_tokens(expanded: &str, expected: &str) {
    let plain = |text: &str| {
        tokens(text)
            .to_string()
            .replace(' ', "")
            .replace("const_:()=();", "")
    };
    assert_eq!(plain(expanded), plain(expected));
}

#[test]
fn count_adds_one_statement() {
    assert_tokens(
        &expanded(count, r#""Calls""#, "async fn f(a: u8) -> u8 { a }"),
        "async fn f(a: u8) -> u8 {
            { SITE; ::tt_metrics::__private::count(&__TT_METRICS_SITE, 1); }
            { a }
        }",
    );
}

#[test]
fn a_sync_body_becomes_a_closure() {
    assert_tokens(
        &expanded(
            count_outcome,
            r#"success = "S""#,
            "fn f(&self, a: impl A) -> Result<impl A, E> { Ok(a) }",
        ),
        "fn f(&self, a: impl A) -> Result<impl A, E> {
            SITE;
            return ::tt_metrics::__private::call(
                &__TT_METRICS_SITE,
                move || -> Result<_, E> { let _ = &a; let _ = &self; { Ok(a) } },
                |__value: &Result<_, E>| ::tt_metrics::__private::classify(&*__value)
            );
        }",
    );
}

#[test]
fn an_async_function_returns_a_tracked_future() {
    let item = "async fn f(_: A, (b, _): B) -> u8 { b }";
    let expanded = expanded(
        count_outcome,
        r#"success = "S", by = c, crate = x::y"#,
        item,
    );
    assert_tokens(
        &expanded,
        "fn f(__arg0: A, __arg1: B) -> impl ::core::future::Future<Output = u8> {
            SITE;
            return x::y::__private::track(|| &__TT_METRICS_SITE, |__value: &u8| c(__value), async move {
                #[allow(clippy::no_effect_underscore_binding)]
                let __tt_metrics_begun = x::y::__private::begun(&__TT_METRICS_SITE);
                #[allow(clippy::used_underscore_binding)] let _ = &__arg1;
                #[allow(clippy::used_underscore_binding)] let _ = &__arg0;
                #[allow(clippy::no_effect_underscore_binding, clippy::shadow_same, clippy::used_underscore_binding)]
                let (b, _) = __arg1;
                #[allow(unreachable_code, clippy::all, clippy::pedantic)]
                if false { let __returned: u8 = loop {}; return __returned; }
                { b }
            });
        }",
    );
}

#[test]
fn a_mistake_leaves_the_item_as_it_was() {
    let item = "fn f() -> Result<(), ()> { Ok(()) }";
    let expanded = count_outcome(tokens("sucess = 1"), tokens(item)).to_string();
    assert!(expanded.starts_with(&tokens(item).to_string()));
    assert_eq!(expanded.matches("compile_error").count(), 1);
}

#[test]
fn an_async_function_stays_one_for_another_macro() {
    let item = "#[instrument] async fn f((b, _): B) -> u8 { b }";
    assert_tokens(
        &expanded(count_outcome, r#"success = "S""#, item),
        "#[instrument] async fn f((b, _): B) -> u8 {
            SITE;
            return ::tt_metrics::__private::track(
                || &__TT_METRICS_SITE,
                |__value: &u8| ::tt_metrics::__private::classify(&*__value),
                async move {
                    #[allow(clippy::no_effect_underscore_binding)]
                    let __tt_metrics_begun = ::tt_metrics::__private::begun(&__TT_METRICS_SITE);
                    let _ = &b;
                    #[allow(unreachable_code, clippy::all, clippy::pedantic)]
                    if false { let __returned: u8 = loop {}; return __returned; }
                    { b }
                }
            ).await;
        }",
    );
}

#[test]
fn a_future_made_elsewhere_is_tracked() {
    let item = "fn f(a: A) -> Pin<Box<dyn Future<Output = u8>>> { Box::pin(made(a)) }";
    assert_tokens(
        &expanded(count_outcome, r#"success = "S""#, item),
        "fn f(a: A) -> Pin<Box<dyn Future<Output = u8>>> {
            SITE;
            return ::tt_metrics::__private::pinned(::tt_metrics::__private::track_returned(
                &__TT_METRICS_SITE,
                |__value: &u8| ::tt_metrics::__private::classify(&*__value),
                move || -> Pin<Box<dyn Future<Output = u8>>> { let _ = &a; { Box::pin(made(a)) } }
            ));
        }",
    );
}

#[test]
fn a_closure_becomes_one_whose_body_is_a_call() {
    let expanded = outcome(tokens(r#"success = "S"; move |a: A, (b, _)| b"#)).to_string();
    let (_, closure) = expanded.split_once("__TT_METRICS_RECORD) ;").unwrap();
    assert_tokens(
        &format!("{{ {closure}"),
        "{ move |__arg0: A, __arg1,| {
            ::tt_metrics::__private::call(
                &__TT_METRICS_SITE,
                || {
                    let __arg0 = __arg0;
                    #[allow(clippy::no_effect_underscore_binding)] let a = __arg0;
                    let __arg1 = __arg1;
                    #[allow(clippy::no_effect_underscore_binding)] let (b, _) = __arg1;
                    b
                },
                |__value: &_| ::tt_metrics::__private::classify(&*__value)
            )
        } }",
    );
}

#[test]
fn the_items_of_a_call_are_said_in_its_body() {
    let args = r#"success = "S", items = n, each = |v| v.list(), by = c, rest = neutral"#;
    assert_tokens(
        &expanded(count_outcome, args, "fn f(n: u8) -> R { r }"),
        "fn f(n: u8) -> R {
            SITE;
            return ::tt_metrics::__private::call_each(
                &__TT_METRICS_SITE,
                move || -> R { let _ = &n; ::tt_metrics::__private::about(n); { r } },
                move |__value: &R| ::tt_metrics::__private::each_by(
                    ::tt_metrics::__private::apply(&*__value, |v| v.list()),
                    |__item| c(__item)
                ).rest(::tt_metrics::__private::Outcome::Neutral)
            );
        }",
    );
}

#[test]
fn switched_off_each_function_is_as_it_was_written() {
    let item = "/// Ships.\n#[inline] pub async fn ship<T: Copy>(order: &T) -> Result<(), Error> { send(order).await? }";
    let counted = count_in(Mode::Untouched, tokens(r#""Calls""#), tokens(item));
    assert_eq!(counted.to_string(), tokens(item).to_string());
    let args = tokens(r#"success = "Shipped", failure = "Failed""#);
    let counted = count_outcome_in(Mode::Untouched, args, tokens(item));
    assert_eq!(counted.to_string(), tokens(item).to_string());
}

#[test]
fn switched_off_a_block_keeps_its_ends_and_mistakes_are_still_said() {
    let block = outcome_in(
        Mode::Untouched,
        tokens(r#"success = "Done"; step()?; Ok(1)"#),
    );
    assert_tokens(
        &block.to_string(),
        "::tt_metrics::__private::uncounted(|| { step()?; Ok(1) })",
    );
    let future = outcome_in(
        Mode::Untouched,
        tokens(r#"success = "Done"; async { step().await }"#),
    );
    assert_tokens(&future.to_string(), "{ async { step().await } }");
    let mistake = count_outcome_in(
        Mode::Untouched,
        tokens(r#"sucess = "Done""#),
        tokens("fn f() {}"),
    );
    assert!(mistake.to_string().contains("compile_error"), "{mistake}");
}
