//! `items`, `each` and `rest` take replies of any shape, their types unknown to this crate.
#![deny(warnings)]

use tt_metrics::{Outcome, count, count_outcome, outcome};

struct Entry {
    error_code: Option<String>,
}

impl Entry {
    fn outcome(&self) -> Outcome {
        if self.error_code.is_none() { Outcome::Success } else { Outcome::Failure }
    }
}

struct PutReply {
    entries: Option<Vec<Entry>>,
}

impl PutReply {
    fn entries(&self) -> &[Entry] {
        self.entries.as_deref().unwrap_or_default()
    }
}

#[derive(Default)]
struct FailedItem {
    #[allow(dead_code)]
    identifier: String,
}

#[derive(Default)]
struct BatchResponse {
    failed: Vec<FailedItem>,
}

#[count_outcome(success = "Put", failure = "Refused", each = PutReply::entries, by = Entry::outcome)]
fn by_paths() -> PutReply {
    PutReply { entries: None }
}

#[count_outcome(
    success = "Put",
    failure = "Refused",
    items = batch.len(),
    each = |reply| reply.iter().flat_map(PutReply::entries),
    by = |entry| entry.outcome()
)]
async fn put(client: &str, batch: Vec<&[u8]>) -> Result<PutReply, String> {
    std::future::ready(()).await;
    if client.is_empty() {
        return Err(client.to_owned());
    }
    Ok(PutReply { entries: Some(batch.iter().map(|_| Entry { error_code: None }).collect()) })
}

#[count_outcome(
    success = "Handled",
    failure = "Failed",
    items = batch.len(),
    each = |response| response.iter().flat_map(|response| &response.failed),
    by = |_| Outcome::Failure
)]
async fn handle(batch: &[u8]) -> Result<BatchResponse, String> {
    std::future::ready(()).await;
    Ok(BatchResponse { failed: batch.iter().map(|_| FailedItem::default()).collect() })
}

#[count_outcome(
    success = "Handled", failure = "Failed",
    items = batch.len(), rest = success,
    each = |response| response.failed.iter().map(|_| Outcome::Failure)
)]
fn handle_bare(batch: &[u8]) -> BatchResponse {
    drop(batch.to_vec());
    BatchResponse::default()
}

#[count_outcome(success = "Uploaded", failure = "NotUploaded", items = rows.len())]
fn all_or_nothing((rows, _): (&[u8], u8)) -> Option<usize> {
    rows.len().checked_sub(1)
}

#[count_outcome(success = "Uploaded", items = rows.len(), by = |count| if *count > 0 { Outcome::Success } else { Outcome::Neutral })]
fn by_whole(rows: &[u8]) -> usize {
    rows.len()
}

#[count("Rows", items = |rows| rows.len())]
fn returned() -> Vec<u8> {
    vec![1]
}

#[count("Calls", items = more)]
#[count("Rows", items = |rows| rows.as_ref().map_or(0, Vec::len))]
#[count_outcome(success = "Loaded", failure = "NotLoaded")]
async fn returned_later((more, _): (u8, u8), name: &str) -> Result<Vec<u8>, String> {
    std::future::ready(()).await;
    if name.is_empty() {
        return Err(name.to_owned());
    }
    Ok(vec![more])
}

#[count_outcome(success = "Loaded", by = |answer: &u8| if *answer > limit { Outcome::Success } else { Outcome::Failure })]
fn closures_may_name_arguments_that_are_copied(limit: u8) -> u8 {
    limit
}

fn main() {
    let metrics = ::tt_metrics::capture();
    assert!(by_paths().entries().is_empty());
    let _ = ::futures_util::FutureExt::now_or_never(put("", Vec::new()));
    let _ = ::futures_util::FutureExt::now_or_never(handle(&[]));
    assert!(handle_bare(&[]).failed.is_empty());
    assert_eq!(all_or_nothing((&[1], 1)), Some(0));
    assert_eq!(by_whole(&[]), 0);
    assert_eq!(returned(), [1]);
    let _ = ::futures_util::FutureExt::now_or_never(returned_later((1, 2), ""));
    assert_eq!(closures_may_name_arguments_that_are_copied(1), 1);

    let batch = vec![1_u8];
    let reply = outcome! {
        success = "Put", failure = "Refused", items = batch.len(), each = |reply| reply.iter().flat_map(PutReply::entries), by = Entry::outcome;
        if batch.is_empty() {
            return Err("empty");
        }
        Ok(PutReply { entries: None })
    };
    assert!(reply.is_ok());
    let put = outcome!(success = "Put", items = batch.len(); |batch: Vec<u8>| batch.first().copied());
    assert_eq!(put(batch), Some(1));
    assert_eq!(["Calls", "NotLoaded", "Put", "Rows", "Uploaded"].map(|metric| metrics.count(metric)), [1, 1, 2, 1, 1]);
}
