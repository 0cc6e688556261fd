//! Which bodies end in an `async` block, and how.

use super::*;

fn replaced(body: &str) -> Option<String> {
    let tokens = replace_async_block(body.parse().unwrap(), &mut |_, _| "HERE".parse().unwrap());
    tokens.map(|tail| tail.tokens.to_string().replace(' ', ""))
}

fn returns_early(body: &str) -> bool {
    tail(body).returns_early
}

fn tail(body: &str) -> Tail {
    replace_async_block(body.parse().unwrap(), &mut |_, _| TokenStream::new()).unwrap()
}

#[test]
fn a_body_handed_on_by_a_macro_is_looked_into() {
    let handed_on = |body: &str| -> TokenStream {
        TokenTree::Group(Group::new(Delimiter::None, body.parse().unwrap())).into()
    };
    let found = |body| replace_async_block(handed_on(body), &mut |_, _| TokenStream::new());
    assert!(found("async move { 1 }").is_some());
    assert!(found("1").is_none());
    assert!(ends_in_pin(&handed_on("Box::pin(fetch())")));
    assert!(!ends_in_pin(&handed_on("fetch()")));
}

#[test]
fn a_number_of_items_is_seen() {
    let items = "track_items(&__TT_METRICS_SITE, c, async {})";
    assert!(tail(items).says_number);
    let nested = format!("{{ static S: u8 = 1; track(&__TT_METRICS_SITE, c, {{ {items} }}) }}");
    assert!(tail(&nested).says_number);
    assert!(!tail("async {}").says_number);
    assert!(!tail("{ async {} }").says_number);
    assert!(!tail("track_each(&__TT_METRICS_SITE, c, async {})").says_number);
}

#[test]
fn statements_before_the_end_are_seen() {
    assert!(tail("let a = 1; async {}").has_statements);
    assert!(tail("if a { b } async {}").has_statements);
    assert!(!tail("async move {}").has_statements);
    assert!(!tail("Box::pin(async {})").has_statements);
    assert!(!tail("track(&__TT_METRICS_SITE, [c], async {},)").has_statements);
}

#[test]
fn a_pinned_box_at_the_end_is_seen() {
    let pinned = |body: &str| ends_in_pin(&body.parse().unwrap());
    assert!(pinned("Box::pin(fetch())"));
    assert!(pinned(
        "{ let a = 1; return std::boxed::Box::pin(fetch()); }"
    ));
    assert!(pinned("return ::tt_metrics::__private::pinned(track());"));
    assert!(!pinned("Box::pin(fetch()).await"));
    assert!(!pinned("self.pin(fetch())"));
    assert!(!pinned("Box::pin(fetch());"));
    assert!(!pinned("if a { Box::pin(b) } else { Box::pin(c) }"));
}

#[test]
fn an_early_return_is_seen() {
    assert!(returns_early("if a { return b; } async {}"));
    assert!(returns_early("{ if a { return b; } Box::pin(async {}) }"));
    assert!(!returns_early(
        "let a = async { return 1; }; async { return 2; }"
    ));
    assert!(!returns_early("return Box::pin(async move { return 2; });"));
    assert!(!returns_early("let a = async move { return 1; }; async {}"));
    assert!(returns_early("{ return b; } async {}"));
    assert!(returns_early("let a = async { 1 }; { return b; } async {}"));
}

#[test]
fn the_last_async_block_is_found() {
    assert_eq!(
        replaced("let a = async {}; async move { 1 }").unwrap(),
        "leta=async{};HERE"
    );
    assert_eq!(
        replaced("Box::pin(async move { 1 })").unwrap(),
        "Box::pin(HERE)"
    );
    assert_eq!(
        replaced("static S: u8 = 1; a::track(&__TT_METRICS_SITE, c, async move { 1 },)").unwrap(),
        "staticS:u8=1;a::track(&__TT_METRICS_SITE,c,HERE,)"
    );
    let nested = "track(&__TT_METRICS_SITE, c, { track(|| &__TT_METRICS_SITE, c, async {}) })";
    assert_eq!(
        replaced(nested).unwrap(),
        nested.replace(' ', "").replace("async{}", "HERE")
    );
    assert_eq!(
        replaced("if a {} #[allow(unused)] async {}").unwrap(),
        "ifa{}#[allow(unused)]HERE"
    );
}

#[test]
fn an_explicit_return_at_the_end_is_a_tail() {
    assert_eq!(replaced("return async move { 1 }").unwrap(), "returnHERE");
    assert_eq!(
        replaced("return Box::pin(async { 1 });").unwrap(),
        "returnBox::pin(HERE);"
    );
}

#[test]
fn a_body_that_ends_in_anything_else_has_no_tail() {
    assert_eq!(replaced(""), None);
    assert_eq!(replaced("spawn(async move { 1 })"), None);
    assert_eq!(replaced("async move { 1 };"), None);
    assert_eq!(replaced("return; async move { 1 };"), None);
    assert_eq!(replaced("if a { async {} } else { async {} }"), None);
    assert_eq!(replaced("async {}.await"), None);
    assert_eq!(replaced("(async { 1 })"), None);
    assert_eq!(replaced("[async { 1 }]"), None);
}

#[test]
fn an_async_block_in_another_expression_is_no_tail() {
    for body in [
        "move |n| async move { n }",
        "|n| Box::pin(async move { n })",
        "self.later = async {}",
        "self.later = Box::pin(async {})",
        "self.pin(async {})",
        "runtime.track(1, async {})",
        "crate::pin(async {})",
    ] {
        assert_eq!(replaced(body), None, "{body}");
    }
    assert!(!ends_in_pin(
        &"self.later = Box::pin(fetch())".parse().unwrap()
    ));
    assert!(!ends_in_pin(&"move || Box::pin(fetch())".parse().unwrap()));
}
