//! `files`: static content.

mod escape;
mod large;

use crate::check::{START, refused};
use crate::example::example;
use pintle_testkit::{Answer, Ask, Folder, Gateway, pintle, until};
use std::fs::{self, FileTimes};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

fn link(to: &str, at: &Path) {
    symlink(to, at).unwrap_or_else(|error| panic!("{}: {error}", at.display()));
}

/// Puts a link, or another one, at a name, in one step as deploys do.
async fn within_root(root: &Path, name: &str, to: &str) {
    let (new, old) = (root.join("new-link"), root.join(name));
    link(to, &new);
    tokio::task::yield_now().await;
    fs::rename(new, old).expect("a turn");
}

/// Sets a file's time an hour back, so that it has validators.
fn age(gateway: &Gateway, name: &str) {
    let file = fs::File::options().append(true).open(gateway.folder().at(name)).expect("a file");
    file.set_times(FileTimes::new().set_modified(SystemTime::now() - Duration::from_secs(3600))).expect("a time");
}

/// The answer once it has a validator: what has just changed has none.
async fn settled(gateway: &Gateway, ask: &Ask) -> Answer {
    until("a validator", async || Some(gateway.ask(ask.clone()).await).filter(|answer| answer.has("etag"))).await
}

async fn site(routes: &str) -> Gateway {
    let setup = Gateway::with(format!("listeners: [{{address: 127.0.0.1:0}}]\nroutes:\n{routes}"))
        .file("public/index.html", "<p>index</p>")
        .file("public/app.js", "plain")
        .file("public/app.js.br", "brotli")
        .file("public/docs/index.html", "docs")
        .file("public/letters.txt", "abcdefghijklmnopqrstuvwxyz");
    setup.start().await
}

