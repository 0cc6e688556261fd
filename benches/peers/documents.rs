//! Measures how long a document of five metrics takes to render with this and other crates, in one run.

use std::{
    cell::RefCell,
    hint::black_box,
    sync::{LazyLock, OnceLock},
    time::SystemTime,
};

use metrics::Counter;
use metrics_cloudwatch_embedded::Collector;
use metrique::{CloseValue, RootEntry, emf::Emf, timers::Timestamp, unit_of_work::metrics};
use metrique_writer::format::Format;
use tt_bench::{Case, documents, measure, table};

fn main() {
    let collector = metrics_cloudwatch_embedded::Builder::new()
        .cloudwatch_namespace(documents::NAMESPACE)
        .emit_zeros(true)
        .init()
        .expect("is the only recorder");
    COLLECTOR.set(collector).ok().expect("is set once");
    check();
    let cases = [
        Case::new(
            "limit, measured a second time",
            documents::many_preformatted,
        ),
        Case::new(
            "limit: preformatted text and `itoa`",
            documents::many_preformatted,
        ),
        Case::new("`tt-metrics`", documents::many_rendered),
        Case::new("`metrique` 0.1", many_by_metrique),
        Case::new(
            "`metrics_cloudwatch_embedded` 0.10",
            many_by_metrics_cloudwatch_embedded,
        ),
    ];
    println!("{}", table("a document of five metrics", &measure(&cases)));
}

#[metrics(rename_all = "PascalCase")]
struct Orders {
    #[metrics(timestamp)]
    at: Timestamp,
    #[metrics(unit = metrique::unit::Count)]
    orders_received: u64,
    #[metrics(unit = metrique::unit::Count)]
    order_shipped: u64,
    #[metrics(unit = metrique::unit::Count)]
    order_failed: u64,
    #[metrics(unit = metrique::unit::Count)]
    invoice_sent: u64,
    #[metrics(unit = metrique::unit::Count)]
    invoice_failed: u64,
}

thread_local! {
    static EMF: RefCell<Emf> = RefCell::new(Emf::all_validations(documents::NAMESPACE.to_owned(), vec![vec![]]));
}

fn by_metrique([received, shipped, failed, sent, unsent]: [u64; 5], document: &mut Vec<u8>) {
    let orders = Orders {
        at: Timestamp::now(),
        orders_received: received,
        order_shipped: shipped,
        order_failed: failed,
        invoice_sent: sent,
        invoice_failed: unsent,
    };
    let entry = RootEntry::new(orders.close());
    EMF.with_borrow_mut(|emf| emf.format(&entry, document))
        .expect("writes to memory");
}

fn many_by_metrique(documents: u64) {
    let mut document = Vec::with_capacity(1024);
    for growth in 0..documents {
        document.clear();
        by_metrique(black_box([growth, 5, 0, 17, 100_000]), &mut document);
        black_box(&document);
    }
}

static COLLECTOR: OnceLock<&'static Collector> = OnceLock::new();
static COUNTERS: LazyLock<[Counter; 5]> =
    LazyLock::new(|| documents::NAMES.map(|name| metrics::counter!(name)));

fn by_metrics_cloudwatch_embedded(growth: [u64; 5], document: &mut Vec<u8>) {
    for (counter, growth) in COUNTERS.iter().zip(growth) {
        counter.increment(growth);
    }
    let collector = COLLECTOR.get().expect("is set first");
    collector.flush(document).expect("writes to memory");
}

fn many_by_metrics_cloudwatch_embedded(documents: u64) {
    let mut document = Vec::with_capacity(1024);
    for growth in 0..documents {
        document.clear();
        by_metrics_cloudwatch_embedded(black_box([growth, 5, 0, 17, 100_000]), &mut document);
        black_box(&document);
    }
}

/// Checks that each crate writes the same five values in a valid document.
fn check() {
    let growth = [1, 5, 0, 17, 100_000];
    let ours =
        |growth, document: &mut Vec<u8>| documents::rendered(&documents::data(growth), document);
    let ways: [fn([u64; 5], &mut Vec<u8>); 4] = [
        documents::preformatted,
        ours,
        by_metrique,
        by_metrics_cloudwatch_embedded,
    ];
    for way in ways {
        let mut document = Vec::new();
        way(growth, &mut document);
        let document = String::from_utf8(document).expect("is text");
        let stored = cloudwatch_stand_in::read_document(document.trim(), SystemTime::now());
        let stored = stored.expect("CloudWatch takes it");
        for (name, growth) in documents::NAMES.iter().zip(growth) {
            let found = stored.iter().find(|it| it.metric == *name);
            assert_eq!(found.map(|it| it.sum()), Some(growth as f64), "{document}");
        }
    }
}
