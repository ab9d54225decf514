//! How values stand in the text around them.

use super::*;

fn rendered(text: &str, place: Place) -> String {
    let template = match Template::compile(text, place, &declared()) {
        Ok(template) => template,
        Err(fault) => return format!("?{} | {fault}", &text[fault.range.clone()]),
    };
    let mut out = String::from(">");
    match template.render(&request(), &mut out) {
        Ok(()) => out,
        Err(error) => {
            assert_eq!(out, ">", "what failed leaves nothing");
            format!("!{} | {error}", &text[error.range.clone()])
        }
    }
}

// Rule: template-literal, template-encoded, template-rest
#[test]
fn a_path() {
    for (text, expected) in [
        ("/v2/orders/${path.rest}", ">/v2/orders/x/y%20z"),
        ("/users/${path.id}", ">/users/7%2F8"),
        ("/users/${path.user}", "!path.user | the path would hold a dot segment"),
        ("/users/x${path.user}", ">/users/x.."),
        (
            "/users/${request.query.empty}",
            "!request.query.empty | the value is empty, and would be a whole segment of the path",
        ),
        ("/users/x${request.query.empty}", ">/users/x"),
        ("/${client.port}/${request.query.q}", ">/4711/a%20b&c"),
        ("/${path.rest.upperAscii()}", ">/X%2FY%2520Z"),
        ("/${'a\u{fc}\u{4e2d}b' + string(client.port)}/x", ">/a%C3%BC%E4%B8%ADb4711/x"),
        ("/${consumer.groups}", "!consumer.groups | a list has no text: `join` it, or take one item"),
        ("/${claims.email}", "!claims.email | there is nothing under this key"),
        ("/plain", ">/plain"),
        ("/${'aüb'}/${'日'}", ">/a%C3%BCb/%E6%97%A5"),
        ("/$${path.id}", ">/${path.id}"),
    ] {
        assert_eq!(rendered(text, Place::PathSegment), expected, "{text}");
    }
}

// Rule: template-encoded
#[test]
fn a_url() {
    for (text, expected) in [
        ("/search?q=${request.query.q}&limit=5", ">/search?q=a%20b%26c&limit=5"),
        ("/users/${path.id}?x=${path.id}", ">/users/7%2F8?x=7%2F8"),
        ("https://users.example.com/api/${path.rest}", ">https://users.example.com/api/x/y%20z"),
        ("https://${client.ip}:${client.port}/${path.id}", ">https://192.0.2.1:4711/7%2F8"),
        ("https://${path.id}/x", "!path.id | the value is no host"),
        ("${request.query.q}", ">a%20b&c"),
        ("/a?x=${path.user}", ">/a?x=.."),
    ] {
        assert_eq!(rendered(text, Place::Url), expected, "{text}");
    }
}

// Rule: template-encoded
#[test]
fn a_header_and_a_query_and_text() {
    assert_eq!(rendered("${claims.sub}-${client.port}", Place::Header), ">u1-4711");
    assert_eq!(rendered("${'a\\nb'}", Place::Header), "!'a\\nb' | the value holds a control byte, which no header may");
    assert_eq!(rendered("?a=${request.query.q}", Place::Query), ">?a=a%20b%26c");
    assert_eq!(rendered("Hello ${request.query.q}!", Place::Text), ">Hello a b&c!");
    assert_eq!(
        rendered("${parts.orders.body}", Place::Text),
        "!parts.orders.body | null has no text: give one by `x == null ? '…' : x`"
    );
}

#[test]
fn a_leaf_of_json() {
    for (text, expected) in [
        ("${parts.profile.body.price}", ">1.10"),
        (
            "${parts.profile.body}",
            ">{\"count\":3,\"price\":1.10,\"long\":12345678901234567890123,\"items\":[\"a\",2,null]}",
        ),
        ("${parts.orders.body}", ">null"),
        ("Hello \"${request.query.q}\"\n${parts.profile.body.count}", ">\"Hello \\\"a b&c\\\"\\n3\""),
        ("plain \"", ">\"plain \\\"\""),
        ("${'\\u0001'}", ">\"\\u0001\""),
        ("", ">\"\""),
    ] {
        assert_eq!(rendered(text, Place::Json), expected, "{text}");
    }
}

#[test]
fn a_template_is_taken_apart_with_its_texts_and_braces() {
    for (text, expected) in [
        ("${'}'}", ">}"),
        ("${{'a': {'b': 'c'}}.a.b}!", ">c!"),
        ("${\"\\\"}\"}${r'\\'}", ">\"}\\"),
        ("$$${client.port}$", ">$${client.port}$"),
        ("a$b{c}$", ">a$b{c}$"),
        ("${'${'}", ">${"),
        ("${'''}'''}", ">}"),
        ("${client.ip", "?${ | `${` is never closed (add `}`, or write `$${` for a literal `${`)"),
        ("ab${'c}", "?'c} | the text that begins here is never closed"),
        ("ab${ }", "? | an expression is missing here"),
        ("ab${client.ipp}", "?ipp | `client` has no `ipp` (did you mean `ip`?)"),
        (
            "ab${HOME}",
            "?HOME | unknown name `HOME` (use {env: HOME} where a secret is wanted; nothing else is taken from the environment)",
        ),
        ("ä${client.ip = 1}", "?= | `=` does not compare (write `==`)"),
    ] {
        let found = rendered(text, Place::Text);
        assert!(found == expected || expected.starts_with("? |") && found.ends_with(&expected[1..]), "{text}: {found}");
    }
}

// Rule: template-type
#[test]
fn a_single_value_keeps_its_type() {
    let request = request();
    let typed = Template::compile("${client.port}", Place::Json, &declared()).unwrap();
    assert!(matches!(typed.value(&request), Ok(Value::Int(4711))));
    assert!(typed.single().is_some() && typed.literal().is_none());
    let literal = Template::compile("a$${", Place::Json, &declared()).unwrap();
    assert_eq!(literal.literal(), Some("a${"));
    assert!(matches!(literal.value(&request), Ok(Value::Text(text)) if text == "a${"));
    let mixed = Template::compile("a\"${client.port}${client.ip}", Place::Json, &declared()).unwrap();
    assert!(matches!(mixed.value(&request), Ok(Value::Text(text)) if text == "a\"4711192.0.2.1"));
    assert_eq!(mixed.names().cloned().collect::<Vec<_>>(), [Variable::ClientPort, Variable::ClientIp]);
}

#[test]
fn what_repeats_itself_is_bounded() {
    let levels = ".map(a, [a, a, a, a, a, a, a, a, a, a])".repeat(12);
    let template = Template::compile(&format!("${{[claims.scope]{levels}}}"), Place::Json, &declared()).unwrap();
    let mut out = String::new();
    let error = template.render(&request(), &mut out).unwrap_err();
    assert_eq!((error.message.as_ref(), out.as_str()), ("this becomes too long as JSON", ""));
}