#[tokio::test]
async fn a_file_is_served_with_what_is_said_of_it_in_both_protocols() {
    let gateway = site("  - {match: /**, files: public}\n").await;
    let h2 = gateway.h2().await;
    for answer in [gateway.get("/").await, h2.get("/").await, gateway.get("/index.html").await] {
        assert_eq!((answer.status, answer.text().as_str()), (200, "<p>index</p>"));
        assert_eq!(answer.get("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!((answer.get("content-length"), answer.get("accept-ranges")), (Some("12"), Some("bytes")));
        assert_eq!(gateway.log_of(&answer).await["http.response.body.size"], 12);
    }
    for answer in [gateway.ask(Ask::new("HEAD", "/")).await, h2.ask(Ask::new("HEAD", "/")).await] {
        assert_eq!((answer.status, answer.text().as_str(), answer.get("content-length")), (200, "", Some("12")));
    }
    for answer in [gateway.get("/docs?a=b").await, h2.get("/docs?a=b").await, gateway.get("//docs?a=b").await] {
        assert_eq!((answer.status, answer.get("location")), (308, Some("/docs/?a=b")));
    }
    for answer in [gateway.get("/none").await, h2.get("/none").await] {
        answer.problem(404, "no_file");
    }
    for answer in [gateway.ask(Ask::post("/", "x")).await, h2.ask(Ask::post("/", "x")).await] {
        answer.problem(405, "method_not_allowed");
        assert_eq!(answer.get("allow"), Some("GET, HEAD, OPTIONS"));
    }
    let options = gateway.ask(Ask::new("OPTIONS", "/none")).await;
    assert_eq!((options.status, options.get("allow")), (204, Some("GET, HEAD, OPTIONS")));
}

// Rule: files-version
#[tokio::test]
async fn a_client_is_not_sent_what_it_has_and_gets_the_rest_of_a_part() {
    let gateway = site("  - {match: /**, files: public}\n").await;
    age(&gateway, "public/letters.txt");
    let h2 = gateway.h2().await;
    let ask = Ask::get("/letters.txt");
    let whole = settled(&gateway, &ask).await;
    let (tag, modified) = (whole.get("etag").expect("a tag"), whole.get("last-modified").expect("a date"));
    for (name, value) in [("if-none-match", tag), ("if-modified-since", modified)] {
        let ask = ask.clone().header(name, value);
        for answer in [gateway.ask(ask.clone()).await, h2.ask(ask).await] {
            assert_eq!((answer.status, answer.text().as_str(), answer.get("etag")), (304, "", Some(tag)));
        }
    }
    let other = ask.clone().header("if-match", "\"other\"");
    for answer in [gateway.ask(other.clone()).await, h2.ask(other).await] {
        answer.problem(412, "precondition_failed");
    }
    let part = ask.clone().header("range", "bytes=24-").header("if-range", tag);
    for answer in [gateway.ask(part.clone()).await, h2.ask(part).await] {
        assert_eq!((answer.status, answer.text().as_str()), (206, "yz"));
        assert_eq!((answer.get("content-range"), answer.get("content-length")), (Some("bytes 24-25/26"), Some("2")));
    }
    let parts = ask.clone().header("range", "bytes=0-1, 25-25");
    for answer in [gateway.ask(parts.clone()).await, h2.ask(parts).await] {
        let kind = answer.get("content-type").expect("a type");
        let boundary = kind.strip_prefix("multipart/byteranges; boundary=").expect("a boundary");
        let part = |place: &str, text: &str| {
            format!(
                "--{boundary}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-range: bytes {place}/26\r\n\r\n{text}\r\n"
            )
        };
        assert_eq!(answer.status, 206);
        assert_eq!(answer.text(), format!("{}{}--{boundary}--\r\n", part("0-1", "ab"), part("25-25", "z")));
    }
    let none = ask.clone().header("range", "bytes=26-");
    for answer in [gateway.ask(none.clone()).await, h2.ask(none).await] {
        answer.problem(416, "range_not_satisfiable");
        assert_eq!(answer.get("content-range"), Some("bytes */26"));
    }
    // What changes has no validator for a moment, and then another one.
    gateway.folder().write("public/letters.txt", "abc");
    let changed = gateway.ask(ask.clone().header("if-none-match", tag)).await;
    assert_eq!((changed.status, changed.has("etag"), changed.has("last-modified")), (200, false, false));
    age(&gateway, "public/letters.txt");
    assert_ne!(settled(&gateway, &ask).await.get("etag"), Some(tag));
}

// Rule: files-precompressed, files-fallback
#[tokio::test]
async fn an_application_and_its_compressed_files() {
    let files = "{root: public, fallback: /index.html, precompressed: [br]}";
    let gateway = site(&format!("  - {{match: /**, files: {files}}}\n")).await;
    let h2 = gateway.h2().await;
    let ask = Ask::get("/app.js").header("accept-encoding", "gzip, br");
    for answer in [gateway.ask(ask.clone()).await, h2.ask(ask).await] {
        assert_eq!((answer.text().as_str(), answer.get("content-encoding")), ("brotli", Some("br")));
        assert_eq!(answer.get("vary"), Some("accept-encoding"));
        assert_eq!(answer.get("content-type"), Some("text/javascript; charset=utf-8"));
    }
    for answer in [gateway.get("/app.js").await, h2.get("/app.js").await] {
        assert_eq!((answer.text().as_str(), answer.get("vary")), ("plain", Some("accept-encoding")));
    }
    for answer in [gateway.get("/cart/7").await, h2.get("/cart/7").await] {
        assert_eq!((answer.status, answer.text().as_str()), (200, "<p>index</p>"));
    }
    gateway.get("/.env").await.problem(404, "no_file");
    // One that is older than the file is not served.
    gateway.folder().write("public/app.js", "newer");
    age(&gateway, "public/app.js.br");
    assert_eq!(gateway.ask(Ask::get("/app.js").header("accept-encoding", "br")).await.text(), "newer");
}

#[tokio::test]
async fn a_folder_is_listed_only_where_that_is_asked_for() {
    let gateway = site(
        "  - {match: /closed/**, files: public}\n  - {match: /**, files: {root: public, index: [], listing: true}}\n",
    )
    .await;
    gateway.folder().write("public/.env", "hidden");
    gateway.folder().write("public/<b>&.txt", "x");
    let h2 = gateway.h2().await;
    for page in [gateway.get("/").await, h2.get("/").await] {
        assert_eq!((page.status, page.get("content-type")), (200, Some("text/html; charset=utf-8")));
        let text = page.text();
        assert!(text.contains("<a href=\"./docs/\">docs/</a>") && text.contains("&lt;b&gt;&amp;.txt"), "{text}");
        assert!(!text.contains("env") && !text.contains("<b>"), "{text}");
    }
    let list = gateway.ask(Ask::get("/").header("accept", "application/json")).await.json();
    let names: Vec<_> = list["entries"].as_array().expect("a list").iter().map(|entry| &entry["name"]).collect();
    assert_eq!(names, ["docs", "<b>&.txt", "app.js", "app.js.br", "index.html", "letters.txt"]);
    gateway.folder().write("public/bare/a.txt", "a");
    gateway.get("/closed/bare/").await.problem(404, "no_file");
}

// Rule: policies-around-all
#[tokio::test]
async fn policies_and_pages_stand_around_it() {
    let gateway = site(
        "  - match: /**
    policies: [{body_limit: 4B}, {headers: {response: {set: {x-a: b, cache-control: no-cache}}}}]
    errors: {404: {json: {gone: true}}}
    files: public
",
    )
    .await;
    let h2 = gateway.h2().await;
    for answer in [gateway.get("/app.js").await, h2.get("/app.js").await] {
        assert_eq!((answer.text().as_str(), answer.get("x-a")), ("plain", Some("b")));
        assert_eq!(answer.get("cache-control"), Some("no-cache"));
    }
    for answer in [gateway.get("/none").await, h2.get("/none").await] {
        assert_eq!((answer.status, answer.json()["gone"].as_bool(), answer.get("x-a")), (404, Some(true), Some("b")));
    }
    gateway.ask(Ask::post("/", "fives")).await.problem(413, "body_too_large");
}

#[tokio::test]
async fn a_mistake_has_its_line_and_a_remedy() {
    let route = |matched: &str, files: &str| format!("{START}routes:\n  - match: {matched}\n    files: {files}\n");
    let none = ["pintle.yaml:4:12", "it has none", "end the match in `/**`, or serve one file by `file`"];
    refused(&route("/a", "public"), &none).await;
    refused(&route("/**", "{root: a, file: b}"), &["pintle.yaml:5:28", "exclude each other"]).await;
    refused(&route("/**", "{index: [a]}"), &["pintle.yaml:5:12", "add `root` or `file`"]).await;
    refused(&route("/**", "{root: a, fallback: b}"), &["pintle.yaml:5:32", "begins with `/`"]).await;
    refused(&route("/**", "{root: a, precompressed: [lzma]}"), &["pintle.yaml:5:38", "`br`, `gzip`, `zstd`"]).await;
    refused(&route("/**", "{root: pintle.yaml}"), &["pintle.yaml:5:19", "is no folder"]).await;
    refused(&route("/**", "{file: .}"), &["pintle.yaml:5:19", "is a folder"]).await;
    refused(&route("/**", "{root: a}\n    respond: {body: x}"), &["a route has one action"]).await;
}

#[tokio::test]
async fn check_tells_what_is_missing_and_what_everyone_could_read() {
    let folder = Folder::new();
    let routes =
        "  - {match: /a/**, files: nowhere}\n  - {match: /b, files: {file: none.txt}}\n  - {match: /c/**, files: .}\n";
    folder.write("pintle.yaml", format!("{START}routes:\n{routes}"));
    let ended = pintle(folder.path(), &["check", "pintle.yaml"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let said = format!("{}{}", ended.stdout, ended.stderr);
    for part in ["there is no folder nowhere", "there is no file none.txt", "this folder holds pintle.yaml"] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
}

// Rule: files-deploy
#[tokio::test]
async fn a_deploy_that_turns_the_roots_link_is_noticed_and_no_file_is_watched() {
    let config = "listeners: [{address: 127.0.0.1:0}]\nroutes: [{match: /**, files: current}]\n";
    let setup = Gateway::with(config).file("one/v.txt", "one").file("two/v.txt", "two").file("two/new.txt", "new");
    let gateway = setup.start().await;
    let folder = gateway.folder().path();
    assert_eq!(gateway.get("/v.txt").await.status, 404, "the root comes later");
    link("one", &folder.join("current"));
    until("the root", async || (gateway.get("/v.txt").await.text() == "one").then_some(())).await;
    within_root(folder, "current", "two").await;
    // What only the new one has is there at once, and all else within a second.
    assert_eq!(gateway.get("/new.txt").await.text(), "new");
    until("the new root", async || (gateway.get("/v.txt").await.text() == "two").then_some(())).await;
    // Each worker sees it by itself.
    gateway.folder().write("two/v.txt", "three");
    until("the new root everywhere", async || {
        let answers = [gateway.get("/v.txt").await, gateway.get("/v.txt").await, gateway.get("/v.txt").await];
        answers.iter().all(|answer| answer.text() == "three").then_some(())
    })
    .await;
    gateway.reload().await;
    assert!(!gateway.stderr().contains("in force (by file)"), "{}", gateway.stderr());
}

#[tokio::test]
async fn explain_tells_of_the_file_without_reading_it() {
    let folder = Folder::new();
    folder.write("public/app.js", "content");
    folder.write("pintle.yaml", format!("{START}routes: [{{match: /**, files: public}}]\n"));
    let said = async |request: &str| pintle(folder.path(), &["explain", "-c", "pintle.yaml", request]).await.stdout;
    let file = said("GET http://a.test/app.js").await;
    assert!(file.contains("files") && file.contains("text/javascript") && !file.contains("content\n"), "{file}");
    assert!(said("GET http://a.test/none.js").await.contains("no_file"));
}

#[tokio::test]
async fn the_example_serves_as_it_says() {
    let config = example("04-files.yaml").replace("127.0.0.1:8080", "127.0.0.1:0");
    let setup = Gateway::with(config)
        .file("public/index.html", "<p>index</p>")
        .file("public/assets/app.js", "plain")
        .file("public/assets/app.js.br", "brotli");
    let gateway = setup.start().await;
    let asset = gateway.ask(Ask::get("/assets/app.js").header("accept-encoding", "br")).await;
    assert_eq!((asset.text().as_str(), asset.get("content-encoding")), ("brotli", Some("br")));
    assert_eq!(asset.get("cache-control"), Some("public, max-age=31536000, immutable"));
    gateway.get("/assets/none.js").await.problem(404, "no_file");
    assert_eq!(gateway.get("/cart/7").await.text(), "<p>index</p>");
}
