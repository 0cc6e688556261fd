//! Return types in each other: opaque, projected, erased and lent, sync and async.
#![deny(warnings)]
use std::{
    any::Any,
    borrow::Cow,
    error::Error,
    fmt::{Debug, Display},
    future::Future,
    num::ParseIntError,
    ops::ControlFlow,
    pin::Pin,
    rc::Rc,
    sync::Arc,
};
use tt_metrics::{Outcome, capture, count, count_outcome};

fn any<T: ?Sized>(_: &T) -> Outcome {
    Outcome::Success
}

trait Table {
    type Row;
    type Rows<'a>: Iterator<Item = &'a u8>
    where
        Self: 'a;
    fn rows(&self) -> Self::Rows<'_>;
}
impl Table for Vec<u8> {
    type Row = Result<u8, String>;
    type Rows<'a> = std::slice::Iter<'a, u8>;
    #[count("C")]
    #[count_outcome(success = "S", by = any)]
    fn rows(&self) -> Self::Rows<'_> {
        self.iter()
    }
}

#[count("C")]
#[count_outcome(success = "S", failure = "F")]
fn opaque_in_option(n: u8) -> Option<(impl Iterator<Item = impl Display + Clone>, Box<[u8; 2]>)> {
    if n == 0 {
        return None;
    }
    Some(((0..n).map(|n| n + 1), Box::new([n; 2])))
}
#[count("C")]
#[count_outcome(success = "S", by = any)]
fn array_of_opaque(n: u8) -> [impl Fn(u8) -> u8; 2] {
    [1, 2].map(|k| move |m| n + m + k)
}

#[count("C")]
#[count_outcome(success = "S", by = any)]
fn closure_returning_closure(n: u8) -> impl Fn(u8) -> Box<dyn Fn(u8) -> u8> {
    move |m| -> Box<dyn Fn(u8) -> u8> { Box::new(move |k| n + m + k) }
}

#[count("C")]
#[count_outcome(success = "S", failure = "F")]
fn boxed_fn(
    n: u8,
) -> Result<Box<dyn Fn(u8) -> Result<u8, Box<dyn Error>> + Send>, Box<dyn Error + Send + Sync>> {
    match n {
        0 => Err("zero")?,
        1 => Ok(Box::new(|m| Ok(m))),
        n => {
            let f = Box::new(move |m: u8| m.checked_add(n).ok_or_else(|| "over".into()));
            Ok(f)
        }
    }
}
#[count("C")]
#[count_outcome(success = "S", failure = "F")]
fn projected<T: Table<Row = Result<u8, String>>>(_: &T) -> <T as Table>::Row {
    Ok(1)
}
#[count("C")]
#[count_outcome(success = "S", failure = "F")]
async fn projected_later<T>(_: T) -> T::Row
where
    T: Table<Row = Result<u8, String>>,
{
    Ok("1"
        .parse::<u8>()
        .map_err(|e: ParseIntError| e.to_string())?)
}

#[count("C")]
#[count_outcome(success = "S", failure = "F")]
fn erased_through_question_mark(text: &str) -> Result<Box<dyn Any>, Box<dyn Error>> {
    let n: u8 = text.parse()?;
    if n > 1 {
        return Ok(Box::new(n));
    }
    Ok(match n {
        0 => Box::new("zero"),
        _ => Box::new(()),
    })
}
#[count("C")]
#[count_outcome(success = "S", failure = "F")]
async fn erased_later(
    text: &str,
) -> Result<Arc<dyn Debug + Send + Sync>, Box<dyn Error + Send + Sync>> {
    let n: u8 = text.parse()?;
    std::future::ready(()).await;
    if n > 1 {
        return Ok(Arc::new(n));
    }
    match n {
        0 => Ok(Arc::new("zero")),
        _ => Ok(Arc::new(())),
    }
}
#[count("C")]
#[count_outcome(success = "S", failure = "F")]
fn slice_of_array(list: &[u8; 3]) -> Option<&[u8]> {
    Some(list)
}
#[count("C")]
#[count_outcome(success = "S", by = any)]
fn unsized_reference(list: &[u8; 3]) -> &[u8] {
    list
}
#[count("C")]
#[count_outcome(success = "S", by = any)]
fn fn_pointer(up: bool) -> fn(u8) -> u8 {
    fn a(n: u8) -> u8 {
        n
    }
    if up { a } else { |n| n }
}
#[count("C")]
#[count_outcome(success = "S", failure = "F")]
fn fn_pointers(up: bool) -> Option<fn(u8) -> u8> {
    fn a(n: u8) -> u8 {
        n
    }
    if up { Some(a) } else { Some(|n| n) }
}
#[count("C")]
#[count_outcome(success = "S", by = any)]
fn raw(list: &[u8]) -> *const u8 {
    list.as_ptr()
}
#[count("C")]
#[count_outcome(success = "S", failure = "F")]
fn flow<'a>(text: &'a str) -> ControlFlow<Cow<'a, str>, impl Fn() -> usize + use<'a>> {
    if text.is_empty() {
        return ControlFlow::Break(text.into());
    }
    ControlFlow::Continue(move || text.len())
}
#[count("C")]
#[count_outcome(success = "S", failure = "F")]
fn lent_trait_object<'a>(list: &'a [u8]) -> Option<Box<dyn Iterator<Item = &'a u8> + 'a>> {
    Some(Box::new(list.iter()))
}
#[count("C")]
#[count_outcome(success = "S", failure = "F")]
fn anonymous<'a>(list: &'a Vec<Box<dyn Fn() -> u8 + 'a>>) -> Option<&'a (dyn Fn() -> u8 + 'a)> {
    Some(list.first()?)
}

