//! What an attribute declares about its function.

use tt_metrics::{
    __private::{Declaration, SITES},
    MetricName, count, count_outcome,
};

const FAILED: MetricName = MetricName::new("DeclaredFailed");

/// Declares,
/// in two lines.
///
/// And a paragraph.
#[count_outcome(success = "DeclaredDone", failure = FAILED, neutral = "DeclaredReplayed", interrupted = "DeclaredCut")]
#[expect(dead_code, reason = "a declaration counts without a call")]
fn never_called() -> Result<(), ()> {
    Ok(())
}

struct Store;

impl Store {
    #[count("DeclaredCalls")]
    #[expect(dead_code, reason = "a declaration counts without a call")]
    fn r#match<T>(value: T) -> T {
        value
    }
}

fn declared(metric: &str) -> Option<&'static Declaration> {
    let declares = |declaration: &Declaration| {
        let metrics = [declaration.calls, declaration.success];
        metrics
            .into_iter()
            .flatten()
            .any(|name| name.as_str() == metric)
    };
    SITES
        .iter()
        .map(|site| site.declaration)
        .find(|site| declares(site))
}

#[test]
fn a_function_is_declared_without_being_called() {
    let declaration = declared("DeclaredDone").unwrap();
    assert!(
        declaration
            .function
            .ends_with("::declarations::never_called")
    );
    assert!(declaration.file.ends_with("declarations.rs"));
    assert_eq!(
        declaration.doc,
        "Declares,\nin two lines.\n\nAnd a paragraph."
    );
    assert_eq!(declaration.calls, None);
    assert_eq!(declaration.failure, Some(FAILED));
    assert_eq!(
        declaration.neutral,
        Some(MetricName::new("DeclaredReplayed"))
    );
    assert_eq!(
        declaration.interrupted,
        Some(MetricName::new("DeclaredCut"))
    );
}

#[test]
fn a_generic_method_is_declared_by_its_plain_name() {
    let declaration = declared("DeclaredCalls").unwrap();
    assert!(
        declaration.function.ends_with("::declarations::match"),
        "{}",
        declaration.function
    );
    assert_eq!(declaration.doc, "");
    assert_eq!(declaration.success, None);
}

#[test]
fn the_line_is_that_of_the_attribute() {
    const LINE: u32 = line!() + 1;
    #[count("DeclaredLine")]
    fn here() {}
    here();
    assert_eq!(declared("DeclaredLine").unwrap().line, LINE);
}
