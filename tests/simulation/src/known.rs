//! Scripts that failed once, or that each prove one promise.

use std::{collections::BTreeSet, time::Duration};

use salesforce_stand_in::{Ending, Fault};

use crate::{
    run::{End, hide_provoked_panics, run},
    script::{Down, Script, Sent, What, html},
    stream::PutFault,
};

fn down() -> Fault {
    Fault::refuse(503, "SERVER_UNAVAILABLE")
}

fn limit() -> Fault {
    Fault::refuse(403, "REQUEST_LIMIT_EXCEEDED")
}

fn panic() -> Fault {
    Fault::Instead(Ending::Panic)
}

fn store_then_hang() -> Fault {
    Fault::After(Ending::Hang)
}

fn events(count: usize) -> Script {
    let sent = Sent {
        what: What::Event,
        gap: 0,
        shard: 0,
        joined: false,
    };
    Script {
        records: vec![sent; count],
        stream: Vec::new(),
        aggregate: false,
        batch_size: 10,
        parallel: 1,
        bisect: true,
        attempts: None,
        renews_attempts: false,
        lost_answers: BTreeSet::new(),
        calls: Vec::new(),
        finds: Vec::new(),
        puts: Vec::new(),
        heads: Vec::new(),
        outage: None,
        stop: None,
    }
}

/// Runs a script and returns the Cases and failures that were counted.
fn counted(script: &Script) -> (u64, u64) {
    hide_provoked_panics();
    let end = run(script);
    end.check().unwrap();
    (end.state.created, end.state.failed)
}

#[test]
fn a_case_whose_answer_was_lost_counts_when_the_next_invocation_finds_it() {
    let mut script = events(3);
    script.calls = vec![store_then_hang()];
    script.calls.extend(vec![down(); 5]);
    assert_eq!(counted(&script), (3, 0));
}

#[test]
fn what_kinesis_refuses_to_the_end_is_failed_and_no_case() {
    let mut script = events(3);
    // Three tries; the second record gets through at the last of them, the third never.
    script.stream = [0b110, 0b11, 0b10].map(PutFault::RefuseSome).to_vec();
    let end = run(&script);
    end.check().unwrap();
    let produced = &end.produced;
    let counts = (produced.received, produced.published, produced.failed);
    assert_eq!(counts, (3, 2, 1));
    assert_eq!((end.state.created, end.state.failed), (2, 0));
}

#[test]
fn what_is_published_twice_after_a_lost_answer_is_one_case() {
    let mut script = events(2);
    script.stream = vec![PutFault::StoreThenFail, PutFault::StoreThenFail];
    let end = run(&script);
    end.check().unwrap();
    assert_eq!(end.produced.records.len(), 6);
    assert_eq!((end.produced.published, end.state.created), (2, 2));
}

#[test]
fn a_stream_that_the_publisher_aggregated_is_one_case_for_each_event() {
    let mut script = events(5);
    script.aggregate = true;
    script.records[3].what = What::TooLong;
    script.records[4].what = What::Malformed;
    script.calls = vec![Fault::refuse_record(1, "SERVER_UNAVAILABLE"); 6];
    let end = run(&script);
    end.check().unwrap();
    // All of them in one Kinesis record.
    let numbers = end.produced.records.iter().map(|r| &r.sequence_number);
    assert_eq!(numbers.clone().count(), 4);
    assert_eq!(numbers.collect::<BTreeSet<_>>().len(), 1);
    assert_eq!((end.produced.published, end.produced.failed), (4, 1));
    assert_eq!((end.state.created, end.state.failed), (3, 1));
}

#[test]
fn a_record_that_was_parked_stays_so_when_its_delivery_comes_again() {
    let mut script = events(1);
    script.calls = vec![panic()];
    script.lost_answers = BTreeSet::from([0]);
    assert_eq!(counted(&script), (0, 1));
}

#[test]
fn a_record_that_was_parked_without_an_answer_stays_so_and_is_counted() {
    let mut script = events(1);
    script.calls = vec![panic()];
    script.puts = vec![(false, 503), (false, 503), (true, 500)];
    assert_eq!(counted(&script), (0, 1));
}

#[test]
fn a_record_that_was_found_parked_stays_so_when_its_delivery_comes_again() {
    let mut script = events(1);
    script.calls = vec![panic()];
    script.puts = vec![(false, 503), (false, 503), (true, 500)];
    script.lost_answers = BTreeSet::from([1]);
    assert_eq!(counted(&script), (0, 1));
}

#[test]
fn a_case_that_was_counted_is_not_given_up_when_salesforce_cannot_be_asked_any_more() {
    let mut script = events(1);
    script.lost_answers = BTreeSet::from([0]);
    script.calls = vec![Fault::None, limit(), limit(), limit()];
    script.outage = Some(Down {
        minutes: 1..120,
        ending: Ending::error(403, "REQUEST_LIMIT_EXCEEDED"),
    });
    assert_eq!(counted(&script), (1, 0));
}

#[test]
fn what_was_never_sent_is_given_up_though_salesforce_cannot_be_asked() {
    let mut script = events(2);
    script.outage = Some(Down {
        minutes: 0..120,
        ending: Ending::error(403, "REQUEST_LIMIT_EXCEEDED"),
    });
    let end = run(&script);
    end.check().unwrap();
    // By the function itself: a discarded record would have the condition of the mapping as its code.
    let aws = end.services.aws();
    assert!(
        aws.parked
            .values()
            .all(|parked| parked["code"] == "EXPIRED")
    );
    assert_eq!(aws.parked.len(), 2);
}

