//! Faults of Salesforce and of the bucket: the counts are exact in spite of them.

use jiff::Timestamp;

use super::*;

/// Five events against these faults of the first calls.
async fn five_against(faults: Vec<Fault>) -> (Bench, Summary) {
    let bench = Bench::new().await;
    bench.script(faults);
    let summary = bench.run(&events(5)).await;
    (bench, summary)
}

/// Asserts that every Case exists and is counted once.
fn assert_five_cases(bench: &Bench, summary: &Summary) {
    assert_eq!(summary.response, BatchResponse::default());
    assert_eq!((bench.cases(), bench.counted()), (5, (5, 0)));
}

#[tokio::test]
async fn a_server_that_is_down_for_a_moment_costs_nothing() {
    let (bench, summary) = five_against(vec![down(); 2]).await;
    assert_five_cases(&bench, &summary);
}

#[tokio::test]
async fn a_call_that_was_done_and_timed_out_counts_as_created() {
    let (bench, summary) = five_against(vec![store_then_hang()]).await;
    assert_five_cases(&bench, &summary);
    assert_eq!(bench.finds(), 5);
}

#[tokio::test]
async fn two_deliveries_at_once_that_find_the_same_lost_cases_count_them_once() {
    let bench = Bench::new().await;
    bench.script([store_then_hang(), hang()]);
    // More Cases than concurrent lookups: both deliveries find the first ones before either counts.
    let batch = events(12);
    let (one, other) = tokio::join!(bench.run(&batch), bench.run(&batch));
    assert_eq!(one.succeeded + other.succeeded, 12);
    assert_eq!(one.neutral + other.neutral, 12);
    assert_eq!((bench.cases(), bench.counted()), (12, (12, 0)));
}

#[tokio::test]
async fn a_call_that_was_done_and_answered_503_counts_as_created() {
    let (bench, summary) = five_against(vec![Fault::fail_after(503, "SERVER_UNAVAILABLE")]).await;
    assert_five_cases(&bench, &summary);
}

#[tokio::test]
async fn a_result_list_of_the_wrong_length_is_a_lost_answer() {
    let (bench, summary) = five_against(vec![Fault::After(Ending::MissingResult)]).await;
    assert_five_cases(&bench, &summary);
}

#[tokio::test]
async fn a_call_that_timed_out_undone_is_repeated() {
    let (bench, summary) = five_against(vec![hang()]).await;
    assert_five_cases(&bench, &summary);
    assert_eq!(bench.finds(), 0);
}

#[test]
fn a_case_from_long_ago_is_a_replay_even_after_a_lost_answer() {
    let start = Timestamp::try_from(std::time::SystemTime::now()).unwrap();
    simulated_time::simulate(start, async |clock| {
        let metrics = tt_metrics::capture();
        let services = Services::within(clock);
        let process = || {
            let config = Config::from_lookup(|name| match name {
                "PARKING_BUCKET" => Some("bucket".to_owned()),
                "SALESFORCE_TOKEN_SECRET_ID" | "TOKEN_MANAGER_FUNCTION" => {
                    Some(name.to_lowercase())
                }
                _ => None,
            });
            let adapters = Adapters {
                salesforce: Some(services.connector()),
                clock,
                ..Adapters::default()
            };
            let aws = services.aws_config_within();
            CaseCreation::with_adapters(config.unwrap(), &aws, adapters).unwrap()
        };
        let run = async |function: &CaseCreation, events: &[Vec<u8>]| {
            let deadline = Deadline::after(Duration::from_mins(1), clock);
            function.handle(batch(events), deadline).await.unwrap()
        };
        run(&process(), &events(1)).await;
        clock.sleep(Duration::from_mins(5)).await;
        services.org().script(Api::Create, [store_then_hang()]);
        // Another process, which has not counted the first Case.
        let summary = run(&process(), &events(3)).await;
        assert_eq!((summary.succeeded, summary.neutral), (2, 1));
        assert_eq!(metrics.count("SFCaseCreated"), 3);
    });
}

