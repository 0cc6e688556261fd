//! A program states its namespace, by a text or by a constant, wherever items stand.
#![deny(warnings)]
#![forbid(unsafe_code)]
#![no_implicit_prelude]

::tt_metrics::namespace!("shop/Orders");

mod same {
    const ORDERS: &::core::primitive::str = "shop/Orders";
    ::tt_metrics::namespace!(ORDERS);
}

#[::tt_metrics::count("Shipped")]
fn ship() {}

fn main() {
    let metrics = ::tt_metrics::capture();
    ship();
    ::core::assert_eq!(metrics.count("Shipped"), 1);
    let config = ::core::result::Result::unwrap(::tt_metrics::Config::from_env());
    ::core::assert_eq!(config.namespace, "shop/Orders");
}
