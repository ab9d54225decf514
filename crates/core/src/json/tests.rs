use super::*;
use crate::template::{Declared, Expression, Scope, Variable};

const LIMITS: Limits = Limits { bytes: 1000, depth: 8 };

/// Why a text is refused, whether it is read or checked.
fn flaw(text: &[u8]) -> Flaw {
    match (Json::parse(text, LIMITS), Json::check(text, LIMITS)) {
        (Err(read), Err(checked)) => {
            assert_eq!(read, checked, "{}", String::from_utf8_lossy(text));
            read.flaw
        }
        _ => panic!("{} is taken", String::from_utf8_lossy(text)),
    }
}

#[test]
fn a_member_gives_its_value_as_it_stands() {
    let text = r#"{"n":12345678901234567890.10,"l":[1, 2],"o":{"a" : 1},"s":"a b","e":"\u00e9\n\"","t":true,"f":false,"z":null,"":""}"#;
    let object = Object::parse(text.as_bytes(), LIMITS).expect("an object");
    for (name, json) in [
        ("n", "12345678901234567890.10"),
        ("l", "[1, 2]"),
        ("o", "{\"a\" : 1}"),
        ("s", "\"a b\""),
        ("e", "\"é\\n\\\"\""),
        ("t", "true"),
        ("f", "false"),
        ("z", "null"),
        ("", "\"\""),
    ] {
        assert_eq!(object.json(name).as_deref(), Some(json), "{name}");
    }
    assert_eq!(object.json("absent"), None);
}

#[test]
fn what_is_passed_on_is_what_came() {
    let text = r#"{"id":12345678901234567890123,"price":1.10,"e":1e2,"a":"ü\n\u00e9\ud83d\ude00/","":[null,true,{}]}"#;
    let json = Json::parse(text.as_bytes(), LIMITS).unwrap();
    let mut out = String::new();
    json.value().write_json(&mut out).unwrap();
    assert_eq!(out, r#"{"id":12345678901234567890123,"price":1.10,"e":1e2,"a":"ü\né😀/","":[null,true,{}]}"#);
    assert_eq!(json.source(), text);
    let object = json.into_object().unwrap();
    assert_eq!((object.number("price"), object.text("a")), (Some("1.10"), Some("ü\né😀/")));
    assert_eq!(object.array("").map(Array::source), Some("[null,true,{}]"));
    assert!(object.has("e") && !object.has("E") && object.object("").is_none());
}

fn written(json: &Json) -> String {
    let mut out = String::new();
    json.value().write_json(&mut out).unwrap();
    out
}

#[test]
fn a_text_that_was_checked_is_the_same_as_one_that_was_read() {
    let members: Vec<String> = (0..40).rev().map(|at| format!("\"k{at}\":[{at},{{\"k\\u0031\":\"\\t\"}}]")).collect();
    let many = format!(" {{{}}} ", members.join(","));
    let texts =
        ["null", " true", "-1.0e5", "\"a\\n\"", "[]", "{ }", "[1, [2,\"\\/\"]]", "{\"a\":{\"b\":[]},\"c\":1}", &many];
    for text in texts {
        let limits = Limits { bytes: 10_000, depth: 8 };
        let (read, checked) =
            (Json::parse(text.as_bytes(), limits).unwrap(), Json::check(text.as_bytes(), limits).unwrap());
        assert_eq!(read.memory(), checked.memory(), "{text}");
        let before = written(&checked);
        // Looks into it, which makes its tree.
        let sum = |json: &Json| match json.value() {
            Value::Map(map) => map.get("k7").or(map.get("a")).map(|value| value.kind()),
            Value::List(list) => list.get(1).map(|value| value.kind()),
            value => Some(value.kind()),
        };
        assert_eq!(sum(&read), sum(&checked), "{text}");
        assert_eq!(written(&checked), before);
        assert_eq!(written(&read), before);
        assert_eq!(read.into_object().is_some(), checked.into_object().is_some());
    }
}

#[test]
fn an_expression_reads_it_where_it_stands() {
    struct Claims(Json);
    impl Scope for Claims {
        fn variable(&self, variable: &Variable) -> Option<Value<'_>> {
            (*variable == Variable::Claims).then(|| self.0.value())
        }
    }
    let text = br#"{"realm":{"roles":["a","b"]},"n":3,"quoted":"\u0061"}"#;
    let scope = Claims(Json::parse(text, LIMITS).unwrap());
    let text = "'b' in claims.realm.roles && claims.n + 1 == 4 && claims.quoted == 'a' && !has(claims.none)";
    let expression = Expression::compile(text, &Declared::request().identity()).unwrap();
    assert!(matches!(expression.evaluate(&scope), Ok(Value::Bool(true))));
}

