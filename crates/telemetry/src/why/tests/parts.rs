//! The parts of an aggregate in a record: what is told of them, and that a record stays small whatever there was.

use super::*;
use pintle_core::notes::{CallNote, PartNote, PartNotes};

/// A part that made so many calls, each with so many tries at an endpoint with that name.
fn part(name: &str, calls: u32, tries: usize, endpoint: &str, began: Instant) -> PartNote {
    let mut part = PartNote::new(name.into(), "orders".into(), "GET orders:/a?token=hunter2".into(), 1);
    (part.state, part.began, part.over, part.made) = ("ok", Some(began), Some(began), calls);
    for number in 0..calls {
        let mut notes = Box::<Notes>::default();
        for _ in 0..tries {
            let mut one = Try::new(endpoint.into(), Chosen::default(), began);
            one.came = Outcome::Answer(200);
            notes.tries.push(one);
        }
        part.add(CallNote { number, began, over: Some(began), notes });
    }
    part
}

#[test]
fn each_part_is_kept_with_what_it_waited_for_and_its_calls() {
    let why = ring(1, &WhyConfig::default());
    let began = Instant::now();
    let mut request = Request::new("aggregate-1", 502);
    let mut tier = part("tier", 3, 3, "10.0.0.1:9001", began);
    (tier.state, tier.reason, tier.status, tier.is_fatal) = ("failed", Some("status"), Some(500), true);
    tier.why = Some("it answered 500; GET /?api_key=hunter2".into());
    request.notes.parts = PartNotes::new([part("profile", 1, 1, "10.0.0.2:9001", began), tier].into_iter());
    request.keep(&why);
    let told = one(&why, "aggregate-1");
    assert!(!format!("{told:?}").contains("hunter2"), "{told:?}");
    let [profile, tier] = &told.parts[..] else { panic!("{told:?}") };
    assert_eq!((&*profile.name, &*profile.state, profile.needs.len(), profile.made), ("profile", "ok", 1, 1));
    assert_eq!(
        (tier.needs.as_slice(), tier.reason.as_deref(), tier.is_fatal),
        (&["profile".to_owned()][..], Some("status"), true)
    );
    assert_eq!((tier.made, tier.attempts, tier.status), (3, 9, Some(500)));
    assert_eq!((tier.calls.len(), tier.calls[0].attempts, tier.calls[0].tries.len()), (2, 3, 2));
    assert_eq!((told.upstream, told.parts_left_out, told.upstream_status), (None, 0, None));
}

#[test]
fn of_many_parts_those_that_failed_are_kept_and_a_record_is_no_larger_than_it_may_be() {
    let began = Instant::now();
    let endpoint = "x".repeat(300);
    let mut parts: Vec<PartNote> = (0..64).map(|at| part(&format!("part{at}"), 40, 8, &endpoint, began)).collect();
    (parts[63].state, parts[63].reason, parts[63].is_fatal) = ("failed", Some("timeout"), true);
    parts[62].state = "failed";
    let mut request = Request::new("aggregate-2", 504);
    request.head = vec![b'a'; 9000];
    request.notes.parts = PartNotes::new(parts.into_iter());
    let why = ring(1, &WhyConfig::default());
    request.keep(&why);
    let told = one(&why, "aggregate-2");
    let names: Vec<&str> = told.parts.iter().map(|part| &*part.name).collect();
    assert!(names.ends_with(&["part62", "part63"]), "{names:?}");
    assert_eq!(told.parts.len() as u64 + told.parts_left_out, 64);
    let mut records = Vec::new();
    why.each(&mut |record| records.push(record.len()));
    assert!(records.len() == 1 && records[0] < lane::RECORD, "{records:?}");
}