#[count("C")]
#[count_outcome(success = "S", failure = "F")]
fn future_in_result(n: u8) -> Result<impl Future<Output = Result<u8, ()>> + Send, u8> {
    if n == 0 {
        return Err(n);
    }
    Ok(async move { Ok(n) })
}
#[count("C")]
#[count_outcome(success = "S", failure = "F")]
fn future_in_box(n: u8) -> Option<Pin<Box<dyn Future<Output = u8>>>> {
    let boxed: Pin<Box<dyn Future<Output = u8>>> = Box::pin(async move { n });
    Some(boxed)
}

trait Repository {
    fn find(&self, id: u8) -> impl Future<Output = Option<impl Display>> + Send;
    fn all(&self) -> impl Iterator<Item = u8> + '_;
    async fn plain(&self) -> Result<impl Display, ()>;
}
impl Repository for Vec<u8> {
    #[count("C")]
    #[count_outcome(success = "S", failure = "F")]
    async fn find(&self, id: u8) -> Option<impl Display> {
        self.get(usize::from(id)).copied()
    }
    #[count("C")]
    #[count_outcome(success = "S", by = any)]
    fn all(&self) -> impl Iterator<Item = u8> + '_ {
        self.iter().copied()
    }
    #[count("C")]
    #[count_outcome(success = "S", failure = "F")]
    async fn plain(&self) -> Result<impl Display, ()> {
        self.first().copied().ok_or(())
    }
}
struct Cache {
    map: std::collections::HashMap<u8, String>,
    last: Option<Box<u8>>,
}
impl Cache {
    #[count("C")]
    #[count_outcome(success = "S", failure = "F")]
    fn get_or_insert(&mut self, key: u8) -> Result<&mut String, u8> {
        if key == 0 {
            return Err(key);
        }
        Ok(self.map.entry(key).or_insert_with(|| key.to_string()))
    }
    #[count("C")]
    #[count_outcome(success = "S", failure = "F")]
    fn polonius(&mut self) -> Result<&mut u8, &'static str> {
        if let Some(ref mut last) = self.last {
            **last += 1;
        }
        match &mut self.last {
            Some(last) => Ok(last),
            None => Err("none"),
        }
    }
    #[count("C")]
    #[count_outcome(success = "S", failure = "F")]
    async fn lent_later(&mut self, key: u8) -> Result<&mut String, u8> {
        std::future::ready(()).await;
        self.map.get_mut(&key).ok_or(key)
    }
    #[count("C")]
    #[count_outcome(success = "S", failure = "F")]
    fn split<'a, 'b>(&'a mut self, other: &'b mut Self) -> Option<(&'a mut u8, &'b mut u8)> {
        Some((self.last.as_deref_mut()?, other.last.as_deref_mut()?))
    }
}
fn now<F: Future>(future: F) -> F::Output {
    futures_util::FutureExt::now_or_never(future).unwrap()
}
fn main() {
    let metrics = capture();
    assert_eq!(vec![1_u8].rows().count(), 1);
    assert!(opaque_in_option(0).is_none());
    assert!(opaque_in_option(1).is_some());
    assert_eq!(array_of_opaque(1)[0](1), 3);
    assert_eq!(closure_returning_closure(1)(1)(1), 3);
    assert!(boxed_fn(0).is_err());
    assert_eq!(boxed_fn(2).unwrap()(1).unwrap(), 3);
    assert_eq!(projected(&Vec::<u8>::new()), Ok(1));
    assert_eq!(now(projected_later(Vec::<u8>::new())), Ok(1));
    assert!(erased_through_question_mark("x").is_err());
    assert!(erased_through_question_mark("2").is_ok());
    assert!(now(erased_later("x")).is_err());
    assert!(now(erased_later("0")).is_ok());
    let _ = (
        slice_of_array(&[1, 2, 3]),
        unsized_reference(&[1, 2, 3]),
        fn_pointer(true),
        fn_pointers(true),
        raw(&[]),
    );
    assert!(flow("").is_break());
    let _ = lent_trait_object(&[]);
    let _ = anonymous(&vec![Box::new(|| 1)]);
    assert!(future_in_result(0).is_err());
    assert_eq!(now(future_in_result(1).ok().unwrap()), Ok(1));
    assert_eq!(now(future_in_box(1).unwrap()), 1);
    assert!(now(vec![1].find(0)).is_some());
    assert_eq!(vec![1].all().count(), 1);
    assert!(now(vec![1].plain()).is_ok());
    let mut cache = Cache {
        map: Default::default(),
        last: None,
    };
    assert!(cache.get_or_insert(0).is_err());
    assert!(cache.get_or_insert(1).is_ok());
    assert!(cache.polonius().is_err());
    assert!(now(cache.lent_later(1)).is_ok());
    cache.last = Some(Box::new(1));
    assert!(cache.polonius().is_ok());
    let mut other = Cache {
        map: Default::default(),
        last: None,
    };
    assert!(cache.split(&mut other).is_none());
    assert_eq!(now(Rc::new(1).borrowed()), Ok(1));
    let counted = ["C", "S", "F"].map(|metric| metrics.count(metric));
    assert_eq!(counted, [34, 25, 9]);
}
trait Borrowed {
    async fn borrowed(self: &Rc<Self>) -> Result<u8, ()>;
}
impl Borrowed for u8 {
    #[count("C")]
    #[count_outcome(success = "S", failure = "F")]
    async fn borrowed(self: &Rc<Self>) -> Result<u8, ()> {
        Ok(**self)
    }
}
