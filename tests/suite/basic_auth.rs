//! `basic_auth`: name and password (RFC 7617), hashed beside the workers.

use crate::check::{START, refused};
use pintle_testkit::{Answer, Ask, Gateway, Origin, RawOrigin};

/// `U*U` by bcrypt at its least cost, and `correct-horse` by Argon2id.
const QUICK: &str = "{bcrypt: \"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\"}";
const SLOW: &str =
    "{argon2: \"$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$WfPnSpo5dPwz04O6R4xdhoAh3QZSqx54OncEmuENylc\"}";
/// `ops:U*U`, `ops:U*V`, `slow:correct-horse`, `slow:battery`, `root:U*U`.
const OPS: &str = "Basic b3BzOlUqVQ==";
const OPS_WRONG: &str = "Basic b3BzOlUqVg==";
const SLOW_RIGHT: &str = "Basic c2xvdzpjb3JyZWN0LWhvcnNl";
const SLOW_WRONG: &str = "Basic c2xvdzpiYXR0ZXJ5";
const ROOT: &str = "Basic cm9vdDpVKlU=";

fn config(settings: &str, url: &str) -> String {
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]
consumers:
  - {{name: ops, basic_auth: {{username: ops, password: {QUICK}}}}}
  - {{name: slow-one, basic_auth: {{username: slow, password: {SLOW}}}}}