#[test]
fn an_outage_beyond_the_age_of_records_parks_them_counted() {
    for ending in [
        Ending::error(503, "SERVER_UNAVAILABLE"),
        Ending::error(403, "REQUEST_LIMIT_EXCEEDED"),
        Ending::Hang,
        html(200),
        html(404),
    ] {
        let mut script = events(12);
        script.outage = Some(Down {
            minutes: 0..120,
            ending: ending.clone(),
        });
        assert_eq!(counted(&script), (0, 12), "{ending:?}");
    }
}

#[test]
fn a_batch_that_lambda_discards_is_counted_where_it_is_no_case() {
    let mut script = events(5);
    script.attempts = Some(0);
    script.calls = vec![Fault::refuse_record(2, "SERVER_UNAVAILABLE"); 6];
    // The last four tries hold one record only: it alone is discarded.
    assert_eq!(counted(&script), (4, 1));
}

#[test]
fn a_panic_in_delivery_costs_its_record_alone() {
    let mut script = events(2);
    script.calls = vec![Fault::After(Ending::Panic), panic()];
    assert_eq!(counted(&script), (2, 0));
    let mut script = events(2);
    script.calls = vec![panic(), panic()];
    assert_eq!(counted(&script), (1, 1));
}

#[test]
fn a_put_whose_answer_was_lost_counts_when_the_next_invocation_finds_it() {
    let mut script = events(1);
    script.records[0].what = What::TooLong;
    script.puts = vec![(true, 500), (false, 503), (false, 503)];
    assert_eq!(counted(&script), (0, 1));
}

#[test]
fn a_request_limit_holds_calls_back_until_one_goes_through() {
    let mut script = events(3);
    script.calls = vec![limit(); 4];
    hide_provoked_panics();
    let end = run(&script);
    end.check().unwrap();
    assert_eq!(end.state.created, 3);
    // Pauses of 30, 60, 120 and 240 seconds, each followed by one call.
    let sizes: Vec<_> = calls(&end).iter().map(|call| call.records.len()).collect();
    assert_eq!(sizes, [3; 5]);
}

#[test]
fn a_process_that_is_stopped_leaves_what_it_had_not_counted_to_the_next() {
    hide_provoked_panics();
    let mut script = events(3);
    script.calls = vec![store_then_hang()];
    script.stop = Some(Duration::from_secs(1));
    let end = run(&script);
    end.check().unwrap();
    let stopped = end.stopped.unwrap();
    assert_eq!((stopped.cases.len(), stopped.created), (3, 0));
    assert_eq!(stopped.retryable.len(), 3);
    // It takes them for replays: its predecessor might have counted them.
    assert_eq!((end.state.cases.len(), end.state.created), (3, 0));
}

#[test]
fn a_discarded_batch_whose_process_is_stopped_is_decided_by_the_next() {
    hide_provoked_panics();
    let mut script = events(1);
    script.attempts = Some(0);
    script.calls = vec![down(); 5];
    script.finds = vec![Some(503)];
    script.stop = Some(Duration::from_secs(30));
    let end = run(&script);
    end.check().unwrap();
    let stopped = end.stopped.unwrap();
    assert_eq!((stopped.failed, stopped.retryable.len()), (0, 1));
    assert_eq!((end.state.created, end.state.failed), (0, 1));
}

fn calls(end: &End) -> Vec<salesforce_stand_in::CreateCall> {
    end.services.org().calls()
}

/// Seconds from each call that creates to the next.
fn pauses(end: &End) -> Vec<i64> {
    let called = calls(end);
    let pauses = called
        .windows(2)
        .map(|two| two[1].at.duration_since(two[0].at));
    pauses.map(|pause| pause.as_secs()).collect()
}

#[test]
fn a_call_that_is_to_see_and_loses_its_answer_leaves_the_breaker_open() {
    let mut script = events(1);
    script.calls = vec![limit(), Fault::Instead(Ending::Hang)];
    let end = run(&script);
    end.check().unwrap();
    // The pause of the breaker, and that again behind the timeout of the call.
    let pauses = pauses(&end);
    assert!(pauses[0] >= 30 && pauses[1] >= 60, "{pauses:?}");
}

#[test]
fn a_call_that_goes_through_closes_the_breaker() {
    let mut script = events(2);
    script.records[1].gap = 45;
    script.calls = vec![limit()];
    let end = run(&script);
    end.check().unwrap();
    let pauses = pauses(&end);
    assert!(pauses[0] >= 30, "{pauses:?}");
    let until_the_second = pauses.iter().sum::<i64>();
    assert!((44..47).contains(&until_the_second), "{pauses:?}");
}

#[test]
fn what_is_refused_behind_a_lost_answer_is_looked_at_before_it_is_parked() {
    // An answer of which nobody heard to the last try, and one that is final.
    let teapots = vec![Fault::refuse(418, "TEAPOT"); 4];
    let rule = vec![Fault::refuse_record(0, "FIELD_CUSTOM_VALIDATION_EXCEPTION")];
    for refusals in [teapots, rule] {
        let mut script = events(1);
        script.calls = [vec![store_then_hang()], refusals].concat();
        assert_eq!(counted(&script), (1, 0), "{:?}", script.calls);
    }
}
