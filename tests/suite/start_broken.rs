//! A start and a change while something that they depend on is broken: what is said, and what is served.

use pintle_testkit::{Ask, Folder, Gateway, Origin, Reloaded, until};
use std::os::unix::fs::symlink;

/// A gateway before `proxy`, and a route of its own beside.
fn before(proxy: &str) -> String {
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]
routes:
  - {{match: /service/**, proxy: '{proxy}'}}
  - {{match: /own, respond: {{body: own}}}}
"
    )
}

/// What a gateway serves beside a service that cannot be had, started with it and changed to it.
async fn serves_the_rest(proxy: &str, reason: &str) {
    let started = Gateway::start(before(proxy)).await;
    let service = Origin::echo().await;
    let changed = Gateway::start(before(&service.url())).await;
    assert_eq!(changed.get("/service/a").await.status, 200);
    changed.change(before(proxy)).await;
    for gateway in [started, changed] {
        gateway.get("/service/a").await.problem(502, reason);
        assert_eq!(gateway.get("/own").await.text(), "own");
    }
}

// Rule: start-not-stopped
#[tokio::test]
async fn a_name_that_does_not_resolve_stops_neither_a_start_nor_a_change() {
    serves_the_rest("http://no-such-name.invalid:80", "upstream_unresolved").await;
}

// Rule: start-not-stopped
#[tokio::test]
async fn a_service_that_is_down_stops_neither_a_start_nor_a_change() {
    serves_the_rest("http://127.0.0.1:1", "connect_failed").await;
}

#[tokio::test]
async fn a_service_that_comes_up_later_is_served_without_a_change() {
    let folder = Folder::new();
    let socket = folder.at("service");
    let gateway = Gateway::start(before(&format!("unix:{}", socket.display()))).await;
    gateway.get("/service/a").await.problem(502, "connect_failed");
    let listener = tokio::net::UnixListener::bind(&socket).expect("a socket");
    let served = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nup").await;
        stream
    });
    assert_eq!(gateway.get("/service/a").await.text(), "up");
    let _ = served.await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_include_that_cannot_be_read_stops_a_start_and_leaves_a_change_undone() {
    let config = format!("include: [routes.d/*.yaml]\n{}", before("http://127.0.0.1:1"));
    // Opens, and fails when it is read; permissions would not hold a test that runs as root.
    let unreadable =
        |setup: &std::path::Path| symlink("/proc/self/mem", setup.join("routes.d/b.yaml")).expect("a link");
    let gateway = Gateway::with(&config).file("routes.d/a.yaml", "routes: []\n").start().await;
    unreadable(gateway.folder().path());
    let Reloaded::Refused(said) = gateway.reload().await else { panic!("{}", gateway.stderr()) };
    assert!(said.contains("cannot read `routes.d/b.yaml`"), "{said}");
    assert!(said.contains("pintle.yaml:1:11"), "{said}");
    assert_eq!(gateway.get("/own").await.text(), "own");

    let folder = Folder::new();
    folder.write("routes.d/a.yaml", "routes: []\n");
    unreadable(folder.path());
    let config = config.replace("routes.d", &folder.at("routes.d").display().to_string());
    let ended = Gateway::with(&config).fails().await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("b.yaml`: "), "{}", ended.stderr);

    // With a state, what was good before is served.
    let state = folder.at("state");
    let kept = format!("{}state: {}\n", before("http://127.0.0.1:1"), state.display());
    Gateway::start(&kept).await.stop().await;
    let gateway = Gateway::start(format!("include: [{}]\n{kept}", folder.at("routes.d/*.yaml").display())).await;
    assert_eq!(gateway.get("/own").await.text(), "own");
    let said = gateway.stderr();
    assert!(said.contains("b.yaml`: ") && said.contains("configuration 1 is in force, the last good one"), "{said}");
    // And the file that is repaired is taken.
    std::fs::remove_file(folder.at("routes.d/b.yaml")).expect("it is there");
    folder.write("routes.d/b.yaml", "routes: [{match: /b, respond: {body: b}}]\n");
    until("the repaired file to be taken", async || (gateway.get("/b").await.status == 200).then_some(())).await;
}

#[tokio::test]
async fn a_secret_that_is_missing_at_a_start_is_waited_for_with_the_last_good_one() {
    let folder = Folder::new();
    let config = |token: &str| {
        format!(
            "{}admin: {{address: 127.0.0.1:0, token: {{file: {}}}}}\nstate: {}\n",
            before("http://127.0.0.1:1"),
            folder.at(token).display(),
            folder.at("state").display()
        )
    };
    folder.write("first", "a-token-of-32-characters-or-more");
    Gateway::start(config("first")).await.stop().await;
    let gateway = Gateway::start(config("second")).await;
    assert_eq!(gateway.get("/own").await.text(), "own");
    assert!(gateway.stderr().contains("second` cannot be read"), "{}", gateway.stderr());
    folder.write("second", "a-token-of-32-characters-or-more");
    gateway.wait_stderr("configuration 2 in force (by file)").await;
    let status = gateway.ask_admin(Ask::get("/status")).await.json();
    assert_eq!(status["configuration"]["origin"], "files");
}

/// Files as Kubernetes mounts them: links into a folder that is itself a link, which is swapped.
// Rule: change-links
#[tokio::test]
async fn a_mounted_folder_that_is_swapped_is_a_change() {
    let folder = Folder::new();
    let write = |version: &str, body: &str| {
        folder.write(
            &format!("{version}/pintle.yaml"),
            "include: [routes.d/*.yaml]\nlisteners: [{address: 127.0.0.1:0}]\n",
        );
        folder.write(&format!("{version}/routes.yaml"), format!("routes: [{{match: /, respond: {{body: {body}}}}}]\n"));
        let (beside, data) = (folder.at("..data.new"), folder.at("..data"));
        symlink(version, &beside).and_then(|()| std::fs::rename(&beside, &data)).expect("a link");
    };
    write("..v1", "one");
    std::fs::create_dir(folder.at("routes.d")).expect("a folder");
    symlink("../..data/routes.yaml", folder.at("routes.d/routes.yaml")).expect("a link");
    let main =
        format!("include: [{}]\nlisteners: [{{address: 127.0.0.1:0}}]\n", folder.at("routes.d/*.yaml").display());
    let gateway = Gateway::start(main).await;
    assert_eq!(gateway.get("/").await.text(), "one");
    write("..v2", "two");
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    assert_eq!(gateway.get("/").await.text(), "two");
}

#[tokio::test]
async fn an_include_that_cannot_be_read_is_a_change_and_so_is_its_end() {
    let folder = Folder::new();
    folder.write("routes.d/a.yaml", "routes: [{match: /a, respond: {body: a}}]\n");
    let main =
        format!("include: [{}]\nlisteners: [{{address: 127.0.0.1:0}}]\n", folder.at("routes.d/*.yaml").display());
    let gateway = Gateway::start(main).await;
    folder.write("routes.d/b.yaml", b"routes: [] # \xe9\n");
    let Reloaded::Refused(said) = gateway.verdict().await else { panic!("it was taken") };
    assert!(said.contains("line 1 is not UTF-8"), "{said}");
    folder.write("routes.d/c.yaml", "routes: [{match: /c, respond: {body: c}}]\n");
    let Reloaded::Refused(_) = gateway.verdict().await else { panic!("it was taken") };
    std::fs::remove_file(folder.at("routes.d/b.yaml")).expect("it was there");
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    assert_eq!(gateway.get("/c").await.text(), "c");
}

#[tokio::test]
async fn a_named_file_that_is_none_is_refused_at_once() {
    let config = |rest: &str| {
        format!("listeners: [{{address: 127.0.0.1:0}}]\nroutes: [{{match: /, respond: {{body: a}}}}]\n{rest}\n")
    };
    let gateway = Gateway::start(config("")).await;
    let made = std::process::Command::new("mkfifo").arg(gateway.folder().at("pipe")).status();
    assert!(made.expect("mkfifo").success());
    for rest in [
        "errors: {404: {html: pipe}}",
        "admin: {address: 127.0.0.1:0, token: {file: pipe}}",
        "upstreams: {u: {endpoints: [\"h:1\"], tls: {ca: pipe}}}",
        "upstreams: {u: {endpoints: [\"h:1\"], tls: {ca: /dev/zero}}}",
        "resolver: {hosts: pipe}",
    ] {
        gateway.rewrite(config(rest));
        let Reloaded::Refused(said) = gateway.reload().await else { panic!("{rest} was taken") };
        assert!(said.contains("not a file"), "{rest}: {said}");
    }
    gateway.change(config("# mended")).await;
    assert_eq!(gateway.stop().await, Some(0));
}
