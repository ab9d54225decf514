use super::*;
use crate::{LIMIT, Reloaded};
use std::process::Command;

/// A shell script that keeps the promises of the program's output and nothing else.
const FAKE: &str = r#"
say() { echo "$1" >&2; }
verdict() {
    if grep -q broken pintle.yaml; then
        say "error: pintle.yaml:1:1"
        say "configuration refused (by signal)"
    else
        say "configuration 2 in force (by signal)"
    fi
}
trap verdict HUP
trap 'say ended; exit 3' TERM
say "listening on 127.0.0.1:4321 (http)"
say "listening on [::1]:4322 (https)"
say "admin on 127.0.0.1:4323"
say ready
echo '{"url.path":"/a"}'
while :; do sleep 0.02; done
"#;

async fn fake() -> Gateway {
    let setup = Gateway::with("good").file("fake.sh", FAKE);
    let mut command = Command::new("sh");
    command.arg("fake.sh");
    let process = Process::spawn(command, setup.folder.path());
    setup.ready(process).await
}

#[test]
fn the_lines_about_listeners_are_read() {
    let address = |text: &str| text.parse().expect("an address");
    assert_eq!(listening("listening on 127.0.0.1:43211 (http)"), Some((address("127.0.0.1:43211"), false)));
    assert_eq!(listening("listening on [::1]:4321 (https)"), Some((address("[::1]:4321"), true)));
    assert_eq!(listening("listening"), None);
}

#[tokio::test]
async fn addresses_are_in_order_and_the_log_is_read() {
    let gateway = fake().await;
    assert_eq!(gateway.address(0).port(), 4321);
    assert!(gateway.listeners()[1].1);
    assert_eq!(gateway.admin().port(), 4323);
    assert_eq!(gateway.wait_log(|line| line["url.path"] == "/a").await["url.path"], "/a");
    assert_eq!(gateway.log_lines().len(), 1);
    assert!(gateway.rss() > 0);
}

#[tokio::test]
async fn each_change_has_its_own_verdict() {
    let gateway = fake().await;
    gateway.rewrite("broken");
    assert_eq!(
        gateway.reload().await,
        Reloaded::Refused("error: pintle.yaml:1:1\nconfiguration refused (by signal)".to_owned())
    );
    gateway.change("good again").await;
    gateway.rewrite("broken");
    assert!(matches!(gateway.reload().await, Reloaded::Refused(_)));
}

#[tokio::test]
async fn it_ends_when_asked_and_when_killed() {
    let gateway = fake().await;
    assert!(gateway.runs());
    assert_eq!(gateway.stop().await, Some(3));
    assert!(!gateway.runs());
    assert!(gateway.stderr().ends_with("ended"));

    let gateway = fake().await;
    let started = std::time::Instant::now();
    gateway.kill().await;
    assert!(started.elapsed() < LIMIT);
    assert_eq!(gateway.ended().await, None);
}
