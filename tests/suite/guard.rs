//! The guard: a change that does harm is taken back by itself, and one that does none stays.

use pintle_testkit::{Ask, Folder, Gateway, Reloaded};
use serde_json::json;

const TOKEN: &str = "a-token-of-32-characters-or-more";

/// A configuration with a guard, whose only route is at `path`.
fn config(path: &str, time: &str) -> String {
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]
admin: {{address: 127.0.0.1:0, token: {{env: ADMIN_TOKEN}}}}
guard: {{for: {time}, errors: 5%}}
routes: [{{match: {path}, respond: {{body: {path}}}}}]
"
    )
}

async fn start(config: impl AsRef<str>) -> Gateway {
    Gateway::with(config).env("ADMIN_TOKEN", TOKEN).start().await
}

fn put(config: impl AsRef<[u8]>) -> Ask {
    Ask::new("PUT", "/config").body(config).header("authorization", &format!("Bearer {TOKEN}"))
}

/// So many requests for `/shop`, each with this answer.
async fn ask(gateway: &Gateway, requests: usize, status: u16) {
    let mut client = gateway.h1().await;
    for _ in 0..requests {
        assert_eq!(client.ask(Ask::get("/shop")).await.status, status);
    }
}

// Rule: change-guard
#[tokio::test]
async fn a_file_that_does_harm_is_taken_back_and_counts_as_refused_until_it_changes() {
    let gateway = start(config("/shop", "5m")).await;
    ask(&gateway, 30, 200).await;
    gateway.rewrite(config("/shopp", "5m"));
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    ask(&gateway, 19, 404).await;
    assert!(!gateway.stderr().contains("(by guard)"), "19 are too few to judge by");
    ask(&gateway, 1, 404).await;
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    let said = gateway.stderr();
    assert!(said.contains("configuration 2 does harm: 20 of 20 requests failed since the change (100.0%;"), "{said}");
    assert!(said.contains("configuration 3 in force (by guard)"), "{said}");
    ask(&gateway, 1, 200).await;

    let status = gateway.ask_admin(Ask::get("/status")).await.json()["configuration"].clone();
    assert_eq!((&status["by"], &status["origin"]), (&json!("guard"), &json!("guard")));
    let refusal = status["last_refusal"]["messages"].as_str().unwrap_or_default();
    assert!(refusal.starts_with("configuration 2 was taken back: 20 of 20 requests failed"), "{refusal}");
    gateway.wait_metric("pintle_guard_taken_back_total", 1.0).await;
    let history = gateway.ask_admin(Ask::get("/config/history")).await.json();
    assert_eq!((&history["versions"][0]["by"], &history["versions"][0]["copy_of"]), (&json!("guard"), &json!(1)));
    assert_eq!(history["versions"][1]["taken_back"], true);

    // What the file says is no news until it is another.
    gateway.file("pintle.yaml", config("/shopp", "5m"));
    gateway.file("pintle.yaml", config("/shop/**", "5m"));
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    assert!(gateway.stderr().contains("configuration 4 in force (by file)"), "{}", gateway.stderr());
    ask(&gateway, 30, 200).await;
}

#[tokio::test]
async fn what_was_put_and_does_harm_is_taken_back() {
    let gateway = start(config("/shop", "5m")).await;
    assert_eq!(gateway.ask_admin(put(config("/shopp", "5m"))).await.status, 200);
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    ask(&gateway, 20, 404).await;
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    ask(&gateway, 1, 200).await;
    // A file that is asked for is taken, whatever was taken back before.
    assert_eq!(gateway.reload().await, Reloaded::InForce);
    assert_eq!(gateway.ask_admin(Ask::get("/status")).await.json()["configuration"]["origin"], "files");
}

#[tokio::test]
async fn a_service_that_is_down_is_harm_and_clients_own_faults_are_not() {
    let gateway = start(config("/shop", "5m")).await;
    let fault = "GET /shop HTTP/1.1\r\n\r\n";
    gateway.rewrite(config("/shop", "5m").replace("body: /shop", "body: other"));
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    for _ in 0..30 {
        let mut wire = gateway.wire().await;
        wire.write(fault).await;
        assert_eq!(wire.answer().await.status, 400);
    }
    let down = config("/shop", "5m").replace("respond: {body: /shop}", "proxy: 'http://127.0.0.1:1'");
    gateway.rewrite(down);
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    ask(&gateway, 20, 502).await;
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    let said = gateway.stderr();
    assert!(said.contains("configuration 3 does harm: 20 of 20"), "{said}");
    // The second had not stood its time either.
    assert!(said.contains("back to what 1 was"), "{said}");
}

#[tokio::test]
async fn what_was_taken_back_is_not_taken_again_by_a_restart() {
    let state = Folder::new();
    let kept = |path: &str| format!("{}state: {}\n", config(path, "5m"), state.at("state").display());
    let gateway = start(kept("/shop")).await;
    gateway.rewrite(kept("/shopp"));
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    ask(&gateway, 20, 404).await;
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    // Answered from the disk, so what the guard did is there.
    let history = gateway.ask_admin(Ask::get("/config/history")).await.json();
    assert_eq!(history["in_force"], 3);
    gateway.kill().await;

    let gateway = start(kept("/shopp")).await;
    ask(&gateway, 1, 200).await;
    assert!(gateway.stderr().contains("configuration 3 (guard) stays in force"), "{}", gateway.stderr());
    gateway.stop().await;
    let gateway = start(kept("/other")).await;
    ask(&gateway, 1, 404).await;
}

#[tokio::test]
async fn a_change_that_stands_its_time_stays() {
    let gateway = start(config("/shop", "1s")).await;
    gateway.rewrite(config("/shop/**", "1s"));
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    let watched = gateway.ask_admin(Ask::get("/status")).await.json()["configuration"]["watched"].clone();
    assert_eq!(watched, true);
    ask(&gateway, 30, 200).await;
    gateway.wait_stderr("the guard found no harm in the last change").await;
    assert_eq!(gateway.ask_admin(Ask::get("/status")).await.json()["configuration"]["watched"], false);
}

#[tokio::test]
async fn what_is_gone_back_to_is_not_watched() {
    let gateway = start(config("/other", "5m")).await;
    assert_eq!(gateway.ask_admin(put(config("/shop", "5m"))).await.status, 200);
    let back = Ask::post("/config/rollback", "").header("authorization", &format!("Bearer {TOKEN}"));
    assert_eq!(gateway.ask_admin(back).await.status, 200);
    ask(&gateway, 30, 404).await;
    assert_eq!(gateway.ask_admin(Ask::get("/status")).await.json()["configuration"]["watched"], false);
    assert!(!gateway.stderr().contains("does harm"));
}

#[tokio::test]
async fn a_guard_that_watches_too_long_is_refused() {
    let ended = Gateway::with(config("/shop", "2h")).env("ADMIN_TOKEN", TOKEN).fails().await;
    assert!(ended.stderr.contains("`for` of a guard is from 1s to 1h"), "{}", ended.stderr);
}
