//! A closure that is returned as `impl Fn` learns the types of its parameters from the signature, as it does uncounted.

#![deny(unreachable_code)]

use std::{
    borrow::Cow,
    fmt::{Debug, Formatter, Result as Printed},
};

use tt_metrics::{Outcome, count, count_outcome};

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn length() -> impl Fn(&str) -> usize {
    |text| text.len()
}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn trimmed() -> impl Fn(&str) -> &str {
    let start = 'a';
    move |text| text.trim_start_matches(start)
}

macro_rules! early {
    ($($name:ident($yes:ident) { $($body:tt)* })*) => {
        $(
            #[count_outcome(success = "S", by = |_| Outcome::Success)]
            #[allow(unreachable_code, unused_braces, unused_parens)]
            fn $name($yes: bool) -> impl FnMut(&str) -> usize {
                let _ = $yes;
                $($body)*
                unreachable!()
            }
        )*

        fn all_early() -> Vec<usize> {
            vec![$($name(true)("ab")),*]
        }
    };
}

early! {
    in_if(yes) { if yes { return |text| text.len(); } }
    in_else(yes) { if !yes {} else if yes { return (|text| text.len()); } }
    in_match(yes) { match yes { true => return |text| text.len(), false => {} } }
    in_loop(yes) { loop { return |text| text.len(); } }
    in_while(yes) { while yes { return |text| text.len(); } }
    in_for(yes) { for _ in 0..1 { return |text| text.len(); } }
    in_unsafe(yes) { unsafe { if "a".get_unchecked(..).len() == 1 { return |text| text.len() } } }
    in_let(yes) { let _yes = if yes { return |text| text.len() }; }
    in_let_else(yes) { let false = yes else { return |text| text.len() }; }
    in_parentheses(yes) { (if yes { return |text| text.len() }); }
    in_a_block(yes) { { if yes { return |text| text.len() } } }
}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn last_is_a_panic(yes: bool) -> impl Fn(&str) -> usize {
    if yes {
        return |text| text.len();
    }
    unreachable!()
}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn last_is_a_choice(yes: bool) -> impl Fn(&str) -> usize {
    if yes {
        return |text| text.len();
    } else {
        unreachable!()
    }
}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
#[allow(unused_parens)]
fn in_a_last_block() -> (impl Fn(&str) -> usize) {
    let _outer = 1;
    {
        let _inner = 1;
        |text| text.len()
    }
}

macro_rules! closure {
    () => {
        |text| text.len()
    };
}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn of_a_macro() -> impl Fn(&str) -> usize + Copy {
    closure!()
}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn of_a_macro_in_braces() -> impl Fn(&str) -> usize {
    closure! {}
}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn in_braces() -> impl Fn(&str) -> usize {
    let _start = 1;
    unsafe { |text| text.get_unchecked(1..).len() + 1 }
}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn pair() -> (impl Fn(&str) -> usize, u8) {
    (|text| text.len(), 1)
}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn declared() -> impl for<'a> Fn(&'a str, &'a str) -> Cow<'a, str> {
    |one, other| {
        if one.is_empty() {
            other.into()
        } else {
            one.into()
        }
    }
}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn declared_with_types() -> impl for<'a> Fn(&'a str, &str) -> &'a str {
    |one: &str, _: &str| one
}

struct Both<'a, 'b>(&'a str, &'b str);

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn of_lifetimes<'a>(
    known: &'a str,
) -> impl Fn(&'a str, &'a &str, &'a &str, Both<'a, '_>, &'static [&str]) -> bool + 'a {
    move |one, two, three, both, all| {
        one == known && *two == *three && both.0 == both.1 && all.is_empty()
    }
}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
#[allow(clippy::type_complexity)]
fn of_calls<'a, Item>(
    given: &'a Item,
) -> impl Fn(
    &(dyn Fn(&str) -> usize + 'a),
    &dyn for<'b> Fn(&'b str, &str) -> usize,
    for<'c> fn(&'c str, &Item),
) -> usize
+ 'a {
    move |one, two, three| {
        three("a", given);
        one("a") + two("a", "b")
    }
}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn of_rows<Item: PartialEq, const SIZE_OF: usize>(
    known: Item,
) -> impl Fn([&Item; SIZE_OF], &[&Item], &[Item; SIZE_OF]) -> bool {
    move |some, more, last| {
        some.into_iter()
            .chain(more.iter().copied())
            .chain(last)
            .all(|one| *one == known)
    }
}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn of_one_lifetime<'a>(known: &'a str) -> impl Fn(&'a str) -> bool + 'a {
    move |one| one == known
}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn of_a_lifetime_in_brackets<'a>(known: &'a str) -> impl Fn(Both<'a, '_>) -> bool + 'a {
    move |both| both.0 == known
}