#[tokio::test]
async fn a_case_counted_a_moment_ago_is_a_replay_even_after_a_lost_answer() {
    let bench = Bench::new().await;
    bench.reject(&event(0), "UNABLE_TO_LOCK_ROW");
    let summary = bench.run(&events(3)).await;
    assert_eq!(summary.response, retry_from(0));
    assert_eq!(bench.counted(), (2, 0));

    bench.rules(|rules| rules.refused.clear());
    bench.script([hang()]);
    bench.run(&events(3)).await;
    assert_eq!((bench.cases(), bench.counted()), (3, (3, 0)));
}

#[tokio::test]
async fn a_server_that_stays_down_blocks_and_counts_nothing() {
    let (bench, summary) = five_against(vec![down(); 4]).await;
    assert_eq!(summary.response, retry_from(0));
    assert_eq!((bench.cases(), bench.counted()), (0, (0, 0)));
    assert_eq!(bench.calls().len(), 4);
}

#[tokio::test]
async fn a_request_limit_stops_all_calls() {
    let (bench, summary) = five_against(vec![limit()]).await;
    assert_eq!(summary.response, retry_from(0));
    assert_eq!(bench.calls().len(), 1);
    assert_eq!(bench.counted(), (0, 0));
}

#[tokio::test]
async fn a_record_that_voids_its_call_is_found_by_halves() {
    let bench = Bench::new().await;
    let id = event(3).event_id.to_string();
    bench.rules(|rules| rules.unparsable.extend([id]));
    let summary = bench.run(&events(8)).await;
    assert_eq!(summary.response, BatchResponse::default());
    assert_eq!(bench.counted(), (7, 1));
    assert_eq!(bench.parked(&event(3))["code"], "JSON_PARSER_ERROR");
}

#[tokio::test]
async fn without_a_maximum_age_an_unknown_code_is_permanent_after_the_attempts() {
    let bench = Bench::new().await;
    bench.reject(&event(0), "NOT_IN_THE_TABLE");
    let summary = bench.run(&events(2)).await;
    assert_eq!(summary.response, BatchResponse::default());
    assert_eq!(bench.calls(), [2, 1, 1, 1]);
    assert_eq!(bench.counted(), (1, 1));
}

#[tokio::test]
async fn a_duplicate_without_a_field_is_looked_up() {
    let bench = Bench::new().await;
    bench.rules(|rules| rules.duplicates_name_the_field = false);
    bench.run(&events(1)).await;
    // The second event is a duplicate, too, but no Case has its id.
    bench.reject(&event(1), "DUPLICATE_VALUE");
    let summary = bench.run(&events(2)).await;
    assert_eq!((summary.neutral, summary.failed), (1, 1));
    assert_eq!(bench.finds(), 2);
    assert_eq!(bench.counted(), (1, 1));
}

#[tokio::test]
async fn a_record_that_cannot_be_parked_is_reported_and_not_counted() {
    let bench = Bench::new().await;
    bench.services.aws().put_faults.extend([(false, 403); 3]);
    let batch = encoded(&[event(0), too_long(1), event(2)]);
    let summary = bench.run(&batch).await;
    assert_eq!(summary.response, retry_from(1));
    assert_eq!(bench.counted(), (2, 0));

    let summary = bench.run(&batch[1..]).await;
    assert_eq!(summary.response, BatchResponse::default());
    assert_eq!(bench.counted(), (2, 1));
}

#[tokio::test]
async fn a_record_that_was_parked_without_an_answer_is_counted() {
    let bench = Bench::new().await;
    bench.services.aws().put_faults.push_back((true, 500));
    bench.run(&encoded(&[too_long(0)])).await;
    assert_eq!(bench.parked_count(), 1);
    assert_eq!(bench.counted(), (0, 1));
}

/// The answer of a lookup that finds several Cases.
fn several() -> Fault {
    Fault::Instead(Ending::Body {
        status: 300,
        body: r#"["/services/data/v62.0/sobjects/Case/500A"]"#.into(),
    })
}

