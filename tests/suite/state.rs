//! The state folder: what is kept there, what a start takes from it, and what happens when it fails.

use pintle_testkit::{Ask, Folder, Gateway, Reloaded, pintle, until};
use std::path::Path;
use std::process::Command;

const TOKEN: &str = "a-token-of-32-characters-or-more";

/// A configuration that answers with `says`, and keeps what is in force in `state`.
fn config(state: &Path, says: &str) -> String {
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]
admin: {{address: 127.0.0.1:0, token: {{env: ADMIN_TOKEN}}}}
state: {}
routes: [{{name: all, match: /**, respond: {{body: {says}}}}}]
",
        state.display()
    )
}

async fn start(config: impl AsRef<str>) -> Gateway {
    Gateway::with(config).env("ADMIN_TOKEN", TOKEN).start().await
}

fn with_token(ask: Ask) -> Ask {
    ask.header("authorization", &format!("Bearer {TOKEN}"))
}

/// Changes the file and nothing else, so that it is one version more.
async fn change(gateway: &Gateway, config: String) {
    gateway.rewrite(config);
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
}

async fn says(gateway: &Gateway) -> String {
    gateway.get("/").await.text()
}

async fn history(gateway: &Gateway) -> serde_json::Value {
    gateway.ask_admin(Ask::get("/config/history")).await.json()
}

// Rule: state-last-good
#[tokio::test]
async fn a_start_with_a_bad_file_serves_the_last_good_one_and_says_so() {
    let place = Folder::new();
    let state = place.at("state");
    let first = start(config(&state, "first")).await;
    change(&first, config(&state, "second")).await;
    first.stop().await;

    let bad = config(&state, "third").replace("listeners", "listenerz");
    let gateway = start(&bad).await;
    assert_eq!(says(&gateway).await, "second");
    let said = gateway.stderr();
    assert!(said.contains("unknown key `listenerz`"), "{said}");
    assert!(said.contains("pintle.yaml is refused: configuration 2 is in force, the last good one of"), "{said}");
    let status = gateway.ask_admin(Ask::get("/status")).await.json();
    assert_eq!(status["configuration"]["version"], 2);
    assert_eq!(status["configuration"]["origin"], "state");
    let messages = status["configuration"]["last_refusal"]["messages"].as_str().unwrap_or_default().to_owned();
    assert!(messages.contains("unknown key `listenerz`"), "{status}");
    gateway.wait_metric("pintle_config_origin{origin=\"state\"}", 1.0).await;

    // The file is still looked at.
    gateway.rewrite(config(&state, "repaired"));
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    assert_eq!(says(&gateway).await, "repaired");
    let status = gateway.ask_admin(Ask::get("/status")).await.json();
    assert_eq!(status["configuration"]["origin"], "files");
    assert!(status["configuration"]["last_refusal"].is_null(), "{status}");
}

#[tokio::test]
async fn an_address_that_is_taken_brings_no_older_configuration_back() {
    let place = Folder::new();
    let state = place.at("state");
    let first = start(config(&state, "first")).await;
    first.stop().await;

    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let moved = config(&state, "moved").replacen("127.0.0.1:0", &address, 1);
    let ended = Gateway::with(moved).env("ADMIN_TOKEN", TOKEN).fails().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("is taken by another program") && !ended.stderr.contains("last good"), "{ended:?}");
}

#[tokio::test]
async fn a_folder_is_for_one_gateway_alone() {
    let place = Folder::new();
    let state = place.at("state");
    let first = start(config(&state, "first")).await;
    let ended = Gateway::with(config(&state, "second")).env("ADMIN_TOKEN", TOKEN).fails().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("is used by another gateway, and is for one alone"), "{ended:?}");
    // One that was killed holds nothing.
    first.kill().await;
    assert_eq!(says(&start(config(&state, "second")).await).await, "second");
}

#[tokio::test]
async fn a_file_that_stays_bad_is_told_at_each_start() {
    let place = Folder::new();
    let state = place.at("state");
    start(config(&state, "first")).await.stop().await;
    let bad = config(&state, "second").replace("listeners", "listenerz");
    for _ in 0..2 {
        let gateway = start(&bad).await;
        assert_eq!(says(&gateway).await, "first");
        assert!(gateway.stderr().contains("unknown key `listenerz`"), "{}", gateway.stderr());
        assert!(matches!(gateway.reload().await, Reloaded::Refused(_)));
        gateway.stop().await;
    }
}

#[tokio::test]
async fn a_damaged_text_is_passed_over_for_the_one_before() {
    let place = Folder::new();
    let state = place.at("state");
    let gateway = start(config(&state, "first")).await;
    change(&gateway, config(&state, "second")).await;
    gateway.stop().await;
    std::fs::write(state.join("configuration-2.zz"), "not what it was").expect("a file");
    let gateway = start(config(&state, "third").replace("respond", "responds")).await;
    assert_eq!(says(&gateway).await, "first");
    assert!(gateway.stderr().contains("configuration 2 of "), "{}", gateway.stderr());
    // The numbers go on from the highest.
    change(&gateway, config(&state, "repaired")).await;
    assert_eq!(history(&gateway).await["in_force"], 3);
}

#[tokio::test]
async fn the_command_lines_folder_wins_over_the_files() {
    let place = Folder::new();
    let setup = Gateway::with(config(&place.at("theirs"), "first")).env("ADMIN_TOKEN", TOKEN);
    let given = place.at("given");
    let gateway = setup.argument("--state").argument(given.display().to_string()).start().await;
    until("the folder to be written", async || given.join("pintle-state.json").exists().then_some(())).await;
    change(&gateway, config(&place.at("others"), "second")).await;
    assert!(!place.at("theirs").exists() && !place.at("others").exists());
    assert!(!gateway.stderr().contains("until the next start"), "{}", gateway.stderr());
}

// Rule: state-last-good
#[tokio::test]
async fn without_a_state_a_bad_file_does_not_start() {
    let place = Folder::new();
    let state = place.at("state");
    start(config(&state, "first")).await.stop().await;
    let without = config(&state, "second").replace("state:", "states:");
    let ended = Gateway::with(without).env("ADMIN_TOKEN", TOKEN).fails().await;
    assert_eq!(ended.code, Some(1));
}

#[tokio::test]
async fn a_file_that_is_no_yaml_at_all_has_its_state_from_the_command_line() {
    let place = Folder::new();
    let state = place.at("state");
    start(config(&state, "first")).await.stop().await;
    let setup = Gateway::with("{{{{ not: [yaml").env("ADMIN_TOKEN", TOKEN).argument("--state");
    let gateway = setup.argument(state.display().to_string()).start().await;
    assert_eq!(says(&gateway).await, "first");
}

#[tokio::test]
async fn a_restart_goes_on_counting_and_the_same_file_is_the_same_version() {
    let place = Folder::new();
    let state = place.at("state");
    let gateway = start(config(&state, "first")).await;
    change(&gateway, config(&state, "second")).await;
    gateway.stop().await;
    let gateway = start(config(&state, "second")).await;
    assert_eq!(history(&gateway).await["in_force"], 2);
    gateway.stop().await;
    let gateway = start(config(&state, "third")).await;
    let history = history(&gateway).await;
    assert_eq!(history["in_force"], 3);
    let versions: Vec<_> = history["versions"].as_array().into_iter().flatten().map(|one| &one["version"]).collect();
    assert_eq!(versions, [3, 2, 1]);
    assert_eq!(history["versions"][0]["by"], "start");
    assert_eq!(history["versions"][1]["by"], "file");
}

#[tokio::test]
async fn the_last_good_one_is_there_after_a_crash() {
    let place = Folder::new();
    let state = place.at("state");
    let gateway = start(config(&state, "first")).await;
    let put = Ask::new("PUT", "/config").body(config(&state, "second"));
    assert_eq!(gateway.ask_admin(with_token(put)).await.status, 200);
    // The answer came after the disk had it.
    gateway.kill().await;
    let gateway = start(config(&state, "third").replace("respond", "responds")).await;
    assert_eq!(says(&gateway).await, "second");
}

// Rule: state-failing
#[tokio::test]
async fn a_folder_of_another_program_is_refused() {
    let place = Folder::new();
    place.write("theirs/data.db", "precious");
    let ended = Gateway::with(config(&place.at("theirs"), "a")).env("ADMIN_TOKEN", TOKEN).fails().await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("pintle.yaml:3:8"), "{}", ended.stderr);
    assert!(ended.stderr.contains("holds `data.db` and nothing of Pintle's"), "{}", ended.stderr);
    assert!(place.at("theirs/data.db").exists());
}

// Rule: state-failing
#[tokio::test]
async fn a_state_folder_that_cannot_be_written_stops_neither_a_start_nor_a_change() {
    let place = Folder::new();
    let state = place.write("state", "a file in the way");
    let gateway = start(config(&state, "first")).await;
    assert_eq!(says(&gateway).await, "first");
    gateway.wait_stderr("; changes are kept in memory until it can be used").await;
    change(&gateway, config(&state, "second")).await;
    assert_eq!(says(&gateway).await, "second");
    gateway.wait_metric("pintle_state_failures_total", 2.0).await;
    let status = gateway.ask_admin(Ask::get("/status")).await.json();
    assert!(status["state_failure"].as_str().is_some_and(|why| why.contains("the state folder")), "{status}");
    // What is kept in memory can be gone back to.
    let back = gateway.ask_admin(with_token(Ask::post("/config/rollback", ""))).await;
    assert_eq!(back.status, 200, "{back:?}");
    assert_eq!(says(&gateway).await, "first");
    // And once the folder can be had, all of it is there.
    place.remove("state");
    change(&gateway, config(&state, "third")).await;
    until("the folder to be written", async || state.join("configuration-1.zz").exists().then_some(())).await;
}

/// A small disk of its own; none where that is not allowed.
pub(crate) struct Disk(pub(crate) Folder);

impl Disk {
    pub(crate) fn new() -> Option<Self> {
        let folder = Folder::new();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=64k", "none"]).arg(folder.path());
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then(|| Disk(folder))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).output();
    }
}

// Rule: state-failing
#[tokio::test]
async fn a_full_disk_stops_nothing_and_what_could_not_be_written_is_written_later() {
    let Some(disk) = Disk::new() else { return };
    let state = disk.0.at("state");
    let gateway = start(config(&state, "first")).await;
    let filler = disk.0.at(".filler");
    assert!(std::fs::write(&filler, vec![0; 128 << 10]).is_err(), "the disk is full");
    change(&gateway, config(&state, "second")).await;
    assert_eq!(says(&gateway).await, "second");
    let said = gateway.wait_stderr("; changes are kept in memory until it can be used").await;
    assert!(said.contains("No space left on device"), "{said}");
    gateway.wait_metric("pintle_state_failures_total", 1.0).await;
    std::fs::remove_file(&filler).expect("it is there");
    change(&gateway, config(&state, "third")).await;
    gateway.wait_stderr("the state folder can be used again").await;
    for version in 1..=3 {
        let text = state.join(format!("configuration-{version}.zz"));
        until("all three to be written", async || text.exists().then_some(())).await;
    }
}

#[tokio::test]
async fn another_state_folder_counts_from_the_next_start_on() {
    let place = Folder::new();
    let gateway = start(config(&place.at("one"), "first")).await;
    change(&gateway, config(&place.at("two"), "second")).await;
    let said = gateway.wait_stderr("is used until the next start").await;
    assert!(said.contains("state: ") && said.contains("/two is asked for and "), "{said}");
    assert!(!place.at("two").exists());
}

#[tokio::test]
async fn a_check_does_not_touch_the_state() {
    let place = Folder::new();
    place.write("theirs/data.db", "precious");
    for state in ["theirs", "none"] {
        let state = place.at(state);
        place.write("pintle.yaml", config(&state, "a"));
        let checked = pintle(place.path(), &["check", "pintle.yaml"]).await;
        assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    }
    assert!(!place.at("none").exists());
}
