//! What is told of changes: in the program's log, in the status, and with what is kept.

use super::{TOKEN, by_socket, config, reload, start, with_token};
use pintle_testkit::{Ask, Folder, Gateway, pintle};
use serde_json::{Value, json};

async fn history(gateway: &Gateway) -> Value {
    gateway.ask_admin(Ask::get("/config/history")).await.json()["versions"].clone()
}

// Rule: admin-told
#[tokio::test]
async fn each_change_is_told_with_who_and_what() {
    let gateway = start(config("")).await;
    let named = |ask: Ask, id: &str| with_token(ask).header("x-request-id", id).header("user-agent", "ci/7 (nightly)");
    let put = || Ask::new("PUT", "/config").body(config("").replace("first", "second"));
    let answer = gateway.ask_admin(named(put(), "id-1")).await;
    assert_eq!((answer.status, answer.get("x-request-id")), (200, Some("id-1")));
    gateway.ask_admin(named(Ask::new("PUT", "/config?dry_run").body(config("")), "id-2")).await;
    gateway.ask_admin(named(Ask::new("PUT", "/config").body("routes: 7"), "id-3")).await;
    gateway.ask_admin(named(put().header("if-match", "\"1\""), "id-4")).await;
    gateway.ask_admin(named(Ask::post("/config/rollback", ""), "id-5")).await;
    gateway.ask_admin(named(Ask::post("/config/rollback?to=77", ""), "id-6")).await;
    gateway.ask_admin(named(Ask::post("/reload", ""), "id-7")).await;
    for (id, parts) in [
        ("id-1", &["PUT /config: configuration 2 in place of 1, sha256 "][..]),
        ("id-2", &["PUT /config: tried: good, 2 stays, sha256 "]),
        ("id-3", &["PUT /config: refused, 2 stays: ", " error"]),
        ("id-4", &["PUT /config: refused, 2 stays: it was to follow 1"]),
        ("id-5", &["POST /config/rollback: configuration 3 in place of 2"]),
        ("id-6", &["POST /config/rollback: refused: version 77 is not kept"]),
        ("id-7", &["POST /reload: configuration 4 in place of 3"]),
    ] {
        let line = gateway.wait_stderr(&format!("request {id}")).await;
        for part in parts.iter().chain(&["admin: ", "(by 127.0.0.1:", "token env ADMIN_TOKEN", "agent ci/7 (nightly)"])
        {
            assert!(line.contains(part), "no {part:?} in {line}");
        }
        assert!(!line.contains(TOKEN));
    }
    let versions = history(&gateway).await;
    let who = &versions[0]["who"];
    assert_eq!((&who["token"], &who["agent"]), (&json!("env ADMIN_TOKEN"), &json!("ci/7 (nightly)")), "{versions}");
    let asked: Vec<_> = versions.as_array().into_iter().flatten().map(|one| &one["who"]["request_id"]).collect();
    assert_eq!(asked, [&json!("id-7"), &json!("id-1"), &Value::Null], "{versions}");
    let status = gateway.ask_admin(Ask::get("/status")).await.json();
    assert_eq!(status["configuration"]["who"]["request_id"], "id-7");
}

// Rule: admin-told
#[tokio::test]
async fn on_a_unix_socket_the_kernel_says_who() {
    let text = config("").replace("address: 127.0.0.1:0, token: {env: ADMIN_TOKEN}", "address: 'unix:admin.sock'");
    let gateway = Gateway::start(text).await;
    let ended = pintle(gateway.folder().path(), &["reload", "-c", "pintle.yaml"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let uid = rustix::process::getuid().as_raw();
    let line = gateway.wait_stderr("admin: POST /reload").await;
    assert!(line.contains(&format!("(by unix uid {uid} pid ")) && line.contains(", agent pintle/"), "{line}");
    let who = by_socket(&gateway, Ask::get("/config/history")).await.json()["versions"][0]["who"].clone();
    assert_eq!((&who["peer"], &who["uid"], &who["token"]), (&json!("unix"), &json!(uid), &Value::Null), "{who}");
    assert!(who["pid"].is_u64(), "{who}");
}

// Rule: admin-told
#[tokio::test]
async fn who_changed_something_is_kept_over_a_restart() {
    let state = Folder::new();
    let kept = format!("{}state: {}\n", config(""), state.at("state").display());
    let gateway = start(&kept).await;
    assert_eq!(
        gateway.ask_admin(with_token(Ask::new("PUT", "/config").body(format!("{kept}# put\n")))).await.status,
        200
    );
    let before = history(&gateway).await;
    assert!(before[0]["who"].is_object(), "{before}");
    gateway.stop().await;
    let gateway = start(&kept).await;
    assert_eq!(history(&gateway).await, before);
}

#[tokio::test]
async fn what_a_caller_says_breaks_no_line() {
    let gateway = start(config("")).await;
    let agent = "x\u{e9}\u{e9}; request forged";
    let id = "two words";
    let answer = gateway.ask_admin(reload().header("user-agent", agent).header("x-request-id", id)).await;
    assert_eq!(answer.get("x-request-id").map(str::len), Some(32), "an id of ours: {answer:?}");
    let line = gateway.wait_stderr("admin: POST /reload").await;
    assert!(line.contains("agent x????; request forged, request "), "{line}");
}