/// RFC 8259 2 to 7.
#[test]
fn what_is_no_json_is_refused() {
    let wrong: [&[u8]; 34] = [
        b"",
        b" ",
        b"{",
        b"[1",
        b"[1,]",
        b"[,1]",
        b"{\"a\":1,}",
        b"{\"a\"}",
        b"{a:1}",
        b"{'a':1}",
        b"{\"a\":1 \"b\":2}",
        b"1 2",
        b"[] x",
        b"tru",
        b"True",
        b"nul",
        b"NaN",
        b"Infinity",
        b"-",
        b"01",
        b"-01",
        b"1.",
        b".5",
        b"+1",
        b"1e",
        b"1e+",
        b"0x10",
        b"\"a",
        b"\"\\x\"",
        b"\"\\u12g4\"",
        b"\"\n\"",
        b"\"\0\"",
        b"\xef\xbb\xbf{}",
        b"{}\0",
    ];
    for text in wrong {
        assert_eq!(flaw(text), Flaw::Grammar, "{}", String::from_utf8_lossy(text));
    }
    for text in ["0", "-0", "-0.0e-0", "1E5", " \t\r\n[ ] ", "\"\\/\"", "\"\u{7f}\u{2028}\""] {
        assert!(Json::parse(text.as_bytes(), LIMITS).is_ok(), "{text}");
    }
}

#[test]
fn what_two_readers_understand_in_two_ways_is_refused() {
    for text in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"[{"b":{"":1,"":2}}]"#] {
        assert_eq!(flaw(text.as_bytes()), Flaw::NameTwice, "{text}");
    }
    let many = |last: &str| {
        let members: Vec<String> = (0..40).map(|at| format!("\"k{at}\":{at}")).collect();
        format!("{{{},\"{last}\":0}}", members.join(","))
    };
    assert_eq!(flaw(many("k0").as_bytes()), Flaw::NameTwice);
    assert_eq!(flaw(many("k3\\u0039").as_bytes()), Flaw::NameTwice);
    let object = Object::parse(many("last").as_bytes(), LIMITS).unwrap();
    assert_eq!((object.number("k17"), object.number("last"), object.number("k40")), (Some("17"), Some("0"), None));
    for text in [r#""\ud83d""#, r#""\ud83dx""#, r#""\ud83d\n""#, r#""\ude00""#, r#""\ud83d\u0041""#] {
        assert_eq!(flaw(text.as_bytes()), Flaw::HalfPair, "{text}");
    }
    for text in [&b"\"\xff\""[..], b"\"\xc0\xaf\"", b"\"\xed\xa0\x80\"", b"\"\xf5\x80\x80\x80\"", b"\"\xe2\x82\""] {
        assert_eq!(flaw(text), Flaw::NotUtf8);
    }
}

#[test]
fn length_and_depth_have_bounds() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Json::parse(nested(8).as_bytes(), LIMITS).is_ok());
    assert_eq!(flaw(nested(9).as_bytes()), Flaw::TooDeep);
    assert_eq!(flaw(&[b'{'; 9]), Flaw::Grammar, "a name is missing first");
    assert_eq!(flaw("[{\"a\":".repeat(5).as_bytes()), Flaw::TooDeep);
    let most = Limits { bytes: usize::MAX, depth: usize::MAX };
    let fault = Json::parse(nested(100_000).as_bytes(), most).unwrap_err();
    assert_eq!((fault.flaw, fault.at), (Flaw::TooDeep, Limits::DEEPEST));
    let long = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
    assert!(Json::parse(long(1000).as_bytes(), LIMITS).is_ok());
    assert_eq!(flaw(long(1001).as_bytes()), Flaw::TooLong);
    assert_eq!(Object::parse(b"[]", LIMITS).unwrap_err().to_string(), "it is no JSON object");
    assert_eq!(Json::parse(b"[1,]", LIMITS).unwrap_err().to_string(), "it is no JSON at byte 3");
}

#[test]
fn what_stands_there_as_it_would_be_written_is_copied_and_all_else_written() {
    for (text, wanted) in [
        (r#"{"a":[1,{"b":null}],"c":"é"}"#, r#"{"a":[1,{"b":null}],"c":"é"}"#),
        (r#"{"a": [1,{"b":1.10}],"c":[ ]}"#, r#"{"a":[1,{"b":1.10}],"c":[]}"#),
        (r#"[{"a":"\/","b":{"c":2}},{"d":"\u00e9\n"}]"#, r#"[{"a":"/","b":{"c":2}},{"d":"é\n"}]"#),
        ("[\n]", "[]"),
        (r#" {"a":1} "#, r#"{"a":1}"#),
        (
            "{\t\"a b\" :\r\n-1.50e5 , \"\\u0061 \\\\ \" : [ true,false , null ,\"\\b\\u2028\"] }",
            "{\"a b\":-1.50e5,\"a \\\\ \":[true,false,null,\"\\u0008\u{2028}\"]}",
        ),
    ] {
        let read = Json::parse(text.as_bytes(), LIMITS).expect("it is JSON");
        assert_eq!(written(&read), wanted, "{text}");
        let checked = Json::check(text.as_bytes(), LIMITS).expect("it is JSON");
        assert_eq!(written(&checked), wanted, "{text}");
    }
    let built = |text: &str| {
        let build = Json::check(text.as_bytes(), LIMITS).expect("it is JSON").build;
        (build.is_plain, build.height)
    };
    assert_eq!(built("[[],[[1]],[]]"), (true, 3));
    assert_eq!(built(r#"[{"a":{"b":[ ]}},[]]"#), (false, 4));
}