struct Rows<'a, T, const SIZE_OF: usize>([&'a T; SIZE_OF]);

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn of_a_constant<Item: PartialEq, const SIZE_OF: usize>(
    known: Item,
) -> impl Fn(Rows<'_, Item, SIZE_OF>) -> bool {
    move |rows| rows.0.into_iter().all(|one| *one == known)
}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn of_objects() -> impl Fn(&dyn Debug, &mut Formatter) -> Printed {
    |value, to| value.fmt(to)
}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn of_arguments<'a, T: PartialEq, const N: usize>(
    known: &'a [T; N],
) -> impl Fn(&T, &'a [T; N]) -> bool + 'a {
    move |one, others| known.iter().zip(others).any(|(a, b)| a == one || a == b)
}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn makes_another() -> impl Fn(&str) -> Box<dyn Fn(&str) -> &str> {
    |all| {
        let length = all.len();
        Box::new(move |text| text.get(..length).unwrap_or(text))
    }
}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
async fn later() -> impl Fn(&str) -> &str {
    |text| text
}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn asynchronous() -> impl AsyncFn(&str) -> usize {
    async |text| text.len()
}

#[count("S", items = |_| 1usize)]
fn only_counted() -> impl Fn(&str) -> &str {
    |text| text
}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn of_a_generic<Item: PartialEq>(known: Item) -> impl Fn(&Item) -> bool {
    move |item| *item == known
}

struct Keys<Key>(Vec<Key>);

impl<Key: PartialEq> Keys<Key> {
    #[count_outcome(success = "S", by = |_| Outcome::Success)]
    fn with_its_type(&self) -> impl Fn(&Key) -> bool {
        |key: &Key| self.0.contains(key)
    }
}

trait Callable: Fn(&str) -> usize {}

impl<F: Fn(&str) -> usize> Callable for F {}

#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn of_another_name() -> impl Callable {
    |text| text.len()
}

struct Known<T>(Vec<T>);

#[count_outcome(success = "S", by = |_| Outcome::Success)]
impl<T: PartialEq> Known<T> {
    fn finds(&self) -> impl Fn(&T) -> Option<&T> {
        |one| self.0.contains(one).then_some(one)
    }

    fn adds(
        &self,
    ) -> impl Fn(&mut dyn Iterator<Item = T>, fn(&T) -> bool, *const T, (&[T], Cow<'_, str>)) -> usize
    {
        |given, counts, _, (more, _)| given.chain([]).filter(counts).count() + more.len()
    }

    fn compares(&self) -> impl Fn(&Self) -> bool {
        |other| other.0 == self.0
    }
}

trait Compares {
    fn compare(&self) -> impl Fn(&Self) -> bool;
}

impl<T: PartialEq> Compares for Known<T> {
    #[count_outcome(success = "S", by = |_| Outcome::Success)]
    fn compare(&self) -> impl Fn(&Self) -> bool {
        |other| other.0 == self.0
    }
}

struct Printer<F>(F);

impl<F: Fn(&mut Formatter) -> Printed> Debug for Printer<F> {
    fn fmt(&self, to: &mut Formatter<'_>) -> Printed {
        (self.0)(to)
    }
}

fn main() {
    let early = tt_metrics::capture();
    assert_eq!(all_early(), [2; 11]);
    assert_eq!(early.count("S"), 11);
    drop(early);
    let metrics = tt_metrics::capture();
    let mut counted = 0.0;
    let mut one_more = |good: bool| {
        counted += 1.0;
        good && metrics.count("S") == counted as u64
    };
    assert!(one_more(length()("abc") == 3));
    assert!(one_more(trimmed()("aab") == "b"));
    assert!(one_more(last_is_a_panic(true)("ab") == 2));
    assert!(one_more(last_is_a_choice(true)("ab") == 2));
    assert!(one_more(in_a_last_block()("ab") == 2));
    assert!(one_more(of_a_macro()("ab") == 2));
    assert!(one_more(of_a_macro_in_braces()("ab") == 2));
    assert!(one_more(declared_with_types()("a", "b") == "a"));
    assert!(one_more(of_lifetimes("a")(
        "a",
        &"b",
        &"b",
        Both("c", "c"),
        &[]
    )));
    assert!(one_more(
        of_calls(&1)(
            &|text| text.len(),
            &|one, two| one.len() + two.len(),
            |_, _| {}
        ) == 3
    ));
    assert!(one_more(of_one_lifetime("a")("a")));
    assert!(one_more(of_a_lifetime_in_brackets("a")(Both("a", "b"))));
    assert!(one_more(of_a_constant(1)(Rows([&1]))));
    assert!(one_more(of_rows(1)([&1], &[&1], &[1])));
    assert!(one_more(in_braces()("ab") == 2));
    assert!(one_more(pair().0("ab") == 2));
    assert!(one_more(declared()("", "b") == "b"));
    let print = of_objects();
    assert!(one_more(
        format!("{:?}", Printer(|to: &mut Formatter| print(&1, to))) == "1"
    ));
    assert!(one_more(of_arguments(&[1, 2])(&2, &[0, 0])));
    assert!(one_more(makes_another()("ab")("cde") == "cd"));
    let made = futures_util::FutureExt::now_or_never(later()).unwrap();
    assert!(one_more(made("a") == "a"));
    let length = asynchronous();
    let length = futures_util::FutureExt::now_or_never(length("ab"));
    assert!(one_more(length == Some(2)));
    assert!(one_more(only_counted()("a") == "a"));
    assert!(one_more(of_another_name()("ab") == 2));
    assert!(one_more(of_a_generic(1)(&1)));
    assert!(one_more(Keys(vec![1]).with_its_type()(&1)));
    let known = Known(vec![1]);
    assert!(one_more(known.finds()(&1) == Some(&1)));
    let adds = known.adds();
    let added = adds(
        &mut [1, 2].into_iter(),
        |one| *one == 2,
        &0,
        (&[7], "".into()),
    );
    assert!(one_more(added == 2));
    assert!(one_more(known.compares()(&Known(vec![1]))));
    assert!(one_more(known.compare()(&Known(vec![1]))));
}
