//! On the whole local stack, 5 records are 5 Cases and 5 `SFCaseCreated`: at the first upload, after a replay, and after
//! failures.

#[cfg(test)]
#[path = "acceptance/event.rs"]
mod event;
#[cfg(test)]
#[path = "acceptance/pipeline.rs"]
mod pipeline;

fn csv_of(rows: impl IntoIterator<Item = String>) -> String {
    let mut file = String::from("record_id,customer_id,event_type,risk_rating,subject\n");
    for row in rows {
        file.push_str(&row);
        file.push('\n');
    }
    file
}

fn row(number: usize) -> String {
    format!("R-{number},C-{number},RISK_CHANGED,HIGH,Review {number}")
}

// One stack serves all claims, since it takes long to start. The sums accumulate.
#[tokio::test(flavor = "multi_thread")]
async fn each_record_is_counted_once_at_its_outcome() {
    let pipeline = pipeline::Pipeline::start(&[]).await;
    let sink = pipeline.variable("TTProducer", "TT_METRICS_SINK").await;
    assert_eq!(sink.as_deref(), Some("emf"), "the sink of the template");

    let five = pipeline.upload("five.csv", csv_of((1..=5).map(row))).await;
    let claim = "five records are five Cases";
    pipeline.settles_at([5, 5, 0, 5, 0], claim).await;
    assert_eq!(pipeline.distinct_cases(), 5);

    // TT Producer publishes a replay again, which moves its metrics. Case Creation recognizes the events.
    pipeline.replay(&five, 5).await;
    let claim = "a replay creates no Case";
    pipeline.settles_at([10, 10, 0, 5, 0], claim).await;
    assert_eq!(pipeline.distinct_cases(), 5);

    pipeline.upload("five.csv", csv_of((1..=5).map(row))).await;
    let claim = "a second upload with the same key is new work";
    pipeline.settles_at([15, 15, 0, 10, 0], claim).await;
    assert_eq!(pipeline.distinct_cases(), 10);

    let redelivered = pipeline.redeliver_stream().await;
    assert_eq!(redelivered["batchItemFailures"], serde_json::json!([]));
    let claim = "a batch that Kinesis delivers again creates no Case";
    pipeline.settles_at([15, 15, 0, 10, 0], claim).await;
    assert_eq!(pipeline.distinct_cases(), 10);

    // 7 rows lack a required value, 3 carry a subject longer than the 255 characters of Salesforce.
    let hundred = csv_of((1..=100).map(|number| match number {
        n if n % 14 == 0 => format!("R-{n},,RISK_CHANGED,LOW,no customer"),
        n @ (10 | 50 | 90) => format!("R-{n},C-{n},RISK_CHANGED,LOW,{}", "x".repeat(256)),
        n => row(n),
    }));
    pipeline.upload("hundred.csv", hundred).await;
    let claim = "100 records, 7 malformed and 3 refused by Salesforce, are 100 / 93 / 7 / 90 / 3";
    pipeline.settles_at([115, 108, 7, 100, 3], claim).await;
    assert_eq!(pipeline.distinct_cases(), 100);
    assert_eq!(pipeline.parked().await, 10, "failed records are parked");

    let many = csv_of((1..=450).map(row));
    let logins = pipeline.upload_while_the_token_ends("many.csv", many).await;
    let claim = "a session that ends between two calls loses no Case";
    pipeline.settles_at([565, 558, 7, 550, 3], claim).await;
    assert_eq!(pipeline.distinct_cases(), 550);
    assert_eq!(pipeline.logins() - logins, 1, "one login for a new token");

    pipeline.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_record_is_counted_once_by_put_metric_data() {
    let parameters = [("MetricSink", "put_metric_data")];
    let pipeline = pipeline::Pipeline::start(&parameters).await;
    let sink = pipeline.variable("CaseCreation", "TT_METRICS_SINK").await;
    assert_eq!(sink.as_deref(), Some("put_metric_data"));

    let rows = (1..=5).map(row);
    let malformed = "R-6,,RISK_CHANGED,LOW,no customer".to_owned();
    let six = csv_of(rows.chain([malformed]));
    pipeline.upload("six.csv", six).await;
    let claim = "five records are five Cases, and a malformed one fails";
    pipeline.settles_at([6, 5, 1, 5, 0], claim).await;
    assert_eq!(pipeline.distinct_cases(), 5);

    pipeline.stop().await;
}