routes:
  - {{match: /open, respond: {{body: open}}}}
  - {{match: /**, policies: [{{basic_auth: {settings}}}], proxy: \"{url}\"}}
"
    )
}

async fn both(gateway: &Gateway, ask: Ask) -> [Answer; 2] {
    [gateway.ask(ask.clone()).await, gateway.h2().await.ask(ask).await]
}

fn with(value: &str) -> Ask {
    Ask::get("/").header("authorization", value)
}

#[tokio::test]
async fn a_right_password_passes_and_the_service_does_not_see_it() {
    let service = Origin::echo().await;
    let gateway = Gateway::start(config("{forward: {x-user: '${consumer.name}'}}", &service.url())).await;
    for (value, name) in [(OPS, "ops"), (SLOW_RIGHT, "slow-one")] {
        for answer in both(&gateway, with(value).header("x-user", "root")).await {
            assert_eq!((answer.status, service.last().get("x-user")), (200, Some(name)), "{answer:?}");
            assert!(!service.last().has("authorization"));
            assert_eq!(gateway.log_of(&answer).await["pintle.consumer"], name);
        }
    }
    gateway.change(config("{keep: true}", &service.url())).await;
    gateway.ask(with(OPS)).await;
    assert_eq!(service.last().get("authorization"), Some(OPS));
}

#[tokio::test]
async fn a_wrong_one_and_an_unknown_name_are_refused_alike() {
    let service = Origin::echo().await;
    let gateway = Gateway::start(config("{realm: staff}", &service.url())).await;
    for value in [OPS_WRONG, SLOW_WRONG, ROOT, "Basic !", "Basic"] {
        for answer in both(&gateway, with(value)).await {
            answer.problem(401, "bad_credentials");
            assert_eq!(answer.get("www-authenticate"), Some("Basic realm=\"staff\", charset=\"UTF-8\""));
        }
    }
    for answer in both(&gateway, Ask::get("/")).await {
        answer.problem(401, "no_credentials");
    }
    assert_eq!(service.hits(), 0);
}

// Rule: password-cost
#[tokio::test]
async fn a_password_that_was_good_is_good_no_more_once_it_is_another_one() {
    let service = Origin::echo().await;
    let gateway = Gateway::start(config("{}", &service.url())).await;
    assert_eq!(gateway.ask(with(OPS)).await.status, 200);
    gateway.change(config("{}", &service.url()).replace(QUICK, SLOW)).await;
    for answer in both(&gateway, with(OPS)).await {
        assert_eq!(answer.status, 401, "it was remembered");
    }
}

// Rule: password-cost
#[tokio::test]
async fn many_wrong_passwords_are_refused_clearly_and_hold_nobody_else_up() {
    let service = Origin::echo().await;
    let gateway = Gateway::start(config("{}", &service.url())).await;
    // More than may wait; over HTTP/2, as one connection is enough for them.
    let h2 = gateway.h2().await;
    let mut asked = Vec::new();
    for _ in 0..90 {
        asked.push(h2.open(&with(SLOW_WRONG), true).await.expect("a stream"));
    }
    let other = gateway.h2().await;
    for _ in 0..90 {
        asked.push(other.open(&with(SLOW_WRONG), true).await.expect("a stream"));
    }
    // Workers serve others meanwhile.
    assert_eq!(gateway.get("/open").await.text(), "open");
    let mut busy = 0;
    for stream in asked {
        let answer = stream.try_answer().await.expect("an answer");
        if answer.status == 503 {
            answer.problem(503, "auth_unavailable");
            assert_eq!(answer.get("retry-after"), Some("1"));
            busy += 1;
        } else {
            answer.problem(401, "bad_credentials");
        }
    }
    assert!(busy > 0, "all of them waited");
    assert_eq!(gateway.ask(with(OPS)).await.status, 200);
}

#[tokio::test]
async fn who_hangs_up_while_a_password_is_looked_at_leaves_nothing_behind() {
    let service = Origin::echo().await;
    let gateway = Gateway::start(config("{}", &service.url())).await;
    for _ in 0..10 {
        let mut wire = gateway.wire().await;
        wire.write(with(SLOW_WRONG).to_h1()).await;
        drop(wire);
    }
    let h2 = gateway.h2().await;
    for _ in 0..10 {
        h2.open(&with(SLOW_WRONG), true).await.expect("a stream").reset(h2::Reason::CANCEL);
    }
    for answer in both(&gateway, with(SLOW_RIGHT)).await {
        assert_eq!(answer.status, 200);
    }
    assert_eq!(service.hits(), 2);
}

#[tokio::test]
async fn a_request_under_way_goes_on_through_a_reload() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(config("{}", &service.url())).await;
    let mut h1 = gateway.wire().await;
    h1.write(with(OPS).to_h1()).await;
    let mut first = service.accept().await;
    first.request().await;
    let h2 = gateway.h2().await;
    let stream = h2.open(&with(OPS), true).await.expect("a stream");
    let mut second = service.accept().await;
    second.request().await;
    gateway.change(config("{}", &service.url()).replace("username: ops", "username: other")).await;
    for wire in [&mut first, &mut second] {
        wire.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    }
    assert_eq!(h1.answer().await.text(), "ok");
    assert_eq!(stream.try_answer().await.expect("an answer").text(), "ok");
    assert_eq!(gateway.ask(with(OPS)).await.status, 401);
}

#[tokio::test]
async fn a_mistake_has_its_line_and_a_remedy_and_shows_no_password() {
    let consumer = |password: &str| {
        format!("{START}consumers:\n  - name: ops\n    basic_auth: {{username: ops, password: {password}}}\n")
    };
    for (password, parts) in [
        ("hunter2", ["pintle.yaml:5:", "found plain text", "pintle hash password"]),
        ("{argon2: hunter2}", ["pintle.yaml:5:", "no hash by Argon2", "$argon2id$v=19"]),
        ("{bcrypt: hunter2}", ["pintle.yaml:5:", "no hash by bcrypt", "60 characters"]),
    ] {
        refused(&consumer(password), &parts).await;
        let folder = pintle_testkit::Folder::new();
        folder.write("pintle.yaml", consumer(password));
        let said = pintle_testkit::pintle(folder.path(), &["check", "pintle.yaml"]).await;
        assert!(!format!("{}{}", said.stdout, said.stderr).contains("hunter2"), "{said:?}");
    }
    let named = consumer(QUICK).replace("username: ops", "username: 'o:s'");
    refused(&named, &["pintle.yaml:5:", "cannot be sent", "colon"]).await;
}
