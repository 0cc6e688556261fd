//! Details of calls, batches, closures and derives.

use std::future;

use tt_metrics::{Classify, Dimension, Outcome, count, count_outcome, outcome};

/// What an order is sent by.
#[derive(Dimension)]
#[expect(
    missing_debug_implementations,
    missing_copy_implementations,
    reason = "a derive alone on its line"
)]
pub enum Carrier {
    /// By post.
    Post,
    /// By our own.
    #[dimension("Own van")]
    Van,
}

/// Why an order was not sent.
#[derive(Dimension)]
#[expect(missing_debug_implementations, reason = "a derive alone on its line")]
pub enum ShipError {
    /// None left.
    NoStock,
    /// Not wanted.
    Refused {
        /// Why.
        code: u16,
    },
}

/// How an order ended.
#[derive(Classify)]
#[expect(missing_debug_implementations, reason = "a derive alone on its line")]
pub enum Sent<T> {
    /// With an answer.
    #[outcome(transparent)]
    Answered(Option<T>),
    /// Before.
    #[outcome(neutral)]
    Known,
    /// Not at all.
    #[outcome(failure)]
    Refused {
        /// Why.
        code: u16,
    },
}

/// Sends an order.
///
/// # Errors
///
/// Without stock.
#[count_outcome(
    success = "S", failure = "F", interrupted = "I",
    dimensions(Carrier: Carrier = carrier, express, Shop = shop, max = 2, Tier: ["free", "paid"] = tier),
    failure_by = ShipError, latency = "L", in_flight = "O",
)]
pub fn ship(carrier: &Carrier, express: bool, shop: &str, tier: &str) -> Result<u16, ShipError> {
    if matches!(*carrier, Carrier::Van) || !express {
        return Err(ShipError::NoStock);
    }
    if shop == tier {
        return Err(ShipError::Refused { code: 1 });
    }
    return Ok(1);
}

/// Sends an order later.
///
/// # Errors
///
/// Without stock.
#[count("C", dimensions(express), latency = "CL", in_flight = "CO")]
#[count_outcome(success = "S", failure = "F", dimensions(express), failure_by = ShipError, latency = "L")]
pub async fn ship_later(express: bool, (left, _): (u8, u8), _: String) -> Result<u8, ShipError> {
    future::ready(()).await;
    if express {
        return Err(ShipError::NoStock);
    }
    return Ok(left);
}

/// Sends a batch, some of which may stay unsent.
#[count("Sent", items = |sent| { return sent.len(); })]
#[count_outcome(success = "S", failure = "F", items = list.len(), each, rest = failure)]
#[must_use]
pub fn batch(list: &[u8]) -> Vec<Sent<u8>> {
    let sent = |id: &u8| {
        return match *id {
            0 => Sent::Known,
            1 => Sent::Refused { code: 1 },
            id => Sent::Answered(Some(id)),
        };
    };
    return list.iter().map(sent).collect();
}

/// Sends a batch later, all or nothing.
///
/// # Errors
///
/// For an empty list.
#[count_outcome(
    success = "S", failure = "F", items = list.len(),
    each = |sent| { return sent.iter().flatten(); }, by = |_| { return Outcome::Failure; },
)]
pub async fn batch_later(list: &[u8]) -> Result<Vec<u8>, u8> {
    future::ready(()).await;
    return list.first().copied().map(|first| vec![first]).ok_or(1);
}

/// Sends parts of an order, which two attributes name.
#[count_outcome(
    success = "S", failure = "F", items = lines.len(),
    by = |sent| { return if *sent > room { Outcome::Failure } else { Outcome::Success }; },
)]
#[count_outcome(
    success = "Few", failure = "Many", items = lines.len(),
    by = |sent| { return if *sent > room { Outcome::Failure } else { Outcome::Success }; },
)]
#[count_outcome(
    success = "Fits", dimensions(Full: bool = lines.len() > room),
    by = |_| { return Outcome::Success; },
)]
#[must_use]
pub fn parts(
    (lines, _): (Vec<u8>, u8),
    _express: bool,
    mut fits: usize,
    (room, _): (usize, u8),
) -> usize {
    fits = fits.min(room);
    return lines.len().min(fits);
}

/// Sends parts of an order later.
#[count_outcome(
    success = "S", failure = "F", items = lines.len(),
    by = |sent| { return if *sent > room { Outcome::Failure } else { Outcome::Success }; },
)]
#[count_outcome(
    success = "Fits", dimensions(Full: bool = lines.len() > room), latency = "L",
    by = |_| { return Outcome::Success; },
)]
pub async fn parts_later(
    (lines, _): (Vec<u8>, u8),
    _express: bool,
    (room, _): (usize, u8),
) -> usize {
    future::ready(()).await;
    return lines.len().min(room);
}

/// Counts closures.
#[must_use]
pub fn closures(list: &[&str], add: u8) -> Vec<Option<u8>> {
    let parse = outcome! {
        success = "S", failure = "F";
        |text: &&str| -> Option<u8> { return text.parse::<u8>().ok()?.checked_add(add); }
    };
    let mut seen = 0_u8;
    let mut count = outcome! {
        success = "S", by = |&()| { return Outcome::Success; };
        |_found: &Option<u8>| { seen = seen.saturating_add(1); }
    };
    let found: Vec<Option<u8>> = list.iter().map(parse).inspect(&mut count).collect();
    return found;
}

/// Counts closures that return futures.
///
/// # Errors
///
/// Never.
pub async fn later(id: u8) -> Result<u8, u8> {
    let made = outcome!(success = "S"; |left: u8| async move { return Ok::<u8, u8>(left); });
    let waits = outcome!(success = "S"; async |left: u8| -> Option<u8> { return Some(left); });
    let left = waits(id).await.ok_or(1)?;
    return made(left).await;
}
