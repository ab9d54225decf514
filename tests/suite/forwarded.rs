//! No field that a policy forwards can be set by a client, however it is spelled, wherever it stands and whoever asks:
//! the service gets the gateway's value, or none.

use crate::api_key::ABC;
use pintle_testkit::{Frame, Gateway, Origin, Received, Wire};

/// What a client tries to pass for. Nothing of it may arrive.
const FORGED: &str = "forged";
/// The name that policies forward.
const NAME: &str = "x-user";

/// The policies that forward `x-user`, in each form, and what a request needs to be somebody.
const POLICIES: &[(&str, &str)] = &[
    ("{api_key: {header: x-key, optional: true, forward: {X-User: 'gateway'}}}", "x-key: abc"),
    ("{api_key: {header: x-key, optional: true, forward: {x-user: '${consumer.name}'}}}", "x-key: abc"),
    // It fails always.
    ("{api_key: {header: x-key, optional: true, forward: {x-user: '${consumer.groups[9]}'}}}", "x-key: abc"),
    ("{basic_auth: {optional: true, forward: {x-user: '${consumer.name}'}}}", "authorization: Basic b3BzOlUqVQ=="),
    (
        "{any: {of: [{api_key: {header: x-key, forward: {x-user: a}}}, {basic_auth: {forward: {x-user: b}}}], optional: true}}",
        "x-key: abc",
    ),
    (
        "{any: {of: [{api_key: {header: x-key}}, {basic_auth: {}}], optional: true, forward: {x_user: '${consumer.name}'}}}",
        "x-key: abc",
    ),
    ("{client_certificate: {optional: true, forward: {x-user: '${consumer.name}'}}}", "x-none: 1"),
    ("{hmac: {optional: true, forward: {x-user: '${consumer.name}'}}}", "x-none: 1"),
    ("{headers: {request: {set: {x-user: '${consumer.name}'}}}}", "x-none: 1"),
    ("{headers: {request: {set: {x-user: gateway}}}}", "x-none: 1"),
];

/// Lines of a head over HTTP/1.1, and what may follow it.
fn heads() -> Vec<(String, String)> {
    let lines = [
        "x-user: forged",
        "X-User: forged",
        "X-USER:forged",
        "x_user: forged",
        "X_USER: forged",
        "x.user: forged",
        "X~User: forged",
        "x|user: forged",
        "x-User:\tforged ",
        "x-user: forged\r\nx-user: forged",
        "x-user: a\r\nX_User: forged\r\nx_user: forged",
        "x-user:\r\nx-user: forged",
        "x-user:\r\nx_user: forged",
        "x-other: a\r\n x-user: forged",
        "x-other: a\r\n\tx-user: forged",
        "x-user: a\r\n forged",
        "x-user : forged",
        " x-user: forged",
        "\tx-user: forged",
        "x-user\0: forged",
        "x-user\u{b}: forged",
        "x-user\u{a0}: forged",
        "x-other: a\nx-user: forged",
        "x-other: a\rx-user: forged",
        "x-other: a\r\r\nx-user: forged",
        "connection: x-user\r\nx-user: forged",
        "connection: close, X-User\r\nX-User: forged",
        "connection: x_user\r\nx-user: forged\r\nx_user: forged",
        "connection: keep-alive\r\nconnection: x-user\r\nx_user: forged",
        "proxy-connection: x-user\r\nx-user: forged",
        "te: x-user\r\nx-user: forged",
        "trailer: x-user\r\nx-user: forged",
        "x-user: \u{e4}forged",
        "x-user: forged\u{1}",
        "x-user: forged\u{7f}",
        "x-us\u{e9}r: forged",
        "upgrade: x-user\r\nconnection: upgrade\r\nx-user: forged",
    ];
    let mut all: Vec<_> = lines.iter().map(|line| ((*line).to_owned(), String::new())).collect();
    for trailer in [
        "x-user: forged",
        "X-User: forged",
        "x_user: forged",
        "x.user: forged",
        "X_USER:forged\r\nx-user: forged",
        "x-user : forged",
        "x-a: b\r\n x-user: forged",
    ] {
        for announced in ["", "trailer: x-user\r\n", "te: trailers\r\n"] {
            let head = format!("{announced}transfer-encoding: chunked");
            all.push((head, format!("2\r\nok\r\n0\r\n{trailer}\r\n\r\n")));
        }
    }
    all
}

/// Whether a name is read as the forwarded one by those who cannot tell one mark from another (CGI, WSGI, PHP).
fn is_name(name: &str) -> bool {
    name.trim().to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-") == NAME
}

/// Nothing of what was forged stands under the name.
fn judge(got: &Received, case: &str) {
    let fields = got.fields.0.iter().chain(&got.trailers.0).filter(|(name, _)| is_name(name));
    let values: Vec<_> = fields.collect();
    assert!(values.len() <= 1 && values.iter().all(|(_, value)| !value.contains(FORGED)), "{case}: {got:?}");
}

