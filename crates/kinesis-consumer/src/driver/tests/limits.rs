//! Where ages and deadlines begin to matter, and what is not worth a look.

use super::*;

/// Whether a record that cannot be delivered is parked for its age, by a mapping with this maximum.
fn is_given_up(max_age: Duration, age: i64) -> bool {
    let script = Script::default();
    let batch = batch(age, &[b"busy"]);
    let now = Timestamp::from_second(NOW).unwrap();
    simulate(now, async |clock| {
        let driver = Driver::new(clock).parking_before(max_age);
        let deadline = Deadline::after(Duration::from_mins(1), clock);
        driver.run(&script, &batch, deadline).await.unwrap().failed == 1
    })
}

#[test]
fn records_are_given_up_an_eighth_of_the_age_before_its_end_and_at_most_half_an_hour() {
    let hour = Duration::from_hours(1);
    assert!(!is_given_up(hour, 3150) && is_given_up(hour, 3151));
    let minute = Duration::from_mins(1);
    assert!(!is_given_up(minute, 52) && is_given_up(minute, 53));
    let (day, age) = (Duration::from_hours(24), 24 * 3600 - 30 * 60);
    assert!(!is_given_up(day, age) && is_given_up(day, age + 1));
}

#[test]
fn nobody_looks_for_what_comes_again_anyway() {
    let script = Script::default();
    let summary = run(&script, 0, &["panic 1", "busy 2", "panic 3"]);
    assert_eq!(numbers(&summary), (0, 0, 1, again(10)));
    assert_eq!(script.seen().looked_at, ["panic 1"]);
}

#[test]
fn halves_behind_a_panic_are_not_begun_when_the_time_is_over() {
    let data: [&[u8]; 4] = [b"panic 1", b"done 2", b"done 3", b"done 4"];
    let batch = batch(0, &data);
    simulate(Timestamp::UNIX_EPOCH, async |clock| {
        let script = Script(Mutex::default(), Some((clock, Duration::from_secs(10))));
        let deadline = Deadline::after(Duration::from_secs(40), clock);
        let summary = Driver::new(clock)
            .run(&script, &batch, deadline)
            .await
            .unwrap();
        // All, a half, and each of that half: then the time is over.
        assert_eq!(script.seen().chunks.len(), 4);
        assert_eq!(numbers(&summary), (1, 0, 1, again(11)));
    });
}
