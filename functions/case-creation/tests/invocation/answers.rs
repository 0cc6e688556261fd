//! Answers of Salesforce and of proxies in front of it.

use super::*;

fn page(status: u16) -> Fault {
    Fault::Instead(Ending::Body {
        status,
        body: "<html><body>Down for maintenance</body></html>".into(),
    })
}

fn body(status: u16, body: &'static str) -> Fault {
    Fault::Instead(Ending::Body {
        status,
        body: body.into(),
    })
}

/// Refuses all records of a call.
fn refuse_all(code: &'static str, message: &'static str) -> Fault {
    Fault::RefuseRecords {
        code: code.into(),
        message: message.into(),
        positions: Vec::new(),
    }
}

/// The event of a batch that just arrived.
fn fresh(payloads: &[Vec<u8>]) -> Event {
    let now = jiff::Timestamp::now().as_duration().as_secs_f64();
    serde_json::from_str(&event_text(payloads, now)).unwrap()
}

/// A bench whose event source mapping has a maximum age of six hours.
async fn bench_with_age() -> Bench {
    Bench::with_settings(&[("MAX_RECORD_AGE_SECONDS", "21600")]).await
}

#[tokio::test]
async fn a_lock_in_the_text_of_a_trigger_error_is_tried_again() {
    let bench = Bench::new().await;
    let text = "CaseTrigger: execution of AfterInsert caused by: System.DmlException: Update failed. \
         First exception on row 0; first error: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access";
    bench.script([refuse_all("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", text)]);
    let summary = bench.run(&events(3)).await;
    assert_eq!(summary.response, BatchResponse::default());
    assert_eq!((bench.cases(), bench.counted()), (3, (3, 0)));
}

#[tokio::test]
async fn a_full_org_holds_calls_back_and_parks_nothing() {
    let bench = Bench::new().await;
    bench.script([refuse_all(
        "STORAGE_LIMIT_EXCEEDED",
        "storage limit exceeded",
    )]);
    for _ in 0..3 {
        let summary = bench.run(&events(200)).await;
        assert_eq!(summary.response, retry_from(0));
    }
    assert_eq!(bench.calls(), [200]);
    assert_eq!((bench.parked_count(), bench.counted()), (0, (0, 0)));
}

#[tokio::test]
async fn a_lookup_accepts_only_the_json_of_a_case() {
    for answer in [
        page(200),
        page(404),
        body(200, "[]"),
        body(200, "{}"),
        body(200, ""),
        body(404, "[]"),
        body(300, "<html>"),
        Fault::refuse(404, "URL_NOT_RESET"),
    ] {
        let bench = Bench::new().await;
        let record = discards::record_of(&events(1));
        bench.script_finds([answer.clone()]);
        let undecided = bench.handle(discards::read(&record)).await;
        assert!(
            matches!(undecided, Err(Error::Undecided { .. })),
            "{answer:?}"
        );
        assert_eq!((bench.parked_count(), bench.counted()), (0, (0, 0)));
        bench.handle(discards::read(&record)).await.unwrap();
        assert_eq!((bench.parked_count(), bench.counted()), (1, (0, 1)));
    }
}

#[tokio::test]
async fn many_values_that_void_their_calls_cost_about_one_call_each() {
    let bench = Bench::new().await;
    let ids: Vec<_> = (0..200).map(|n| event(n).event_id.to_string()).collect();
    bench.rules(|rules| rules.unparsable.extend(ids));
    let summary = bench.run(&events(200)).await;
    assert_eq!(summary.response, BatchResponse::default());
    assert_eq!(bench.counted(), (0, 200));
    let calls = bench.calls().len();
    assert!(calls <= 231, "{calls}");
}

#[tokio::test]
async fn one_value_of_two_hundred_that_voids_its_call_costs_sixteen_calls() {
    let bench = Bench::new().await;
    let id = event(77).event_id.to_string();
    bench.rules(|rules| rules.unparsable.extend([id]));
    bench.run(&events(200)).await;
    assert_eq!(bench.counted(), (199, 1));
    let calls = bench.calls().len();
    assert!(calls <= 17, "{calls}");
}

