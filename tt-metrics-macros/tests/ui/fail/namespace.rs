//! A namespace that CloudWatch refuses.

tt_metrics::namespace!("AWS/Lambda");

tt_metrics::namespace!("");

tt_metrics::namespace!(":orders");

tt_metrics::namespace!("bestellungen/\u{f6}l");

tt_metrics::namespace!(7);

fn main() {}
