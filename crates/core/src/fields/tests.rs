use super::*;

#[test]
fn fields_of_a_block_are_found_by_name_in_any_case() {
    let block = b"Host: a\r\nX-Two: b\r\n";
    let mut fields = Fields::from_block(block, 2, 0);
    fields.push_range(0..4, 6..7);
    fields.push_range(9..14, 16..17);
    assert_eq!(fields.get(names::HOST), Some(&b"a"[..]));
    assert_eq!(fields.get("x-two"), Some(&b"b"[..]));
    assert_eq!(fields.get("x-three"), None);
}

#[test]
fn set_replaces_all_and_append_adds() {
    let mut fields: Fields = [("via", "a"), ("x-y", "1"), ("via", "b")].into_iter().collect();
    assert_eq!(fields.joined(names::VIA).as_deref(), Some(&b"a, b"[..]));
    fields.append("x-y", "2");
    assert_eq!(fields.get_all("x-y").collect::<Vec<_>>(), [b"1", b"2"]);
    fields.set(names::VIA, "c");
    assert_eq!(fields.get_all(names::VIA).collect::<Vec<_>>(), [b"c"]);
    assert!(fields.remove("x-y"));
    assert!(!fields.remove("x-y"));
    assert_eq!(fields.len(), 1);
}

#[test]
fn a_list_leaves_out_what_is_empty() {
    let fields: Fields = [("connection", "close, , x-a ,"), ("connection", "te")].into_iter().collect();
    assert_eq!(fields.list(names::CONNECTION).collect::<Vec<_>>(), [&b"close"[..], b"x-a", b"te"]);
}

#[test]
fn debug_shows_no_value() {
    let fields: Fields = [("authorization", "Bearer secret")].into_iter().collect();
    assert_eq!(format!("{fields:?}"), r#"["authorization"]"#);
}
