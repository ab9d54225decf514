//! Changes by the admin address: the texts in force, another configuration, and the way back.

use pintle_testkit::{Ask, Folder, Gateway, Origin, Reloaded, Wire};
use serde_json::{Value, json};
use std::cell::Cell;
use std::rc::Rc;
use tokio::task::{LocalSet, spawn_local};

const TOKEN: &str = "a-token-of-32-characters-or-more";

fn config(says: &str) -> String {
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]
admin: {{address: 127.0.0.1:0, token: {{env: ADMIN_TOKEN}}}}
routes: [{{name: all, match: /**, respond: {{body: {says}}}}}]
"
    )
}

async fn start(config: impl AsRef<str>) -> Gateway {
    Gateway::with(config).env("ADMIN_TOKEN", TOKEN).start().await
}

fn with_token(ask: Ask) -> Ask {
    ask.header("authorization", &format!("Bearer {TOKEN}"))
}

fn put(config: impl AsRef<[u8]>) -> Ask {
    with_token(Ask::new("PUT", "/config").body(config))
}

fn rollback(query: &str) -> Ask {
    with_token(Ask::post(&format!("/config/rollback{query}"), ""))
}

async fn says(gateway: &Gateway) -> String {
    gateway.get("/").await.text()
}

async fn in_force(gateway: &Gateway) -> Value {
    gateway.ask_admin(Ask::get("/status")).await.json()["configuration"].clone()
}

#[tokio::test]
async fn the_texts_in_force_can_be_read_with_what_they_include() {
    let main = format!("include: [more/*.yaml]\n{}", config("a"));
    let more = "routes: [{match: /b, respond: {body: b}}]\n";
    let setup = Gateway::with(&main).file("more/b.yaml", more).env("ADMIN_TOKEN", TOKEN);
    let gateway = setup.start().await;
    let answer = gateway.ask_admin(Ask::get("/config")).await;
    assert_eq!((answer.status, answer.get("etag")), (200, Some("\"1\"")));
    let expected = json!({
        "version": 1,
        "main": "pintle.yaml",
        "files": [{"name": "pintle.yaml", "text": main}, {"name": "more/b.yaml", "text": more}],
    });
    assert_eq!(answer.json(), expected);
    assert!(!answer.text().contains(TOKEN));
    // What is refused is not in force.
    gateway.file("more/b.yaml", "routes: [{match: /b}]\n");
    assert!(matches!(gateway.verdict().await, Reloaded::Refused(_)));
    assert_eq!(gateway.ask_admin(Ask::get("/config")).await.json(), expected);
}

#[tokio::test]
async fn a_configuration_that_is_put_is_in_force_with_the_answer() {
    let gateway = start(config("first")).await;
    let answer = gateway.ask_admin(put(config("second")).header("content-type", "application/yaml")).await;
    assert_eq!((answer.status, answer.get("etag")), (200, Some("\"2\"")), "{answer:?}");
    assert_eq!(answer.json()["version"], 2);
    let change = &answer.json()["changes"]["routes"][0];
    assert_eq!((&change["name"], &change["edits"][0]["what"]), (&json!("all"), &json!("respond.body")), "{answer:?}");
    assert_eq!(says(&gateway).await, "second");
    let status = in_force(&gateway).await;
    assert_eq!((&status["version"], &status["by"], &status["origin"]), (&json!(2), &json!("put"), &json!("put")));
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    assert!(gateway.stderr().contains("configuration 2 in force (by put)"));
}

#[tokio::test]
async fn what_is_wrong_with_it_is_answered_with_its_places() {
    let gateway = start(config("first")).await;
    let bad = config("second").replace("respond", "responds");
    let answer = gateway.ask_admin(put(&bad)).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("pintle.yaml:3:"), "{answer:?}");
    assert!(answer.text().contains("unknown key `responds`"), "{answer:?}");
    let answer = gateway.ask_admin(put(&bad).header("accept", "application/json")).await;
    assert_eq!(answer.status, 422);
    let unknown = |message: &Value| (&message["line"], &message["code"]) == (&json!(3), &json!("unknown-key"));
    assert!(answer.json()["messages"].as_array().is_some_and(|all| all.iter().any(unknown)), "{answer:?}");
    assert_eq!(says(&gateway).await, "first");
    let refusal = in_force(&gateway).await["last_refusal"]["messages"].clone();
    assert!(refusal.as_str().is_some_and(|said| said.contains("unknown key `responds`")), "{refusal}");
}

#[tokio::test]
async fn a_secret_in_plain_text_is_not_shown_again() {
    let gateway = start(config("first")).await;
    let bad = config("second").replace("{env: ADMIN_TOKEN}", "plain-and-secret");
    for accept in ["text/plain", "application/json"] {
        let answer = gateway.ask_admin(put(&bad).header("accept", accept)).await;
        assert_eq!(answer.status, 422);
        assert!(!answer.text().contains("plain-and-secret"), "{answer:?}");
    }
    assert!(!gateway.stderr().contains("plain-and-secret"));
}

#[tokio::test]
async fn a_dry_run_says_what_would_change_and_changes_nothing() {
    let gateway = start(config("first")).await;
    let dry = |config: String| with_token(Ask::new("PUT", "/config?dry_run").body(config));
    let more = format!("{}  - {{name: more, match: /more, respond: {{body: more}}}}\n", config("first")).replace(
        "routes: [{name: all, match: /**, respond: {body: first}}]\n",
        "routes:\n  - {name: all, match: /**, respond: {body: first}}\n",
    );
    let answer = gateway.ask_admin(dry(more)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!((&answer.json()["version"], &answer.json()["dry_run"]), (&json!(1), &json!(true)));
    assert_eq!(answer.json()["changes"]["summary"], "routes: 1 added", "{answer:?}");
    assert_eq!(gateway.ask_admin(dry("routes: 7".into())).await.status, 422);
    assert_eq!(in_force(&gateway).await["version"], 1);
    assert_eq!(gateway.get("/more").await.text(), "first");
    // A parameter that is misspelt must not be the real thing.
    let answer = gateway.ask_admin(with_token(Ask::new("PUT", "/config?dryrun").body(config("second")))).await;
    assert_eq!(answer.status, 400);
    assert_eq!(in_force(&gateway).await["version"], 1);
}

// Rule: change-one-writer
#[tokio::test]
async fn two_writers_do_not_overwrite_each_other() {
    let gateway = start(config("first")).await;
    assert_eq!(gateway.ask_admin(put(config("second")).header("if-match", "\"1\"")).await.status, 200);
    let late = gateway.ask_admin(put(config("third")).header("if-match", "\"1\"")).await;
    assert_eq!((late.status, late.get("etag")), (412, Some("\"2\"")));
    assert_eq!(says(&gateway).await, "second");
    assert_eq!(gateway.ask_admin(put(config("third")).header("if-match", "1")).await.status, 400);
    assert_eq!(gateway.ask_admin(put(config("third")).header("if-match", "*")).await.status, 200);
}

#[tokio::test]
async fn whoever_may_not_is_told_so_before_the_content_is_read() {
    let gateway = start(config("first")).await;
    let mut wire = Wire::tcp(gateway.admin()).await;
    let host = gateway.admin();
    wire.write(format!("PUT /config HTTP/1.1\r\nhost: {host}\r\ncontent-length: 1000000\r\n\r\n")).await;
    assert_eq!(wire.answer().await.status, 401);
    let token = format!("host: {host}\r\nauthorization: Bearer {TOKEN}");
    for (framing, status) in [
        ("content-length: 67108865", 413),
        ("content-length: 5\r\ncontent-type: application/json", 415),
        ("content-length: 5\r\ncontent-encoding: gzip", 415),
    ] {
        let mut wire = Wire::tcp(gateway.admin()).await;
        wire.write(format!("PUT /config HTTP/1.1\r\n{token}\r\n{framing}\r\n\r\n")).await;
        assert_eq!(wire.answer().await.status, status, "{framing}");
    }
    assert_eq!(gateway.ask_admin(put([0xff, 0xfe])).await.status, 400);
    assert_eq!(says(&gateway).await, "first");
}

#[tokio::test]
async fn who_begins_and_sends_nothing_more_keeps_nobody_waiting_for_long() {
    let gateway = start(config("first")).await;
    let mut wire = Wire::tcp(gateway.admin()).await;
    let head = format!("PUT /config HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {TOKEN}", gateway.admin());
    wire.write(format!("{head}\r\ncontent-length: 1000\r\n\r\nlisteners:")).await;
    assert_eq!(wire.answer().await.status, 408);
    assert_eq!(gateway.ask_admin(put(config("second"))).await.status, 200);
}

#[tokio::test]
async fn content_may_come_in_chunks_and_after_a_100() {
    let gateway = start(config("first")).await;
    assert_eq!(gateway.ask_admin(put(config("second")).chunked()).await.status, 200);
    assert_eq!(says(&gateway).await, "second");
    let mut wire = Wire::tcp(gateway.admin()).await;
    let (host, text) = (gateway.admin(), config("third"));
    let head = format!("PUT /config HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {TOKEN}\r\nexpect: 100-continue");
    wire.write(format!("{head}\r\ncontent-length: {}\r\n\r\n", text.len())).await;
    assert_eq!(wire.head().await.status(), 100);
    wire.write(text).await;
    assert_eq!(wire.answer().await.status, 200);
    assert_eq!(says(&gateway).await, "third");
}

// Rule: change-put
#[tokio::test]
async fn what_was_put_stays_until_a_file_changes() {
    let gateway = Gateway::with(format!("include: [more.yaml]\n{}", config("first")))
        .file("more.yaml", "routes: []\n")
        .env("ADMIN_TOKEN", TOKEN)
        .start()
        .await;
    assert_eq!(gateway.ask_admin(put(config("put"))).await.status, 200);
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    // Written again with what it said: no change, and a change that is refused is none either.
    gateway.file("more.yaml", "routes: []\n");
    gateway.file("more.yaml", "routes: 7\n");
    assert!(matches!(gateway.verdict().await, Reloaded::Refused(_)));
    assert_eq!(says(&gateway).await, "put");
    gateway.file("more.yaml", "routes: [{match: /more, respond: {body: more}}]\n");
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    assert_eq!(says(&gateway).await, "first");
    assert_eq!(in_force(&gateway).await["origin"], "files");
}

// Rule: change-put
#[tokio::test]
async fn what_was_put_gives_way_to_the_file_when_that_is_asked_for() {
    let gateway = start(config("first")).await;
    for reload in [true, false] {
        assert_eq!(gateway.ask_admin(put(config("put"))).await.status, 200);
        assert_eq!(says(&gateway).await, "put");
        if reload {
            assert_eq!(gateway.ask_admin(with_token(Ask::post("/reload", ""))).await.status, 200);
        } else {
            assert_eq!(gateway.reload().await, Reloaded::InForce);
        }
        assert_eq!(says(&gateway).await, "first");
    }
}

// Rule: state-restart
#[tokio::test]
async fn what_was_put_is_in_force_after_a_restart_if_the_file_is_as_it_was() {
    let state = Folder::new();
    let kept = |says: &str| format!("{}state: {}\n", config(says), state.at("state").display());
    let gateway = start(kept("file")).await;
    assert_eq!(gateway.ask_admin(put(kept("put"))).await.status, 200);
    gateway.stop().await;

    let gateway = start(kept("file")).await;
    assert_eq!(says(&gateway).await, "put");
    assert!(gateway.stderr().contains("configuration 2 (put) stays in force"), "{}", gateway.stderr());
    assert_eq!(in_force(&gateway).await["origin"], "put");
    assert_eq!(gateway.reload().await, Reloaded::InForce);
    assert_eq!(says(&gateway).await, "file");
    assert_eq!(gateway.ask_admin(put(kept("put"))).await.status, 200);
    gateway.stop().await;

    let gateway = start(kept("changed")).await;
    assert_eq!(says(&gateway).await, "changed");
}

#[tokio::test]
async fn a_secret_that_changes_reaches_what_was_put() {
    let with_file = |says: &str| config(says).replace("{env: ADMIN_TOKEN}", "{file: token}");
    let gateway = Gateway::with(config("first")).env("ADMIN_TOKEN", TOKEN).file("token", TOKEN).start().await;
    assert_eq!(gateway.ask_admin(put(with_file("put"))).await.status, 200);
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    gateway.file("token", "another-token-of-32-characters-or-more");
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    assert_eq!(gateway.ask_admin(with_token(Ask::post("/reload", ""))).await.status, 401);
    assert_eq!(says(&gateway).await, "put");
    assert_eq!(in_force(&gateway).await["origin"], "put");
}

#[tokio::test]
async fn going_back_goes_back_one_and_again_one_further() {
    let gateway = start(config("first")).await;
    assert_eq!(gateway.ask_admin(rollback("")).await.status, 404, "there is nothing before");
    for says in ["second", "third"] {
        assert_eq!(gateway.ask_admin(put(config(says))).await.status, 200);
    }
    for (version, expected) in [(4, "second"), (5, "first")] {
        let answer = gateway.ask_admin(rollback("")).await;
        assert_eq!((answer.status, &answer.json()["version"]), (200, &json!(version)), "{answer:?}");
        assert_eq!(says(&gateway).await, expected);
    }
    assert_eq!(gateway.ask_admin(rollback("?to=3")).await.status, 200);
    assert_eq!(says(&gateway).await, "third");
    assert_eq!(in_force(&gateway).await["by"], "rollback");
    for (query, status) in [("?to=77", 404), ("?to=x", 400), ("?back=1", 400)] {
        assert_eq!(gateway.ask_admin(rollback(query)).await.status, status, "{query}");
    }
    let history = gateway.ask_admin(Ask::get("/config/history")).await.json();
    let told: Vec<_> =
        history["versions"].as_array().into_iter().flatten().map(|one| (&one["by"], &one["copy_of"])).collect();
    let (back, put, start, none) = (json!("rollback"), json!("put"), json!("start"), Value::Null);
    let expected =
        [(&back, &json!(3)), (&back, &json!(1)), (&back, &json!(2)), (&put, &none), (&put, &none), (&start, &none)];
    assert_eq!(told, expected);
    for version in history["versions"].as_array().into_iter().flatten() {
        assert!(version["at"].is_u64() && version["took_ms"].is_u64(), "{version}");
        assert_eq!(version["digest"].as_str().map(str::len), Some(64), "{version}");
    }
}

#[tokio::test]
async fn nothing_changes_without_the_token() {
    let gateway = start(config("first")).await;
    for ask in [Ask::new("PUT", "/config").body(config("second")), Ask::post("/config/rollback", "")] {
        assert_eq!(gateway.ask_admin(ask).await.status, 401);
    }
    for (method, path, allow) in [
        ("DELETE", "/config", "GET, HEAD, PUT"),
        ("GET", "/config/rollback", "POST"),
        ("PUT", "/config/history", "GET, HEAD"),
    ] {
        let answer = gateway.ask_admin(with_token(Ask::new(method, path))).await;
        assert_eq!((answer.status, answer.get("allow")), (405, Some(allow)), "{method} {path}");
    }
    assert_eq!(says(&gateway).await, "first");
}

#[tokio::test]
async fn no_request_fails_while_configurations_are_put() {
    LocalSet::new().run_until(put_under_load()).await;
}

async fn put_under_load() {
    let service = Origin::echo().await;
    let numbered = |number: usize| {
        format!(
            "{}  - {{match: /service/**, proxy: '{}'}}\n  - {{match: /n/{number}, respond: {{body: n}}}}\n",
            config("own").replace(
                "routes: [{name: all, match: /**, respond: {body: own}}]",
                "routes:\n  - {name: all, match: /**, respond: {body: own}}"
            ),
            service.url()
        )
    };
    let gateway = start(numbered(0)).await;
    let (stop, served) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
    let mut clients = Vec::new();
    for _ in 0..4 {
        let (stop, served, mut client) = (Rc::clone(&stop), Rc::clone(&served), gateway.h1().await);
        clients.push(spawn_local(async move {
            while !stop.get() {
                for target in ["/service/a", "/own"] {
                    let answer = client.ask(Ask::get(target)).await;
                    assert_eq!(answer.status, 200, "{target}: {answer:?}");
                    served.set(served.get() + 1);
                }
            }
        }));
    }
    for number in 1..=50 {
        let answer = gateway.ask_admin(put(numbered(number))).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(gateway.get(&format!("/n/{number}")).await.text(), "n", "in force with the answer");
    }
    stop.set(true);
    for client in clients {
        client.await.expect("every request served");
    }
    assert!(served.get() > 50, "{} requests", served.get());
}
