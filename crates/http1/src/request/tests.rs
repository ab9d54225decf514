use super::*;
use pintle_core::Reason;

fn reason(text: &str, limits: Limits) -> Option<Reason> {
    parse_request(text.as_bytes(), &limits).err().map(|e| e.reason)
}

/// RFC 9112 3, RFC 6585 5: what just fits is taken, and what cannot fit any more is refused before its line has ended.
#[test]
fn limits_hold_to_the_byte() {
    let head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let limits = |line, fields_size, fields_count| Limits { line, fields_size, fields_count };
    assert_eq!(reason(head, limits(16, 27, 1)), None);
    assert_eq!(reason(head, limits(15, 27, 1)), Some(Reason::TargetTooLong));
    assert_eq!(reason(&head[..14], limits(15, 27, 1)), None);
    assert_eq!(reason(&head[..15], limits(15, 27, 1)), Some(Reason::TargetTooLong));
    assert_eq!(reason(head, limits(16, 26, 1)), Some(Reason::FieldsTooLarge));
    assert_eq!(reason(&head[..25], limits(16, 26, 1)), None);
    assert_eq!(reason(&head[..26], limits(16, 26, 1)), Some(Reason::FieldsTooLarge));
    assert_eq!(reason(head, limits(16, 27, 0)), Some(Reason::FieldsTooLarge));
}

#[test]
fn an_error_names_its_section() {
    let error = parse_request(b"GET / HTTP/1.1\nHost: a\r\n\r\n", &Limits::default()).expect_err("a refusal");
    assert_eq!(error.to_string(), "A line ends in LF without CR. (RFC 9112 2.2)");
    assert_eq!(error.reason.status(), 400);
}

/// A query may hold secrets: what logs print has none.
#[test]
fn a_target_prints_without_its_query() {
    let parsed = parse_request(b"GET /a?key=secret HTTP/1.1\r\nHost: a\r\n\r\n", &Limits::default()).expect("a head");
    assert!(!format!("{parsed:?}").contains("secret"));
}

#[test]
fn a_name_longer_than_its_number_can_tell() {
    let head = format!("GET / HTTP/1.1\r\n{}: x\r\n\r\n", "a".repeat(65_536));
    let limits = Limits { fields_size: 1 << 20, ..Limits::default() };
    assert_eq!(reason(&head, limits), Some(Reason::FieldsTooLarge));
}
