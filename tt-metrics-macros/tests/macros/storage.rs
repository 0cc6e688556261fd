//! `unit` and `resolution` decide how CloudWatch stores the metrics of an attribute.

use tt_metrics::{
    Resolution, Unit, capture,
    catalogue::{self, Entry, Meaning},
    count, count_outcome, outcome,
};

macro_rules! units {
    ($($function:ident $unit:literal $name:literal;)*) => {
        $(
            #[count($name, items = 1_u8, unit = $unit)]
            fn $function() {}
        )*

        /// Each unit that the attribute takes.
        const UNITS: &[(&str, &str)] = &[$(($name, $unit)),*];

        fn count_in_each() {
            $($function();)*
        }
    };
}

units! {
    seconds "Seconds" "StorageSeconds";
    microseconds "Microseconds" "StorageMicroseconds";
    milliseconds "Milliseconds" "StorageMilliseconds";
    bytes "Bytes" "StorageBytes";
    kilobytes "Kilobytes" "StorageKilobytes";
    megabytes "Megabytes" "StorageMegabytes";
    gigabytes "Gigabytes" "StorageGigabytes";
    terabytes "Terabytes" "StorageTerabytes";
    bits "Bits" "StorageBits";
    kilobits "Kilobits" "StorageKilobits";
    megabits "Megabits" "StorageMegabits";
    gigabits "Gigabits" "StorageGigabits";
    terabits "Terabits" "StorageTerabits";
    percent "Percent" "StoragePercent";
    calls "Count" "StorageCount";
    bytes_per_second "Bytes/Second" "StorageBytesPerSecond";
    kilobytes_per_second "Kilobytes/Second" "StorageKilobytesPerSecond";
    megabytes_per_second "Megabytes/Second" "StorageMegabytesPerSecond";
    gigabytes_per_second "Gigabytes/Second" "StorageGigabytesPerSecond";
    terabytes_per_second "Terabytes/Second" "StorageTerabytesPerSecond";
    bits_per_second "Bits/Second" "StorageBitsPerSecond";
    kilobits_per_second "Kilobits/Second" "StorageKilobitsPerSecond";
    megabits_per_second "Megabits/Second" "StorageMegabitsPerSecond";
    gigabits_per_second "Gigabits/Second" "StorageGigabitsPerSecond";
    terabits_per_second "Terabits/Second" "StorageTerabitsPerSecond";
    count_per_second "Count/Second" "StorageCountPerSecond";
    none "None" "StorageNone";
}

#[count_outcome(
    success = "StorageSent",
    failure = "StorageNotSent",
    items = text.len(),
    unit = "Bytes",
    resolution = "high"
)]
fn send(text: &str) -> Option<()> {
    (!text.is_empty()).then_some(())
}

#[count_outcome(
    success = "StorageDone",
    latency = "StorageTime",
    in_flight = "StorageOpen",
    resolution = 1
)]
fn work() -> bool {
    true
}

fn declared(metric: &str) -> Option<Entry<'static>> {
    catalogue::catalogue().find(|one| one.metric == metric)
}

#[test]
fn every_unit_of_cloudwatch_is_taken() {
    let metrics = capture();
    count_in_each();
    assert_eq!(UNITS.len(), Unit::ALL.len());
    for unit in Unit::ALL {
        let (name, _) = UNITS.iter().find(|(_, it)| *it == unit.as_str()).unwrap();
        assert_eq!(declared(name).unwrap().unit, unit.as_str());
        assert_eq!(declared(name).unwrap().resolution, Resolution::Standard);
        assert_eq!(metrics.count(name), 1);
    }
}

#[test]
fn a_unit_is_that_of_each_counter_and_counts_are_the_same() {
    let metrics = capture();
    assert!(send("four").is_some());
    assert_eq!(metrics.count("StorageSent"), 4);
    for name in ["StorageSent", "StorageNotSent"] {
        assert_eq!(declared(name).unwrap().unit, "Bytes");
        assert_eq!(declared(name).unwrap().resolution, Resolution::High);
    }
}

#[test]
fn a_resolution_is_that_of_every_metric_and_times_keep_their_unit() {
    assert!(work());
    let units = ["StorageDone", "StorageTime", "StorageOpen"].map(|name| {
        let declared = declared(name).unwrap();
        (declared.meaning, declared.unit, declared.resolution)
    });
    assert_eq!(
        units,
        [
            (Meaning::Success, "Count", Resolution::High),
            (Meaning::Latency, "Milliseconds", Resolution::High),
            (Meaning::InFlight, "Count", Resolution::High),
        ]
    );
}

#[test]
fn a_block_takes_both() {
    let metrics = capture();
    let body = [1, 2, 3];
    let sent = outcome!(success = "StorageBlock", items = body.len(), unit = "Bits", resolution = "high"; Some(()));
    assert!(sent.is_some());
    assert_eq!(metrics.count("StorageBlock"), 3);
    let declared = declared("StorageBlock").unwrap();
    assert_eq!(
        (declared.unit, declared.resolution),
        ("Bits", Resolution::High)
    );
}
