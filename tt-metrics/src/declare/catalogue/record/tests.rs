//! A record is read as it was declared.

use super::*;
use crate::{declare::DeclaredDimension, metric::Unit};

const ALL: Declaration = Declaration {
    success: Some(MetricName::new("OrderShipped")),
    failure: Some(MetricName::new("OrderRefused")),
    latency: Some(MetricName::new("ShipTime")),
    in_flight: Some(MetricName::new("OpenOrders")),
    dimensions: &[
        DeclaredDimension {
            name: "Paid",
            values: &["false", "true"],
            max: 0,
        },
        DeclaredDimension {
            name: "Shop",
            values: &[],
            max: 300,
        },
    ],
    errors: &["Stock"],
    unit: Unit::Bytes,
    resolution: Resolution::High,
    ..Declaration::new("shop::ship", "src/ship.rs", 70_000, "Ships.\n\nÜber See.")
};
const RECORD: [u8; encoded_len(&ALL)] = encode(&ALL);

#[test]
fn a_record_holds_all_that_was_declared() {
    let declared = decode(&RECORD).unwrap();
    let names: Vec<_> = declared
        .iter()
        .map(|one| {
            (
                one.metric,
                one.unit,
                one.kind.as_str(),
                one.meaning.as_str(),
            )
        })
        .collect();
    assert_eq!(
        names,
        [
            ("OrderShipped", "Bytes", "counter", "success"),
            ("OrderRefused", "Bytes", "counter", "failure"),
            ("ShipTime", "Milliseconds", "histogram", "latency"),
            ("OpenOrders", "Count", "gauge", "in flight"),
        ]
    );
    let sets = |one: &Entry<'_>| -> Vec<Vec<String>> {
        let names = |set: &Vec<DimensionEntry<'_>>| set.iter().map(|d| d.name.to_owned()).collect();
        one.dimensions.iter().map(names).collect()
    };
    let none: &[&str] = &[];
    assert_eq!(sets(&declared[0]), [none, &["Paid", "Shop"]]);
    assert_eq!(sets(&declared[1]), [none, &["Paid", "Shop"], &["Error"]]);
    assert_eq!(sets(&declared[2]), [none]);
    assert_eq!(declared[0].dimensions[1][0].values, ["false", "true"]);
    assert_eq!(declared[0].dimensions[1][1].max, 300);
    let errors = &declared[1].dimensions[2][0].values;
    assert_eq!(*errors, ["Stock", "Panic", "Other"]);
    let place = (declared[3].function, declared[3].file, declared[3].line);
    assert_eq!(place, ("shop::ship", "src/ship.rs", 70_000));
    let resolutions: Vec<_> = declared.iter().map(|one| one.resolution).collect();
    assert_eq!(resolutions, [Resolution::High; 4]);
    assert_eq!(declared[3].doc, "Ships.\n\nÜber See.");
}

#[test]
fn a_record_cut_anywhere_is_no_record() {
    for length in 0..RECORD.len() {
        assert_eq!(decode(&RECORD[..length]), None, "{length}");
    }
}
