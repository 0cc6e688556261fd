//! The promise to the user, on the whole local stack: 5 records are 5 Cases and 5 `SFCaseCreated`.

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

// One stack serves three claims: each is about what came before it.
#[tokio::test(flavor = "multi_thread")]
async fn each_record_is_counted_once_at_its_outcome() {
    let pipeline = pipeline::Pipeline::start().await;

    let five = pipeline.upload("five.csv", csv_of((1..=5).map(row))).await;
    let claim = "five records are five Cases";
    pipeline.settles_at([5, 5, 0, 5, 0], claim).await;
    assert_eq!(pipeline.distinct_cases(), 5);

    // The producer publishes a replay again, so its own metrics move; Cases and theirs must not.
    pipeline.replay(&five, 5).await;
    let claim = "a replay makes no further Case";
    pipeline.settles_at([10, 10, 0, 5, 0], claim).await;
    assert_eq!(pipeline.distinct_cases(), 5);

    // 7 rows lack a required value, 3 carry a subject longer than the 255 characters of Salesforce.
    let hundred = csv_of((1..=100).map(|number| match number {
        n if n % 14 == 0 => format!("R-{n},,RISK_CHANGED,LOW,no customer"),
        n @ (10 | 50 | 90) => format!("R-{n},C-{n},RISK_CHANGED,LOW,{}", "x".repeat(256)),
        n => row(n),
    }));
    pipeline.upload("hundred.csv", hundred).await;
    let claim = "100 records, 7 malformed and 3 refused by Salesforce, are 100 / 93 / 7 / 90 / 3";
    pipeline.settles_at([110, 103, 7, 95, 3], claim).await;
    assert_eq!(pipeline.distinct_cases(), 95);
    assert_eq!(pipeline.parked().await, 10, "what failed is kept");

    pipeline.stop().await;
}