async fn started(policy: &str, service: &Origin) -> Gateway {
    let hash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    let config = format!(
        "consumers:
  - {{name: acme, api_keys: [{{sha256: {ABC}}}]}}
  - {{name: ops, basic_auth: {{username: ops, password: {{bcrypt: \"{hash}\"}}}}}}
routes: [{{match: /**, policies: [{policy}], proxy: \"{}\"}}]
",
        service.url()
    );
    Gateway::plain(config).await
}

// Rule: forward-own
#[tokio::test]
async fn nothing_that_a_client_says_over_http1_passes_for_what_is_forwarded() {
    for (policy, credentials) in POLICIES {
        let service = Origin::echo().await;
        let gateway = started(policy, &service).await;
        for (head, rest) in heads() {
            for credentials in [*credentials, "x-none: 1"] {
                let case = format!("{policy} {credentials} {head:?} {rest:?}");
                let mut wire = gateway.wire().await;
                let request =
                    format!("POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{credentials}\r\n{head}\r\n\r\n{rest}");
                wire.write(request).await;
                let _ = wire.half_close().await;
                let (answer, _) = wire.to_end().await;
                assert!(answer.starts_with(b"HTTP/1.1 "), "{case}: {answer:?}");
                if let Some(got) = service.received().last() {
                    judge(got, &case);
                }
            }
        }
    }
}

// Rule: forward-own
#[tokio::test]
async fn nothing_that_a_client_says_over_http2_passes_for_what_is_forwarded() {
    let fields: &[&[(&str, &str)]] = &[
        &[("x-user", FORGED)],
        &[("x_user", FORGED)],
        &[("X-User", FORGED)],
        &[("x-user", FORGED), ("x-user", FORGED)],
        &[("x-user", ""), ("x_user", FORGED)],
        &[(":x-user", FORGED)],
        &[("x-user ", FORGED)],
        &[(" x-user", FORGED)],
        &[("x-user:", FORGED)],
        &[("x-other", "a\r\nx-user: forged")],
        &[("x-other", "a\nx-user: forged")],
        &[("x-other", "a\0x-user: forged")],
        &[("connection", "x-user"), ("x-user", FORGED)],
        &[("te", "trailers"), ("x-user", FORGED)],
        &[("x-user", "\u{e4}forged")],
    ];
    let trailers: &[&[(&str, &str)]] = &[
        &[],
        &[("x-user", FORGED)],
        &[("x_user", FORGED)],
        &[("X-User", FORGED)],
        &[(":path", "/"), ("x-user", FORGED)],
    ];
    for (policy, credentials) in POLICIES {
        let service = Origin::echo().await;
        let gateway = started(policy, &service).await;
        let (name, value) = credentials.split_once(": ").expect("a field");
        for (fields, trailers) in fields
            .iter()
            .map(|fields| (*fields, trailers[0]))
            .chain(trailers.iter().map(|trailers| (&[][..], *trailers)))
        {
            for known in [true, false] {
                let case = format!("{policy} {known} {fields:?} {trailers:?}");
                let mut raw = gateway.raw_h2().await;
                let mut head = vec![(":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", "/")];
                // A pseudo-field stands before the others.
                head.extend(fields.iter().filter(|(name, _)| name.starts_with(':')));
                if known {
                    head.push((name, value));
                }
                head.extend(fields.iter().filter(|(name, _)| !name.starts_with(':')));
                let mut frames = vec![Frame::headers(1, &head, false), Frame::data(1, "ok", trailers.is_empty())];
                if !trailers.is_empty() {
                    frames.push(Frame::headers(1, trailers, true));
                }
                raw.send_all(frames).await;
                let ends = |frame: &Frame| {
                    frame.kind == pintle_testkit::kind::GOAWAY
                        || frame.stream == 1
                            && [pintle_testkit::kind::HEADERS, pintle_testkit::kind::RST_STREAM].contains(&frame.kind)
                };
                raw.until(ends).await;
                if let Some(got) = service.received().last() {
                    judge(got, &case);
                }
            }
        }
    }
}

#[tokio::test]
async fn what_is_known_is_forwarded_once() {
    for (policy, credentials) in &POLICIES[..6] {
        let service = Origin::echo().await;
        let gateway = started(policy, &service).await;
        let mut wire: Wire = gateway.wire().await;
        wire.write(format!("GET / HTTP/1.1\r\nhost: a\r\n{credentials}\r\nx-user: forged\r\n\r\n")).await;
        assert_eq!(wire.answer().await.status, 200);
        let got = service.last();
        let values: Vec<_> = got.fields.0.iter().filter(|(name, _)| is_name(name)).collect();
        let fails = policy.contains("groups[9]");
        assert_eq!(values.len(), usize::from(!fails), "{policy}: {got:?}");
    }
}

// Rule: credentials-off
#[tokio::test]
async fn a_key_does_not_go_on_as_a_trailer_or_in_another_spelling() {
    let service = Origin::echo().await;
    let gateway = started("{api_key: {header: x-key, optional: true}}", &service).await;
    for credentials in ["x-key: abc", "x-none: 1"] {
        let mut wire = gateway.wire().await;
        let head =
            format!("POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{credentials}\r\nx.key: abc\r\nX_Key: abc\r\n");
        wire.write(format!("{head}transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-key: abc\r\nx_key: abc\r\n\r\n"))
            .await;
        let (answer, _) = wire.to_end().await;
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{answer:?}");
        let received = service.received();
        let got = received.last().expect("a request");
        let mut all = got.fields.0.iter().chain(&got.trailers.0);
        assert!(all.all(|(_, value)| value != "abc"), "{got:?}");
    }
}
