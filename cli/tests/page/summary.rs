//! Summaries with wide numbers, long names and failures.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tt_cli::{
    report::{
        failures::{Failures, Reason},
        metrics::{Metric, Series, Statistic, counters},
        summary::{Origin, Summary},
    },
    settings::Funnel,
};

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045 + seconds)
}

/// The five metrics with more than a million records.
pub(crate) fn of_the_demo() -> Summary {
    let values = [1_234_567.0, 1_234_000.0, 567.0, 1_233_990.0, 10.0];
    let series = counters()
        .into_iter()
        .zip(values)
        .map(|(metric, value)| Series {
            metric,
            points: vec![(at(3), value), (at(20), 0.0)],
        });
    let reason = |text: &str, records, key: &str| Reason {
        text: text.into(),
        records,
        keys: vec![key.into()],
    };
    Summary {
        namespace: "pkyc/Salesforce".into(),
        origin: Origin::local("http://127.0.0.1:45678"),
        series: series.collect(),
        from: at(0),
        read_at: at(60),
        period_seconds: 1,
        longest: Duration::from_hours(1),
        cases: Some(1_233_990),
        funnel: Arc::new(Funnel::of_this_workspace()),
        failures: Some(Failures {
            bucket: "tt-local-000000000000-us-east-1".into(),
            reasons: vec![
                reason(
                    "no value for `customer_id`",
                    1_234_567,
                    "parked/tt-producer/incoming/a-very-long-file-name-of-an-export.csv/a83fccb7-9a88-49ce-becb-f5e7d30bb912/000000000001.ndjson",
                ),
                reason(
                    "REQUIRED_FIELD_MISSING",
                    10,
                    "parked/case-creation/fluwbqeotf4wqaqwkc4bnln54hyckeknnejksotj6ea7mw47fyta.json",
                ),
            ],
            unread: 1_000,
        }),
    }
}

/// The same of a stack in an account, whose objects have pages in the console.
pub(crate) fn in_an_account() -> Summary {
    Summary {
        origin: Origin {
            account: Some("123456789012".into()),
            region: "eu-central-1".into(),
            endpoint: None,
            stack: Some("tt-prod".into()),
        },
        ..of_the_demo()
    }
}

/// A week of a namespace without settings, with a metric of dimensions.
fn of_a_namespace() -> Summary {
    let dimensions = vec![(
        "FunctionName".to_owned(),
        "a-function-with-a-long-name-in-production".to_owned(),
    )];
    let metrics = [
        ("ConcurrentExecutionsOfAllFunctions", Vec::new()),
        ("Duration", dimensions),
    ];
    let series = metrics.map(|(name, dimensions)| Series {
        metric: Metric::unknown((name.to_owned(), dimensions), Statistic::Maximum),
        points: (0..7 * 24)
            .map(|hour| (at(hour * 3600), 987_654_321.0))
            .collect(),
    });
    Summary {
        namespace: "AWS/Lambda".into(),
        series: series.into(),
        from: at(0),
        read_at: at(7 * 86_400),
        period_seconds: 60,
        longest: Duration::from_hours(7 * 24),
        cases: None,
        funnel: Arc::default(),
        failures: None,
        ..in_an_account()
    }
}

pub(crate) fn all() -> [(&'static str, Summary); 3] {
    [
        ("demo", of_the_demo()),
        ("account", in_an_account()),
        ("namespace", of_a_namespace()),
    ]
}