#[tokio::test]
async fn a_status_without_an_error_of_salesforce_rejects_no_record() {
    for answer in [
        page(400),
        page(413),
        body(400, "[]"),
        Fault::refuse(400, "NOT_IN_THE_TABLE"),
    ] {
        let bench = bench_with_age().await;
        bench.script(vec![answer.clone(); 60]);
        let summary = bench.handle(fresh(&events(3))).await.unwrap();
        assert_eq!(summary.response, retry_from(0), "{answer:?}");
        assert_eq!((bench.parked_count(), bench.counted()), (0, (0, 0)));
    }
}

#[tokio::test]
async fn an_unknown_code_is_final_only_when_the_record_is_about_to_expire() {
    let bench = bench_with_age().await;
    bench.reject(&event(0), "NOT_IN_THE_TABLE");
    for _ in 0..3 {
        let summary = bench.handle(fresh(&events(2))).await.unwrap();
        assert_eq!(summary.response, retry_from(0));
    }
    assert_eq!((bench.parked_count(), bench.counted()), (0, (1, 0)));
    // A batch from long ago.
    bench.run(&events(2)).await;
    assert_eq!(bench.parked(&event(0))["code"], "NOT_IN_THE_TABLE");
    assert_eq!(bench.counted(), (1, 1));
}

#[tokio::test]
async fn an_unknown_field_of_the_mapping_is_one_error_and_rejects_no_record() {
    const MAPPING: &str = "external_id = \"TT_Event_Id__c\"\n[fields]\nNo_Such_Field__c = \"x\"";
    let (log, _guards) = log::Log::start();
    let settings = [
        ("CASE_MAPPING", MAPPING),
        ("MAX_RECORD_AGE_SECONDS", "21600"),
    ];
    let bench = Bench::with_settings(&settings).await;
    for _ in 0..3 {
        let summary = bench.handle(fresh(&events(200))).await.unwrap();
        assert_eq!(summary.response, retry_from(0));
    }
    assert_eq!((bench.parked_count(), bench.counted()), (0, (0, 0)));
    assert_eq!(bench.calls().len(), 1);
    let message = "the case mapping does not fit the org";
    assert_eq!(log.count(message), 1, "{}", log.text());
    assert!(log.text().contains("No_Such_Field__c"), "{}", log.text());
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let bench = Bench::new().await;
    // Without the limit these two records would count as created.
    let created = r#"{"id":"500000000000001AAA","success":true,"errors":[]}"#;
    let padding = " ".repeat(8 << 20);
    let endless = format!("[{created},{created}{padding}]");
    bench.script([body(200, Box::leak(endless.into_boxed_str()))]);
    let summary = bench.run(&events(2)).await;
    assert_eq!(summary.response, BatchResponse::default());
    assert_eq!((bench.cases(), bench.counted()), (2, (2, 0)));
}

#[tokio::test]
async fn a_report_or_a_secret_without_end_is_not_read_to_its_end() {
    let endless = vec![b' '; 40 << 20];
    let bench = Bench::new().await;
    bench
        .services
        .aws()
        .objects
        .insert("endless".to_owned(), endless.clone());
    let notification = discards::notification_of(&["endless"]);
    let error = bench
        .handle(discards::read(&notification))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("longer than 16777216 bytes"),
        "{error}"
    );

    let bench = Bench::new().await;
    bench.services.aws().secret = String::from_utf8(endless).unwrap();
    let summary = bench.run(&events(1)).await;
    assert_eq!(summary.response, retry_from(0));
    assert_eq!(bench.services.aws().refreshes.len(), 0);
}

#[tokio::test]
async fn an_aggregate_without_an_event_is_parked_as_one_object() {
    let mut aggregate = kinesis_batch::Aggregate::new(1 << 20);
    for _ in 0..9_999 {
        assert!(aggregate.push(&kinesis_batch::Entry::new("k", "")));
    }
    let bench = Bench::new().await;
    bench
        .run(&[aggregate.into_entry().data, event(0).encode()])
        .await;
    assert_eq!((bench.parked_count(), bench.counted()), (1, (1, 1)));
}
