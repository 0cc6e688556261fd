//! The same function, counted with other crates as their documentation recommends.

use std::{io, sync::LazyLock};

use metrique::{emf::Emf, unit_of_work::metrics};
use metrique_writer::{BoxEntrySink, FormatExt, sink::FlushImmediately};
use tracing_subscriber::fmt::format::FmtSpan;
use tt_bench::functions::{Shipped, body};

/// Installs the recorders and subscribers of the crates.
pub fn set_up() {
    metrics_cloudwatch_embedded::Builder::new()
        .cloudwatch_namespace("shop/orders")
        .init()
        .expect("is the only recorder");
    tracing_subscriber::fmt()
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(io::sink)
        .init();
}

#[inline(never)]
pub fn metrics(order: u64) -> Shipped {
    let shipped = body(order);
    match &shipped {
        Ok(_) => metrics::counter!("BenchShipped").increment(1),
        Err(_) => metrics::counter!("BenchFailed").increment(1),
    }
    shipped
}

#[metrics(rename_all = "PascalCase")]
#[derive(Default)]
struct Outcomes {
    bench_shipped: u64,
    bench_failed: u64,
}

static SINK: LazyLock<BoxEntrySink> = LazyLock::new(|| {
    let emf = Emf::all_validations("shop/orders".to_owned(), vec![vec![]]);
    FlushImmediately::new_boxed(emf.output_to(io::sink()))
});

#[inline(never)]
pub fn metrique(order: u64) -> Shipped {
    let mut outcomes = Outcomes::default().append_on_drop(SINK.clone());
    let shipped = body(order);
    match &shipped {
        Ok(_) => outcomes.bench_shipped = 1,
        Err(_) => outcomes.bench_failed = 1,
    }
    shipped
}

#[inline(never)]
#[autometrics::autometrics]
pub fn autometrics(order: u64) -> Shipped {
    body(order)
}

#[inline(never)]
#[tracing::instrument]
pub fn instrument(order: u64) -> Shipped {
    body(order)
}
