//! A program may have distributed slices with the names that this crate uses for its own.

#![expect(unsafe_code, reason = "distributed slices are sections of the program")]

use linkme::distributed_slice;

#[distributed_slice]
static SITES: [u32];
#[distributed_slice]
static GAUGES: [u32];
#[distributed_slice]
static NAMESPACES: [u32];

#[distributed_slice(SITES)]
static SITE: u32 = 1;
#[distributed_slice(GAUGES)]
static GAUGE: u32 = 2;
#[distributed_slice(NAMESPACES)]
static NAMESPACE: u32 = 3;

tt_metrics::namespace!("shop/orders");

#[tt_metrics::count("Counted")]
fn counted() {}

#[test]
fn an_application_may_have_slices_of_its_own_with_common_names() {
    let metrics = tt_metrics::capture();
    counted();
    tt_metrics::gauge!("Measured", tt_metrics::Unit::Count, 1.0);
    assert_eq!(metrics.count("Counted"), 1);
    assert_eq!(tt_metrics::catalogue().count(), 2);
    assert_eq!(
        [&SITES[..], &GAUGES[..], &NAMESPACES[..]],
        [&[1], &[2], &[3]]
    );
}
