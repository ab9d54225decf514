//! Values that would be more than a value: in a path, a query, a header, JSON or text, wherever they come from, a service gets
//! one request with that value at that place, or none at all.

use super::config;
use pintle_testkit::{Answer, Ask, Gateway, Origin, Received, Reply};
use serde_json::json;

/// Where a value comes from: its expression, and whether the client's path holds it.
const SOURCES: [(&str, &str); 3] =
    [("query", "request.query.v"), ("path", "path.value"), ("part", "parts.source.body.value")];

/// Where it goes to, and the keys of its call.
const PLACES: [(&str, &str); 5] = [
    ("segment", "call: \"GET sink:/p/${V}/end\""),
    ("query", "call: \"GET sink:/q?a=1&v=${V}&z=2\""),
    ("header", "call: GET sink:/h, headers: {x-a: b, x-v: \"${V}\", x-z: c}"),
    ("json", "call: POST sink:/j, body: {v: \"${V}\", w: \"<${V}>\"}"),
    ("text", "call: POST sink:/t, body: \"<${V}>\""),
];

const VALUES: [&str; 112] = [
    "",
    "plain",
    "with space",
    " around ",
    ".",
    "..",
    "...",
    "../",
    "/..",
    "../../etc/passwd",
    "..;/",
    "..;/admin",
    "a/../b",
    "./a",
    "/",
    "//",
    "/admin",
    "//evil.test/a",
    "http://evil.test/a",
    "a/b/c",
    "a\\b",
    "..\\..\\windows",
    "%2f",
    "%2F",
    "%2e%2e%2f",
    "%252e%252e%252f",
    "..%2f",
    "%00",
    "%0d%0a",
    "%",
    "%zz",
    "%u002f",
    "%c0%af",
    "?",
    "?a=b",
    "a?b=c&d=e",
    "&",
    "&a=b",
    "v&admin=true",
    "v=1",
    "=",
    "#",
    "#fragment",
    "a#b",
    ";",
    ";a=b",
    "a;jsessionid=1",
    "+",
    "a+b",
    "a,b",
    ":",
    "@",
    "user@evil.test",
    "a:80",
    "[::1]",
    "*",
    "!$&'()*+,;=",
    "~",
    "|",
    "^",
    "`id`",
    "$(id)",
    "; rm -rf /",
    "<script>alert(1)</script>",
    "<!--",
    "]]>",
    "'",
    "''",
    "' OR '1'='1",
    "\"",
    "\"\"",
    "\",\"admin\":true,\"x\":\"",
    "\"}",
    "{\"a\":1}",
    "{",
    "}",
    "[1,2]",
    "null",
    "true",
    "1e400",
    "\\",
    "\\\"",
    "\\u0000",
    "\\n",
    "${path.value}",
    "$${a}",
    "${env.HOME}",
    "{{7*7}}",
    "#{7*7}",
    "%{a}",
    "\0",
    "a\0b",
    "\u{1}",
    "\u{7f}",
    "\t",
    "a\tb",
    "\n",
    "\r",
    "\r\n",
    "a\r\nx-injected: yes",
    "a\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: sink\r\n\r\n",
    " HTTP/1.1\r\nhost: evil.test\r\n\r\n",
    "a\nx-injected: yes",
    "\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "\u{85}",
    "ü",
    "日本語",
    "😀",
    "\u{202e}txt.exe",
    "\u{200b}",
    "\u{feff}a",
    "\u{2028}\u{2029}\u{ff0f}\u{2024}\u{2024}\u{ffff}",
];

fn values() -> Vec<String> {
    let mut values: Vec<String> = VALUES.iter().map(|value| (*value).to_owned()).collect();
    values.extend(["a".repeat(5000), "/".repeat(1500), "\"".repeat(1500), "../".repeat(500), "ü".repeat(900)]);
    values
}

/// Every byte that is more than a letter or a digit by its code.
fn encoded(value: &str) -> String {
    let byte = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    value.bytes().map(byte).collect()
}

/// What an encoded text stands for; nothing in it may be other than a code or what stands for itself.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let code = std::str::from_utf8(tail.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(code, 16).ok()?);
        rest = &tail[2..];
    }
    String::from_utf8(bytes).ok()
}

