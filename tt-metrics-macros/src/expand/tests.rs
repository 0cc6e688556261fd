//! The generated code of small functions.

use super::*;

fn tokens(text: &str) -> TokenStream {
    text.parse().unwrap()
}

fn expanded(of: Attribute, args: &str, item: &str) -> String {
    attribute(of, tokens(args), &tokens(item)).to_string()
}

/// The expansion without the statics, which are the same everywhere.
fn without_statics(expanded: &str) -> String {
    let (before, site) = expanded
        .split_once("const __TT_METRICS_")
        .unwrap_or((expanded, ""));
    let after = site
        .split_once("& __TT_METRICS_RECORD) ;")
        .map_or("", |(_, after)| after);
    format!("{before} STATICS ; {after}")
}

#[track_caller]
fn assert_tokens(expanded: &str, expected: &str) {
    let plain = |text: &str| {
        let text = tokens(text).to_string().replace(' ', "");
        text.replace("const_:()=();", "")
    };
    assert_eq!(plain(expanded), plain(expected));
}

#[test]
fn count_adds_a_statement_to_an_async_function() {
    let expanded = expanded(
        Attribute::Count,
        r#""Calls""#,
        "async fn f(a: u8) -> u8 { a }",
    );
    assert_tokens(
        &without_statics(&expanded),
        "async fn f(a: u8) -> u8 {
            STATICS; ::tt_metrics::__private::count(&__TT_METRICS_SITE, 1);
            { a }
        }",
    );
}

#[test]
fn a_sync_body_becomes_a_closure() {
    let item = "fn f(&self, a: impl A) -> Result<u8, E> { Ok(a) }";
    let expanded = expanded(Attribute::CountOutcome, r#"success = "S""#, item);
    assert_tokens(
        &without_statics(&expanded),
        "fn f(&self, a: impl A) -> Result<u8, E> {
            STATICS;
            let __form = ::tt_metrics::__private::Returned::<Result<u8, E>>::new().form();
            return __form.run(
                ::tt_metrics::__private::OutcomeLayer(&__TT_METRICS_SITE),
                __form.make(move || -> Result<u8, E> { let _ = &a; let _ = &self; { Ok(a) } }),
                |__value: &_| ::tt_metrics::__private::classify(&*__value)
            );
        }",
    );
}

#[test]
fn an_async_function_returns_a_tracked_future() {
    let item = "async fn f(_: A, (b, _): B) -> u8 { b }";
    let args = r#"success = "S", by = c, crate = x::y"#;
    let expanded = expanded(Attribute::CountOutcome, args, item);
    assert_tokens(
        &without_statics(&expanded),
        "fn f(__arg0: A, __arg1: B) -> impl ::core::future::Future<Output = u8> {
            STATICS;
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
fn the_number_of_items_is_evaluated_before_the_body() {
    let args = r#"success = "S", items = n, each = |v| v.list(), by = c, rest = neutral"#;
    let expanded = expanded(Attribute::CountOutcome, args, "fn f(n: u8) { r }");
    assert!(expanded.contains("compile_error"), "{expanded}");
    let expanded = attribute(
        Attribute::CountOutcome,
        tokens(args),
        &tokens("fn f(n: u8) -> R { r }"),
    );
    let expanded = without_statics(&expanded.to_string());
    let (before, after) = expanded.split_once("ItemsLayer").unwrap();
    assert!(!before.contains("move ||"), "{expanded}");
    assert!(after.contains("items (n)"), "{expanded}");
}

#[test]
fn several_attributes_are_collected_behind_the_attributes_of_other_macros() {
    let item = "#[instrument] async fn f() -> u8 { 1 }";
    let first = expanded(Attribute::Count, r#""C""#, item);
    assert_tokens(
        &first,
        r#"#[instrument] #[::tt_metrics::__private::__counted(count { "C" })] async fn f() -> u8 { 1 }"#,
    );
    let both = expanded(Attribute::CountOutcome, r#"success = "S""#, &first);
    assert_tokens(
        &both,
        r#"#[instrument]
        #[::tt_metrics::__private::__counted(count { "C" } count_outcome { success = "S" })]
        async fn f() -> u8 { 1 }"#,
    );
}

#[test]
fn a_mistake_leaves_the_item_as_it_was() {
    let item = "fn f() -> Result<(), ()> { Ok(()) }";
    let expanded = expanded(Attribute::CountOutcome, "sucess = 1", item);
    assert!(expanded.starts_with(&tokens(item).to_string()));
    assert_eq!(expanded.matches("compile_error").count(), 1);
}

#[test]
fn switched_off_each_function_is_as_it_was_written() {
    let item = "/// Ships.\n pub async fn ship<T: Copy>(order: &T) -> Result<(), Error> { send(order).await? }";
    for (of, args) in [
        (Attribute::Count, r#""Calls""#),
        (Attribute::CountOutcome, r#"success = "Shipped""#),
    ] {
        let expanded = attribute_in(Mode::Untouched, of, tokens(args), &tokens(item));
        assert_eq!(expanded.to_string(), tokens(item).to_string());
    }
    let args = tokens(r#"sucess = "Done""#);
    let mistake = attribute_in(
        Mode::Untouched,
        Attribute::CountOutcome,
        args,
        &tokens("fn f() {}"),
    );
    assert!(mistake.to_string().contains("compile_error"), "{mistake}");
}

#[test]
fn switched_off_a_block_still_ends_at_its_own_returns() {
    let block = tokens(r#"success = "Done"; step()?; Ok(1)"#);
    assert_tokens(
        &outcome_in(Mode::Untouched, block).to_string(),
        "::tt_metrics::__private::uncounted(|| { step()?; Ok(1) })",
    );
    let future = tokens(r#"success = "Done"; async { step().await }"#);
    assert_tokens(
        &outcome_in(Mode::Untouched, future).to_string(),
        "{ async { step().await } }",
    );
}