#[tokio::test]
async fn a_case_that_is_found_twice_or_not_at_all_exists_if_it_is_a_duplicate() {
    // 300: several Cases have the id. 404: the user may create the Case and not read it.
    for found in [several(), Fault::refuse(404, "NOT_FOUND")] {
        let bench = Bench::new().await;
        bench.script([store_then_hang()]);
        bench.script_finds([found.clone()]);
        let summary = bench.run(&events(1)).await;
        assert_eq!((summary.neutral, summary.failed), (1, 0), "{found:?}");
    }
    let bench = Bench::new().await;
    bench.rules(|rules| rules.duplicates_name_the_field = false);
    bench.run(&events(1)).await;
    bench.script_finds([several()]);
    let summary = bench.run(&events(1)).await;
    assert_eq!((summary.neutral, summary.failed), (1, 0));
}

#[tokio::test]
async fn without_a_maximum_age_an_unknown_status_is_permanent_after_the_attempts() {
    let (bench, summary) = five_against(vec![Fault::refuse(418, "TEAPOT"); 4]).await;
    assert_eq!(summary.response, BatchResponse::default());
    assert_eq!(bench.counted(), (0, 5));
    let aws = bench.services.aws();
    assert!(aws.parked.values().all(|it| it["code"] == "TEAPOT"));
}

#[tokio::test]
async fn a_record_parked_at_the_second_try_is_counted_once() {
    let bench = Bench::new().await;
    let batch = [b"no event".to_vec()];
    bench.services.aws().put_faults.push_back((false, 500));
    for _ in 0..2 {
        bench.run(&batch).await;
        assert_eq!(bench.counted(), (0, 1));
    }
}

#[tokio::test]
async fn a_record_stays_pending_while_the_bucket_cannot_be_queried() {
    let bench = Bench::new().await;
    let faults = [(false, 403), (false, 403), (true, 500)];
    bench.services.aws().put_faults.extend(faults);
    bench.services.aws().head_faults.push_back(503);
    let batch = encoded(&[too_long(0)]);
    for counted in [(0, 0), (0, 0), (0, 1), (0, 1)] {
        bench.run(&batch).await;
        assert_eq!(bench.counted(), counted);
    }
    assert_eq!(bench.calls(), [1]);
}

#[tokio::test]
async fn a_case_that_was_counted_is_a_replay_after_a_lost_answer() {
    let bench = Bench::new().await;
    bench.run(&events(1)).await;
    bench.script([hang()]);
    let summary = bench.run(&events(1)).await;
    assert_eq!((summary.neutral, bench.counted()), (1, (1, 0)));
    assert_eq!(bench.finds(), 1);
}

#[tokio::test]
async fn a_request_that_was_not_sent_is_no_lost_call() {
    // No server listens there at first.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let bench = Bench::new().await;
    let url = bench.services.url().to_owned();
    let secret = bench.services.aws().secret.clone();
    bench.services.aws().secret = secret.replace(&url, &format!("http://{address}"));
    let summary = bench.run(&events(1)).await;
    assert_eq!(summary.response, retry_from(0));

    bench.services.aws().secret = secret;
    let deadline = Deadline::after(Duration::from_mins(1), Clock::system());
    let other = Bench::process(&bench.services, &[]);
    let handled = other.handle(batch(&events(1)), deadline).await;
    assert_eq!(handled.unwrap().response, BatchResponse::default());
    assert_eq!(bench.counted(), (1, 0));

    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let salesforce = url.trim_start_matches("http://").to_owned();
    tokio::spawn(async move {
        while let Ok((mut accepted, _)) = listener.accept().await {
            let mut forwarded = tokio::net::TcpStream::connect(&salesforce).await.unwrap();
            tokio::spawn(async move {
                tokio::io::copy_bidirectional(&mut accepted, &mut forwarded).await
            });
        }
    });
    // The Case of the other process would be taken for that of a lost call.
    let summary = bench.run(&events(1)).await;
    assert_eq!((summary.neutral, bench.counted()), (1, (1, 0)));
}