/// The value at its place, as a service reads it; none where there is anything else.
fn found(place: &str, got: &Received) -> Option<String> {
    let plain = got.target.bytes().all(|byte| byte.is_ascii_graphic()) && !got.target.contains('#');
    let (path, query) = got.target.split_once('?').map_or((&*got.target, None), |(path, query)| (path, Some(query)));
    let mut names: Vec<&str> = got.fields.0.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let mut wanted =
        vec!["host", "traceparent", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-request-id"];
    match place {
        "header" => wanted.extend(["x-a", "x-v", "x-z"]),
        "json" | "text" => wanted.extend(["content-length", "content-type"]),
        _ => {}
    }
    wanted.sort_unstable();
    assert_eq!(names, wanted, "{got:?}");
    let content = std::str::from_utf8(&got.body).ok()?;
    let whole = plain && got.trailers.0.is_empty();
    match place {
        _ if !whole => None,
        "segment" => match path.split('/').collect::<Vec<_>>()[..] {
            ["", "p", segment, "end"] if query.is_none() && content.is_empty() => decoded(segment),
            _ => None,
        },
        "query" => match query?.split('&').collect::<Vec<_>>()[..] {
            // A plus would be a space to some and itself to others.
            ["a=1", value, "z=2"] if path == "/q" && !value.contains('+') => decoded(value.strip_prefix("v=")?),
            _ => None,
        },
        "header" => {
            let neighbours = (got.get("x-a"), got.get("x-z"), path, query) == (Some("b"), Some("c"), "/h", None);
            let bytes: Vec<u8> = got.get("x-v")?.chars().map(|byte| byte as u8).collect();
            String::from_utf8(bytes).ok().filter(|_| neighbours)
        }
        "json" => {
            let read: serde_json::Value = serde_json::from_str(content).ok()?;
            let value = read["v"].as_str()?;
            (read == json!({"v": value, "w": format!("<{value}>")}) && path == "/j").then(|| value.to_owned())
        }
        _ => content.strip_prefix('<')?.strip_suffix('>').filter(|_| path == "/t").map(str::to_owned),
    }
}

/// Whether nothing may be sent with that value at that place.
fn is_refused(place: &str, value: &str) -> bool {
    match place {
        // A segment that is empty, or that the next reader would resolve.
        "segment" => matches!(value, "" | "." | ".."),
        "header" => value.chars().any(|c| c < ' ' || c == '\u{7f}'),
        _ => false,
    }
}

/// Whether a client's path can hold it: what is refused there no part ever sees (`path-refused`).
fn fits_in_a_path(value: &str) -> bool {
    let twice = decoded(value).unwrap_or_else(|| value.to_owned());
    let dots = twice.split('/').any(|segment| matches!(segment.split(';').next(), Some("." | "..")));
    !value.is_empty() && !dots && !value.contains(['\\', '\0']) && !twice.contains(['\\', '\0'])
}

fn routes() -> String {
    let mut routes = String::new();
    for (source, expression) in SOURCES {
        for (place, call) in PLACES {
            let (path, before) = match source {
                "path" => ("/{value}", ""),
                "part" => ("", "source: {call: \"GET source:/${request.query.n}\"}, "),
                _ => ("", ""),
            };
            let call = call.replace("${V}", &format!("${{{expression}}}"));
            routes += &format!(
                "  - match: GET /{source}/{place}{path}\n    aggregate: {{parts: {{{before}sink: {{{call}}}}}, respond: {{body: {{done: \"${{parts.sink.body}}\"}}}}}}\n"
            );
        }
    }
    routes
}

async fn ask(gateway: &Gateway, http2: &pintle_testkit::H2Client, ask: Ask, number: usize) -> Answer {
    if number.is_multiple_of(2) { gateway.ask(ask).await } else { http2.ask(ask).await }
}

// Rule: aggregate-values
#[tokio::test]
async fn a_value_stays_one_value_at_its_place_or_nothing_is_sent() {
    let values = values();
    assert!(values.len() >= 100);
    let sink = Origin::start(async |_: Received| Reply::json(&json!(true))).await;
    let known = values.clone();
    let source = Origin::start(move |request: Received| {
        let number: usize = request.target.trim_start_matches('/').parse().expect("a number");
        std::future::ready(Reply::json(&json!({"value": known[number]})))
    })
    .await;
    let services = [("sink", sink.address()), ("source", source.address())];
    let gateway = Gateway::start(config(&services, &routes())).await;
    let http2 = gateway.h2().await;
    let (mut sent, mut wrong, mut turn) = (0, Vec::new(), 0);
    for (number, value) in values.iter().enumerate() {
        for (source, _) in SOURCES {
            turn += 1;
            for (at, (place, _)) in PLACES.into_iter().enumerate() {
                let target = match source {
                    "query" => format!("/query/{place}?v={}", encoded(value)),
                    "path" => format!("/path/{place}/{}", encoded(value)),
                    _ => format!("/part/{place}?n={number}"),
                };
                let answer = ask(&gateway, &http2, Ask::get(&target), turn + at).await;
                let told = format!("{value:?} of {source} in {place}: {answer:?}");
                let hits = sink.hits() - sent;
                sent += hits;
                let is_whole = answer.status == 200 && hits == 1;
                if source == "path" && !fits_in_a_path(value) {
                    let refused = matches!(answer.status, 400 | 404) && hits == 0;
                    let kept = is_whole && found(place, &sink.last()).is_some_and(|found| found == *value);
                    if !refused && !kept {
                        wrong.push(told);
                    }
                } else if is_refused(place, value) {
                    let problem = answer.json();
                    if (answer.status, hits, &problem["part_reason"]) != (502, 0, &json!("expression")) {
                        wrong.push(told);
                    }
                } else {
                    // White space around a field's value is no part of it (RFC 9110 5.5).
                    let wanted = if place == "header" { value.trim_matches([' ', '\t']) } else { value };
                    let found = if is_whole { found(place, &sink.last()) } else { None };
                    if found.as_deref() != Some(wanted) {
                        wrong.push(format!("{told}\n  got {found:?} in {hits} requests"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn what_is_no_text_goes_nowhere() {
    let sink = Origin::start(async |_: Received| Reply::json(&json!(true))).await;
    let source = Origin::start(async move |request: Received| {
        let content: &[u8] = match &*request.target {
            "/half" => br#"{"value":"\ud800"}"#,
            "/other-half" => br#"{"value":"a\udc00b"}"#,
            "/swapped" => br#"{"value":"\udc00\ud800"}"#,
            "/bytes" => b"{\"value\":\"\xff\xfe\"}",
            "/overlong" => b"{\"value\":\"\xc0\xaf\"}",
            "/surrogate" => b"{\"value\":\"\xed\xa0\x80\"}",
            "/twice" => br#"{"value":"a","value":"../b"}"#,
            "/twice-escaped" => br#"{"value":"a","v\u0061lue":"../b"}"#,
            "/two" => br#"{"value":"a"}{"value":"b"}"#,
            "/raw-control" => b"{\"value\":\"a\nb\"}",
            _ => br#"{"value":"a""#,
        };
        Reply::new(200).header("content-type", "application/json").body(content)
    })
    .await;
    let services = [("sink", sink.address()), ("source", source.address())];
    let gateway = Gateway::start(config(&services, &routes())).await;
    let names = [
        "half",
        "other-half",
        "swapped",
        "bytes",
        "overlong",
        "surrogate",
        "twice",
        "twice-escaped",
        "two",
        "raw-control",
        "cut",
    ];
    for name in names {
        for (place, _) in PLACES {
            for answer in super::both(&gateway, Ask::get(&format!("/part/{place}?n={name}"))).await {
                let problem = answer.problem(502, "part_failed");
                assert_eq!((&problem["part"], &problem["part_reason"]), (&json!("source"), &json!("decode")), "{name}");
                // Nothing of what came is told.
                assert!(!answer.text().contains("../b"), "{answer:?}");
            }
        }
    }
    assert_eq!(sink.hits(), 0);
}
