//! The parts of an aggregate in a line.

use super::*;
use pintle_core::notes::PartNote;
use std::time::Instant;

/// A part that went well, and one that failed the whole.
pub(super) fn some() -> &'static PartNotes {
    static SOME: LazyLock<PartNotes> = LazyLock::new(two);
    &SOME
}

fn two() -> PartNotes {
    let now = Instant::now();
    let mut first = PartNote::new("profile".into(), "users".into(), "GET users:/".into(), 0);
    (first.state, first.status, first.made, first.attempts) = ("ok", Some(200), 1, 2);
    (first.began, first.over) = (Some(now), Some(now + Duration::from_micros(1_500)));
    let mut second = PartNote::new("tier".into(), "rewards".into(), "GET rewards:/".into(), 1);
    (second.state, second.reason, second.why, second.is_fatal) =
        ("failed", Some("expression"), Some("no \"tier\"".into()), true);
    PartNotes::new([first, second].into_iter())
}

#[test]
fn parts_are_a_list_of_objects_and_combined_lines_have_none() {
    let record = Record { parts: some(), ..record() };
    let line = parse(&json(&record));
    assert_eq!(line["pintle.failed_part"], "tier");
    let expected = serde_json::json!([
        {"name": "profile", "state": "ok", "upstream": "users", "duration_ms": 1.5, "calls": 1, "attempts": 2, "status": 200},
        {"name": "tier", "state": "failed", "reason": "expression", "message": "no \"tier\""},
    ]);
    assert_eq!(line["pintle.parts"], expected);
    assert_eq!(combined(&record), combined(&Record { parts: no_parts(), ..record }));
    assert!(!json(&Record { parts: no_parts(), ..record }).contains("part"));
}

#[test]
fn a_line_without_what_the_configuration_added_names_the_part_that_failed_alone() {
    let record = Record { parts: some(), ..record() };
    let style = Style::default();
    let manner = Manner { names: &style.names, longest: 5, is_cut: true, is_bare: true, sample: None };
    let line = parse(&written_so(&record, &style, manner));
    assert_eq!((&line["pintle.failed_part"], line.get("pintle.parts")), (&Value::from("tier"), None));
}
