use super::*;

const LIMITS: Limits = Limits { bytes: 2000, depth: 8 };

fn said(how: Option<Decode>, content_type: Option<&str>, content: &[u8]) -> String {
    match decode(Reading { how, is_opened: true }, content_type.map(str::as_bytes), content, LIMITS) {
        Ok(json) => {
            let mut out = String::new();
            json.value().write_json(&mut out).unwrap();
            out
        }
        Err(undecodable) => format!("!{undecodable}"),
    }
}

fn xml(text: &str) -> String {
    said(Some(Decode::Xml), None, text.as_bytes())
}

// Rule: aggregate-decode
#[test]
fn the_content_type_says_what_content_is() {
    for (content_type, content, expected) in [
        (None, r#" {"a": 1.10} "#, r#"{"a":1.10}"#),
        (Some("application/json"), "[1e400]", "[1e400]"),
        (Some("Application/JSON ; charset=\"UTF-8\""), "true", "true"),
        (Some("text/json;charset=us-ascii"), "1", "1"),
        (Some("application/problem+json"), r#"{"title":"no"}"#, r#"{"title":"no"}"#),
        (Some("application/xml"), "<a>1</a>", r#"{"a":"1"}"#),
        (Some("text/xml; charset=utf-8"), "<a>1</a>", r#"{"a":"1"}"#),
        (Some("application/atom+xml;type=\"a;charset=x\""), "<a>1</a>", r#"{"a":"1"}"#),
        (Some("text/plain"), "{\"a\"", r#""{\"a\"""#),
        (Some("text/csv; header=present"), "a,b\n\u{1}", r#""a,b\n\u0001""#),
        (Some("application/octet-stream"), "{}", "\"e30=\""),
        (Some("image/png; charset=latin1"), "a?>", "\"YT8+\""),
        (Some("json"), "{}", "\"e30=\""),
        (Some(""), "{}", "\"e30=\""),
    ] {
        assert_eq!(said(None, content_type, content.as_bytes()), expected, "{content_type:?}");
    }
    assert_eq!(said(Some(Decode::Text), Some("application/json"), b"{}"), "\"{}\"");
    assert_eq!(said(Some(Decode::Json), Some("text/plain"), b"{}"), "{}");
    assert_eq!(said(Some(Decode::Base64), Some("application/json"), b"\xff\x00"), "\"/wA=\"");
}

// Rule: aggregate-decode
#[test]
fn no_content_is_null_only_where_nothing_says_what_it_is() {
    assert_eq!(said(None, None, b""), "null");
    assert_eq!(said(Some(Decode::Json), None, b""), "null");
    assert_eq!(said(None, Some("application/json"), b""), "!it is no JSON at byte 0");
    assert_eq!(said(None, Some("application/xml"), b""), "!it has no element at byte 0");
    assert_eq!(said(None, Some("text/plain"), b""), "\"\"");
    assert_eq!(said(None, Some("image/png"), b""), "\"\"");
}

// Rule: aggregate-charset
#[test]
fn text_is_utf_8_or_nothing() {
    for (content_type, content, expected) in [
        ("application/json; charset=ISO-8859-1", &b"{}"[..], "!it is in a charset other than UTF-8"),
        ("text/plain; charset=utf-16", b"a", "!it is in a charset other than UTF-8"),
        ("text/plain; charset=utf-8; charset=latin1", b"a", "!it is in a charset other than UTF-8"),
        ("text/plain; charset=\"lat\\in1\"", b"a", "!it is in a charset other than UTF-8"),
        ("text/plain; charset=us-ascii", b"ab\xc3\xa4", "!it says that it is US-ASCII, and is not at byte 2"),
        ("text/plain", b"ab\xe4", "!it is no UTF-8 at byte 2"),
        ("application/json", b"\"\xe4\"", "!it is no UTF-8 at byte 1"),
        ("application/xml", b"<a>\xe4</a>", "!it is no UTF-8 at byte 3"),
        ("text/plain", b"\xef\xbb\xbfa", "\"a\""),
        ("application/json", b"\xef\xbb\xbf{\"a\":1}", "{\"a\":1}"),
        ("application/json", b"\xef\xbb\xbf{\"a\":1", "!it is no JSON at byte 9"),
        ("application/xml", b"\xef\xbb\xbf<a/>", "{\"a\":null}"),
        ("application/xml", b"\xef\xbb\xbf<a>", "!it ends in an element that begins at byte 3"),
        ("text/plain", b"\xef\xbb\xbf", "\"\""),
    ] {
        assert_eq!(said(None, Some(content_type), content), expected, "{content_type}");
    }
}

#[test]
fn what_is_too_long_or_too_deep_is_undecodable() {
    for kind in ["application/json", "text/plain", "application/xml", "image/png"] {
        assert_eq!(said(None, Some(kind), &[b' '; 2001]), "!it is longer than allowed", "{kind}");
    }
    // Six times as long as JSON, and still what came was short enough.
    assert_eq!(said(None, Some("text/plain"), &[1; 2000]).len(), 2 + 6 * 2000);
    let json = |depth| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(said(None, None, json(8).as_bytes()), json(8));
    assert_eq!(said(None, None, json(9).as_bytes()), "!it is nested more deeply than allowed at byte 8");
    let nested = |depth: usize| "<a>".repeat(depth) + "x" + &"</a>".repeat(depth);
    assert_eq!(xml(&nested(8)), "{\"a\":".repeat(8) + "\"x\"" + &"}".repeat(8));
    assert_eq!(xml(&nested(9)), "!it is nested more deeply than allowed at byte 24");
    // A list is a level of the tree, whose elements stand at the same depth of the text.
    let lists = |depth: usize| "<a><a/>".repeat(depth) + &"</a>".repeat(depth);
    assert_eq!(xml(&lists(4)).matches('{').count(), 5);
    assert_eq!(xml(&lists(5)), "!it is nested more deeply than allowed at byte 24");
    let limits = Limits { depth: 0, ..LIMITS };
    assert!(decode(Reading { how: Some(Decode::Xml), is_opened: true }, None, b"<a/>", limits).is_err());
}

// Rule: aggregate-xml
#[test]
fn xml_as_a_tree() {
    for (text, expected) in [
        ("<a/>", r#"{"a":null}"#),
        ("<a></a>", r#"{"a":null}"#),
        ("<a> </a>", r#"{"a":" "}"#),
        ("<a>x</a >", r#"{"a":"x"}"#),
        ("<a x='1' y=\"2\"/>", r#"{"a":{"@x":"1","@y":"2"}}"#),
        ("<a x='1'>t</a>", r##"{"a":{"@x":"1","#text":"t"}}"##),
        ("<a x='1'> </a>", r##"{"a":{"@x":"1","#text":" "}}"##),
        ("<a>\n  <b>1</b>\n  <c/>\n</a>", r#"{"a":{"b":"1","c":null}}"#),
        ("<a><b>1</b><c>2</c><b>3</b></a>", r#"{"a":{"b":["1","3"],"c":"2"}}"#),
        ("<a>x<b/>y</a>", r##"{"a":{"b":null,"#text":"xy"}}"##),
        ("<a><b x='1'/><b/></a>", r#"{"a":{"b":[{"@x":"1"},null]}}"#),
        ("<?xml version=\"1.0\"?><a/>", r#"{"a":null}"#),
        ("<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\n<a/>\n", r#"{"a":null}"#),
        ("<!-- c --><?p i?><a><!--x-->t<?q?>u</a><!---->", r#"{"a":"tu"}"#),
        ("<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x1F600;&#x000042;</a>", "{\"a\":\"<>&\\\"'A\u{1f600}B\"}"),
        ("<a x='&lt;&#10;&quot;'/>", r#"{"a":{"@x":"<\n\""}}"#),
        ("<a x='1\t2\r\n3'/>", r#"{"a":{"@x":"1 2 3"}}"#),
        ("<a>1\r\n2\r3]]</a>", r#"{"a":"1\n2\n3]]"}"#),
        ("<a><![CDATA[<b>&amp;]]]]><![CDATA[>]]></a>", r#"{"a":"<b>&amp;]]>"}"#),
        ("<a><![CDATA[]]></a>", r#"{"a":null}"#),
        (
            "<s:E xmlns:s='urn:s' xmlns='urn:d'><s:B><x s:i='1'>\u{e4}</x></s:B></s:E>",
            "{\"s:E\":{\"@xmlns:s\":\"urn:s\",\"@xmlns\":\"urn:d\",\"s:B\":{\"x\":{\"@s:i\":\"1\",\"#text\":\"\u{e4}\"}}}}",
        ),
        ("<\u{e4}-1._b\u{b7}/>", "{\"\u{e4}-1._b\u{b7}\":null}"),
    ] {
        assert_eq!(xml(text), expected, "{text}");
    }
}

// Rule: aggregate-xml, aggregate-charset
#[test]
fn what_is_not_well_formed_is_undecodable() {
    for (text, expected) in [
        (" ", "it has no element at byte 1"),
        ("x", "text stands outside of the root at byte 0"),
        ("<a/>x", "text stands outside of the root at byte 4"),
        ("<a/><b/>", "it has a second root at byte 4"),
        ("<a>", "it ends in an element that begins at byte 0"),
        ("<a></b>", "an element is closed that is not open at byte 3"),
        ("<a><b></a></b>", "an element is closed that is not open at byte 6"),
        ("</a>", "an element is closed that is not open at byte 0"),
        ("<a", "it is no XML at byte 2"),
        ("<a/", "it is no XML at byte 2"),
        ("<a / >", "it is no XML at byte 3"),
        ("< a/>", "a name is missing at byte 1"),
        ("<1/>", "a name is missing at byte 1"),
        ("<a x/>", "it is no XML at byte 4"),
        ("<a x=1/>", "it is no XML at byte 5"),
        ("<a x='1/>", "a value is never closed at byte 6"),
        ("<a x='1'y='2'/>", "it is no XML at byte 8"),
        ("<a x='1' x='2'/>", "an attribute is there twice at byte 9"),
        ("<a x='<'/>", "`<` stands in an attribute's value at byte 6"),
        ("<a x='&'/>", "`&` begins no reference at byte 6"),
        ("<a></a x='1'>", "it is no XML at byte 7"),
        ("<a>]]></a>", "`]]>` stands in text at byte 3"),
        ("<a>&nbsp;</a>", "an entity is none of the five that there are without a DTD at byte 3"),
        ("<a>& b;</a>", "an entity is none of the five that there are without a DTD at byte 3"),
        ("<a>&lt</a>", "`&` begins no reference at byte 3"),
        ("<a>&#0;</a>", "a reference stands for no character at byte 3"),
        ("<a>&#;</a>", "a reference stands for no character at byte 3"),
        ("<a>&#xD800;</a>", "a reference stands for no character at byte 3"),
        ("<a>&#x110000;</a>", "a reference stands for no character at byte 3"),
        ("<a>&#99999999999;</a>", "a reference stands for no character at byte 3"),
        ("<a>&#X41;</a>", "a reference stands for no character at byte 3"),
        ("<a>\u{1}</a>", "it has a character that XML has not at byte 3"),
        ("<a>\u{ffff}</a>", "it has a character that XML has not at byte 3"),
        ("<a><!-- -- --></a>", "a comment has `--` in it, or is never closed at byte 7"),
        ("<a><!-- x", "it is never closed at byte 7"),
        ("<a><![CDATA[x]]</a>", "it is never closed at byte 12"),
        ("<![CDATA[x]]><a/>", "a name is missing at byte 1"),
        ("<a><?xml version='1.0'?></a>", "a declaration stands elsewhere than at the start at byte 5"),
        (" <?xml version='1.0'?><a/>", "a declaration stands elsewhere than at the start at byte 3"),
        ("<?xml encoding='utf-8'?><a/>", "its declaration is no XML at byte 6"),
        ("<?xml version='2.0'?><a/>", "its declaration is no XML at byte 6"),
        ("<?xml ?><a/>", "its declaration is no XML at byte 6"),
        ("<?xml version='1.0' version='1.0'?><a/>", "its declaration is no XML at byte 20"),
        ("<?xml version='1.0' encoding='ISO-8859-1'?><a/>", "it declares an encoding other than UTF-8 at byte 20"),
        ("<?xml version='1.0' standalone='x'?><a/>", "its declaration is no XML at byte 20"),
        ("<?xml version='1.0' standalone='Yes'?><a/>", "its declaration is no XML at byte 20"),
        ("<?p<a/>", "it is no XML at byte 3"),
        ("<!DOCTYPE a><a/>", "it has a DTD, which is refused at byte 0"),
        (
            "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
            "it has a DTD, which is refused at byte 0",
        ),
        ("<a><!ELEMENT b></a>", "a name is missing at byte 4"),
    ] {
        assert_eq!(xml(text), format!("!{expected}"), "{text}");
    }
}

#[test]
fn nothing_cut_off_or_changed_by_a_byte_panics() {
    let whole = "<?xml version='1.0'?><!--c--><a x='&lt;\u{e4}'>t&#65;<![CDATA[d]]><b/><b>\u{1f600}</b><?p q?></a>";
    for at in (1..whole.len()).filter(|at| whole.is_char_boundary(*at)) {
        assert!(xml(&whole[..at]).starts_with('!'), "{at}");
        for other in ["<", ">", "&", "'", "]", "!", "?", "-", "\u{1f600}", "/"] {
            let _ = xml(&format!("{}{other}{}", &whole[..at], &whole[at..]));
        }
    }
}
