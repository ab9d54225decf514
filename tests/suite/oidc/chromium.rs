//! A real browser, headless Chromium driven by playwright-core, at a real issuer.

use super::SESSION;
use super::real::World;
use pintle_testkit::{Folder, Gateway, Program};

/// Runs the script in a role with that profile; what it told at the end, none where it or Chromium is not installed.
#[expect(clippy::print_stdout, reason = "who reads the test's words learns why it passed")]
async fn drive(profile: &Folder, arguments: &[&str]) -> Option<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join("chromium")).find(|path| path.is_file());
    let Some(chromium) = found else {
        println!("SKIPPED: there is no chromium: run `make needs`");
        return None;
    };
    let (chromium, at) = (chromium.display().to_string(), profile.path().display().to_string());
    let all: Vec<&str> = [&*chromium, &*at].into_iter().chain(arguments.iter().copied()).collect();
    let program = Program::node(include_str!("chromium.mjs"), &all, profile)?;
    let told = program.told("an end", |line| line.strip_prefix("told ").map(str::to_owned)).await;
    assert!(!told.starts_with("failed"), "{told}\n{}", program.stderr());
    Some(told)
}

// Rule: oidc-session-anywhere
#[tokio::test]
async fn chromium_logs_in_stays_so_over_a_restart_and_at_a_replica_and_logs_out() {
    let Some(world) = World::start(2, "3600", SESSION).await else { return };
    let profile = Folder::new();
    let Some(told) = drive(&profile, &["login", &world.url("/account/orders?id=5"), "alice"]).await else { return };
    assert_eq!(told, format!("{} alice", world.url("/account/orders?id=5")));
    let other = format!("http://{}/account/b", world.gateways[1].address(0));
    assert_eq!(drive(&profile, &["visit", &other]).await, Some(format!("{other} alice")));
    let restarted =
        Gateway::with(&world.config).file("secret", &world.client.secret).file("key", super::KEY).start().await;
    let later = format!("http://{}/account/c", restarted.address(0));
    assert_eq!(drive(&profile, &["visit", &later]).await, Some(format!("{later} alice")));
    // Two tabs of a browser that knows nothing.
    let fresh = Folder::new();
    let tabs = drive(&fresh, &["tabs", &world.url("/account/1"), &world.url("/account/2"), "bob"]).await;
    assert_eq!(tabs, Some(format!("{} bob {} bob", world.url("/account/1"), world.url("/account/2"))));
    // A script of a page is told, and not sent away.
    assert_eq!(drive(&Folder::new(), &["fetch", &world.url("/bye"), "/account/x"]).await, Some("401".into()));
    let gone =
        drive(&profile, &["logout", &world.url("/logout"), &world.url("/account/a")]).await.expect("it ran before");
    assert_eq!(gone, format!("{} login", world.url("/bye")));
}
