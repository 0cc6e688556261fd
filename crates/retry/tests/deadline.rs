//! Deadlines and margins, in simulated time.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use retry::{Clock, Deadline, Margin, TimedOut};
use simulated_time::simulate;

const SECOND: Duration = Duration::from_secs(1);
const TENTH: Margin = Margin {
    divisor: 10,
    min: SECOND,
    max: Duration::from_secs(10),
};

fn in_simulation(work: impl AsyncFnOnce(Clock)) {
    simulate(Timestamp::UNIX_EPOCH, work);
}

#[test]
fn a_margin_is_a_share_of_the_time_limit_within_bounds() {
    let margin = |millis| TENTH.of(Duration::from_millis(millis)).as_millis();
    assert_eq!(margin(60_000), 6000);
    assert_eq!(margin(900_000), 10_000);
    assert_eq!(margin(3000), 1000);
    assert_eq!(margin(1000), 500);
    assert_eq!(Margin::fixed(SECOND).of(60 * SECOND), SECOND);
    assert_eq!(Margin::fixed(SECOND).of(SECOND), SECOND / 2);
}

#[test]
fn a_phase_ends_before_the_invocation_and_does_not_move_with_time() {
    in_simulation(async |clock| {
        let invocation = Deadline::at(SystemTime::UNIX_EPOCH + 60 * SECOND, clock);
        assert_eq!(invocation.limit(), Some(60 * SECOND));
        clock.sleep(10 * SECOND).await;
        let phase = invocation.minus(TENTH);
        assert_eq!(phase.limit(), Some(54 * SECOND));
        assert_eq!(phase.remaining(), Some(44 * SECOND));
        clock.sleep(44 * SECOND).await;
        assert!(phase.has_passed() && !invocation.has_passed());
    });
}

#[test]
fn a_deadline_in_the_past_is_unknown() {
    in_simulation(async |clock| {
        let past = Deadline::at(SystemTime::UNIX_EPOCH, clock);
        assert_eq!((past.remaining(), past.has_passed()), (None, false));
        assert_eq!(past.minus(TENTH).remaining(), None);
        assert_eq!(past.or_after(SECOND).remaining(), Some(SECOND));
        let known = Deadline::after(2 * SECOND, clock);
        assert_eq!(known.or_after(SECOND).remaining(), Some(2 * SECOND));
    });
}

#[test]
fn an_operation_gets_half_of_the_remaining_time() {
    in_simulation(async |clock| {
        let deadline = Deadline::after(60 * SECOND, clock);
        assert_eq!(deadline.share(50 * SECOND), 30 * SECOND);
        assert_eq!(deadline.share(20 * SECOND), 20 * SECOND);
        assert_eq!(Deadline::unknown(clock).share(SECOND), SECOND);
    });
}

#[test]
fn a_limit_shortens_a_deadline_and_replaces_an_unknown_one() {
    in_simulation(async |clock| {
        let deadline = Deadline::after(60 * SECOND, clock);
        assert_eq!(deadline.within(SECOND).remaining(), Some(SECOND));
        assert_eq!(deadline.within(99 * SECOND).remaining(), Some(60 * SECOND));
        assert!(Deadline::unknown(clock).within(Duration::ZERO).has_passed());
    });
}

#[test]
fn work_is_dropped_when_the_deadline_passes() {
    in_simulation(async |clock| {
        let deadline = Deadline::after(2 * SECOND, clock);
        assert_eq!(deadline.run(clock.sleep(SECOND)).await, Ok(()));
        assert_eq!(deadline.run(clock.sleep(2 * SECOND)).await, Err(TimedOut));
        assert_eq!(deadline.remaining(), Some(Duration::ZERO));
    });
}
