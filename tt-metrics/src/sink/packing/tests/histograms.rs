//! Documents of many observations.

use super::*;

/// The number of times that documents contain each value of a histogram, and the number of dropped data.
fn times_written(observed: &[(f64, u64)]) -> (Vec<u64>, u64) {
    let sets = DimensionSets::default();
    let frame = frame(&sets, Properties::NONE);
    let data = vec![Datum::histogram(METRICS[3], observed.iter().copied())];
    let dropped = Packing::DOCUMENTS.pack(data.clone(), frame).dropped;
    let mut times: BTreeMap<u64, u64> = BTreeMap::new();
    for (value, _) in documents(&data, frame, dropped)
        .iter()
        .flat_map(|it| &it.observed)
    {
        *times.entry(value.to_bits()).or_default() += 1;
    }
    let of = |(value, _): &(f64, u64)| times.get(&value.to_bits()).copied().unwrap_or(0);
    (observed.iter().map(of).collect(), dropped)
}

#[test]
fn count_and_sum_of_a_histogram_are_exact_up_to_100_000_observations() {
    let observed = [(0.1, 33_333), (2.5, 0), (7.0, 66_666), (9.0, 1)];
    let (times, dropped) = times_written(&observed);
    assert_eq!((times, dropped), (vec![33_333, 0, 66_666, 1], 0));
}

#[test]
fn beyond_100_000_observations_each_value_keeps_its_share_to_one_observation() {
    let mut rng = Rng::with_seed(7);
    let many = (0..500).map(|value| (f64::from(value), rng.u64(..2_000)));
    for observed in [
        vec![(1.0, 100_000), (2.0, 1)],
        vec![(1.0, u64::MAX), (2.0, u64::MAX), (3.0, 1), (4.0, 0)],
        many.collect(),
    ] {
        let (times, dropped) = times_written(&observed);
        assert_eq!(dropped, 1, "is counted as `MetricsDropped`");
        let all: u128 = observed.iter().map(|(_, times)| u128::from(*times)).sum();
        assert!(all > 100_000);
        for ((_, before), after) in observed.into_iter().zip(times) {
            let share = u64::try_from(u128::from(before) * 100_000 / all).expect("is less");
            let expected = if before == 0 { 0 } else { share.max(1) };
            assert_eq!(after, expected, "of {before}");
        }
    }
}

#[test]
fn documents_of_further_observations_come_after_those_with_counts() {
    let post = Dimensions::new([("carrier", "post")]);
    let data = vec![
        Datum::histogram(METRICS[3], [(1.0, 250)]),
        Datum::count(METRICS[4], 1).with_dimensions(post.clone()),
        Datum::histogram(METRICS[3], [(1.0, 150)]).with_dimensions(post),
        Datum::count(METRICS[5], 1),
    ];
    let packed = Packing::DOCUMENTS.pack(data, frame(&DimensionSets::default(), Properties::NONE));
    assert_eq!(sizes(&packed), [2, 2, 1, 1, 1]);
}
