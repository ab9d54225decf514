use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn guard() -> Guard<&'static str> {
    Guard::new(Settings { time: 60 * SECOND, errors: 0.05 })
}

fn outcomes(requests: u64, failed: u64) -> Outcomes {
    Outcomes { requests, failed }
}

#[test]
fn a_change_that_fails_more_than_is_allowed_is_taken_back() {
    let (mut guard, start) = (guard(), Instant::now());
    guard.changed(start, outcomes(1000, 0), "good");
    assert_eq!(guard.look(start + SECOND, outcomes(1100, 5)), Found::Nothing, "5% are allowed");
    let Found::Harm(why, good) = guard.look(start + 2 * SECOND, outcomes(1200, 11)) else { panic!("11 of 200") };
    assert_eq!(good, "good");
    assert_eq!(why, "11 of 200 requests failed since the change (5.5%; 0.0% before it, 5.0% are allowed)");
    assert_eq!(guard.look(start + 3 * SECOND, outcomes(1300, 111)), Found::Nothing, "once");
}

#[test]
fn few_requests_prove_nothing() {
    let (mut guard, start) = (guard(), Instant::now());
    guard.changed(start, outcomes(0, 0), "good");
    assert_eq!(guard.look(start + SECOND, outcomes(19, 19)), Found::Nothing);
    assert!(matches!(guard.look(start + 2 * SECOND, outcomes(20, 20)), Found::Harm(..)));
}

#[test]
fn what_failed_as_much_before_is_not_the_changes_fault() {
    let (mut guard, start) = (guard(), Instant::now());
    for minute in 0..4 {
        guard.look(start + minute * 30 * SECOND, outcomes(u64::from(minute) * 100, u64::from(minute) * 50));
    }
    let change = start + 100 * SECOND;
    guard.changed(change, outcomes(300, 150), "good");
    assert_eq!(guard.look(change + SECOND, outcomes(400, 200)), Found::Nothing, "half, as before");
    assert!(matches!(guard.look(change + 2 * SECOND, outcomes(500, 290)), Found::Harm(..)), "more than before");
}

#[test]
fn only_the_same_time_before_a_change_counts() {
    let (mut guard, start) = (guard(), Instant::now());
    guard.look(start, outcomes(0, 0));
    // A bad hour, and a good minute.
    guard.look(start + 3600 * SECOND, outcomes(10_000, 9_000));
    guard.look(start + 3660 * SECOND, outcomes(10_100, 9_000));
    guard.changed(start + 3661 * SECOND, outcomes(10_100, 9_000), "good");
    assert!(matches!(guard.look(start + 3662 * SECOND, outcomes(10_200, 9_010)), Found::Harm(..)));
}

#[test]
fn a_change_that_stands_its_time_is_good() {
    let (mut guard, start) = (guard(), Instant::now());
    guard.changed(start, outcomes(0, 0), "good");
    assert_eq!(guard.look(start + 60 * SECOND, outcomes(1000, 1)), Found::Stood);
    assert!(!guard.watches());
    guard.look(start + 61 * SECOND, outcomes(2000, 900));
    assert_eq!(
        guard.look(start + 62 * SECOND, outcomes(3000, 1800)),
        Found::Nothing,
        "harm that comes later is not its"
    );
}

#[test]
fn a_change_during_a_watch_begins_anew_and_goes_back_to_the_last_that_stood() {
    let (mut guard, start) = (guard(), Instant::now());
    guard.changed(start, outcomes(0, 0), "first");
    guard.changed(start + 50 * SECOND, outcomes(100, 0), "second");
    assert_eq!(guard.look(start + 70 * SECOND, outcomes(200, 0)), Found::Nothing, "the second has a time of its own");
    let found = guard.look(start + 80 * SECOND, outcomes(300, 100));
    assert!(matches!(found, Found::Harm(_, "first")), "{found:?}");
}

#[test]
fn what_is_trusted_is_not_watched() {
    let (mut guard, start) = (guard(), Instant::now());
    guard.changed(start, outcomes(0, 0), "good");
    guard.trust();
    assert_eq!(guard.look(start + SECOND, outcomes(100, 100)), Found::Nothing);
}

#[test]
fn looks_of_the_past_are_few() {
    let (mut guard, start) = (guard(), Instant::now());
    for second in 0..10_000 {
        guard.look(start + second * SECOND, outcomes(u64::from(second), 0));
    }
    assert!(guard.looks.len() <= LOOKS_BEFORE as usize + 2, "{}", guard.looks.len());
}
