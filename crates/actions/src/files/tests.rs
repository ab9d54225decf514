use super::find::Nothing;
use super::*;
use crate::testing::{exchange, lines, try_build};
use pintle_core::{Body, Frame, Target};
use pintle_testkit::Folder as Temporary;
use rustix::io::Errno;
use std::fs::{self, FileTimes};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, SystemTime};

const WAYS: [Way; 2] = [Way::System, Way::Walk];

/// A root `public` with some of all, and a secret beside it.
fn site() -> Temporary {
    let site = Temporary::new();
    let texts = [
        ("index.html", "index"),
        ("app.js", "plain"),
        ("app.js.br", "brotli"),
        ("app.js.gz", "gzip"),
        ("old.js", "plain"),
        ("old.js.gz", "older"),
        ("sub/index.html", "sub"),
        ("bare/a.txt", "a"),
        (".env", "hidden"),
        (".well-known/security.txt", "contact"),
        ("a b.txt", "space"),
        ("empty.txt", ""),
    ];
    for (name, text) in texts {
        site.write(&format!("public/{name}"), text);
    }
    site.write("secret.txt", "secret");
    symlink("../secret.txt", site.at("public/out")).expect("a link");
    age(&site, "public/old.js.gz", 7200);
    site
}

/// Sets a file's time so many seconds back.
fn age(site: &Temporary, name: &str, seconds: u64) {
    let file = fs::File::options().append(true).open(site.at(name)).expect("a file");
    file.set_times(FileTimes::new().set_modified(SystemTime::now() - Duration::from_secs(seconds))).expect("a time");
}

fn action(site: &Temporary, config: &str, way: Way) -> Files {
    let config = config.replace("public", &site.at("public").display().to_string());
    let span = Span::nowhere();
    let (built, said) = try_build(&config, |config: &FilesConfig, reader| config.files(way, true, &span, reader));
    assert_eq!(said, [""; 0], "{config}");
    built.expect("it is good")
}

struct Got {
    status: u16,
    fields: Vec<String>,
    text: String,
}

impl Got {
    fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

async fn ask(action: &Files, method: Method, path: &str, fields: &[(&str, &str)]) -> Result<Got, Refusal> {
    let mut exchange = exchange(fields);
    exchange.request.method = method;
    exchange.request.target = Target::new("shop.test", None, path, None);
    exchange.captures.rest = Some(1);
    let mut response = action.call(&mut exchange).await?;
    let mut text = Vec::new();
    while let Some(frame) = response.body.frame().await {
        match frame.expect("a frame") {
            Frame::Data(data) => text.extend(data),
            Frame::Trailers(_) => panic!("trailers"),
        }
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok(Got { status: response.status.as_u16(), fields: lines(&response.fields), text })
}

async fn get(action: &Files, path: &str) -> Result<String, Reason> {
    ask(action, Method::GET, path, &[]).await.map(|got| got.text).map_err(|refusal| refusal.reason)
}

#[tokio::test]
async fn a_path_is_a_file_below_the_root() {
    let site = site();
    for way in WAYS {
        let files = action(&site, "public", way);
        for (path, text) in [
            ("/index.html", "index"),
            ("/", "index"),
            ("/sub/", "sub"),
            ("/sub/index.html", "sub"),
            ("/a%20b.txt", "space"),
            ("/empty.txt", ""),
            ("/.well-known/security.txt", "contact"),
        ] {
            assert_eq!(get(&files, path).await.as_deref(), Ok(text), "{path}");
        }
        for path in
            ["/none", "/bare", "/bare/", "/.env", "/out", "/index.html/", "/sub%2Findex.html", "/%00", "/app.js/x"]
        {
            assert_eq!(get(&files, path).await, Err(Reason::NoFile), "{path}");
        }
    }
}

#[tokio::test]
async fn a_folder_is_redirected_to_its_slash() {
    let site = site();
    let files = action(&site, "public", Way::here());
    let got = ask(&files, Method::GET, "/sub", &[]).await.expect("an answer");
    assert_eq!((got.status, got.get("location")), (308, Some("/sub/")));
    let files = action(&site, "{root: public, index: [], listing: true}", Way::here());
    assert_eq!(ask(&files, Method::GET, "/bare", &[]).await.expect("an answer").status, 308);
    let listed = ask(&files, Method::GET, "/bare/", &[]).await.expect("an answer");
    assert!(listed.text.contains("./a.txt"), "{}", listed.text);
    let listed = ask(&files, Method::GET, "/", &[("accept", "application/json")]).await.expect("an answer").text;
    assert!(listed.contains("\"app.js\"") && listed.contains("\"sub\""), "{listed}");
    assert!(!listed.contains("env") && !listed.contains("out") && !listed.contains("well-known"), "{listed}");
}

#[tokio::test]
async fn a_fallback_stands_in_for_what_is_not_there() {
    let site = site();
    let files = action(&site, "{root: public, fallback: /index.html}", Way::here());
    for path in ["/cart/7", "/none.js", "/bare/", "/bare", "/a%2Fb", "/app.js/x", "/out"] {
        let got = ask(&files, Method::GET, path, &[]).await.expect("an answer");
        assert_eq!((got.status, got.text.as_str()), (200, "index"), "{path}");
        assert_eq!(got.get("content-type"), Some("text/html; charset=utf-8"));
    }
    assert_eq!(get(&files, "/.env").await, Err(Reason::NoFile), "what is hidden stays refused");
    assert_eq!(get(&files, "/app.js").await.as_deref(), Ok("plain"));
}

#[tokio::test]
async fn a_fallback_is_for_what_the_newest_root_does_not_have() {
    let site = Temporary::new();
    site.write("one/index.html", "old");
    site.write("two/index.html", "new");
    site.write("two/app.js", "of two");
    symlink("one", site.at("public")).expect("a link");
    let files = action(&site, "{root: public, fallback: /index.html}", Way::here());
    assert_eq!(get(&files, "/cart").await.as_deref(), Ok("old"));
    symlink("two", site.at("turned")).expect("a link");
    fs::rename(site.at("turned"), site.at("public")).expect("a turn");
    assert_eq!(get(&files, "/app.js").await.as_deref(), Ok("of two"), "never the old page in its place");
    assert_eq!(get(&files, "/cart").await.as_deref(), Ok("new"));
}

#[tokio::test]
async fn a_compressed_file_beside_it_is_served_to_who_takes_it() {
    let site = site();
    let files = action(&site, "{root: public, precompressed: [br, gzip]}", Way::here());
    let of = async |path: &str, accept: &str| {
        let got = ask(&files, Method::GET, path, &[("accept-encoding", accept)]).await.expect("an answer");
        assert_eq!(got.get("vary"), Some("accept-encoding"), "{path} {accept}");
        assert_eq!(got.get("content-type"), Some("text/javascript; charset=utf-8"), "{path} {accept}");
        let encoding = got.get("content-encoding").map(str::to_owned);
        (got.text, encoding)
    };
    assert_eq!(of("/app.js", "gzip, br").await, ("brotli".into(), Some("br".into())));
    assert_eq!(of("/app.js", "gzip, br;q=0.1").await, ("gzip".into(), Some("gzip".into())));
    assert_eq!(of("/app.js", "zstd").await, ("plain".into(), None));
    assert_eq!(of("/app.js", "identity").await, ("plain".into(), None));
    assert_eq!(of("/old.js", "gzip").await, ("plain".into(), None), "one that is older than the file is not served");
    let plain = action(&site, "public", Way::here());
    let got = ask(&plain, Method::GET, "/app.js", &[("accept-encoding", "br")]).await.expect("an answer");
    assert_eq!((got.text.as_str(), got.get("vary")), ("plain", None));
}

/// Waits until a file has validators: what it is has just changed.
async fn tag(files: &Files, path: &str, fields: &[(&str, &str)]) -> (String, String) {
    loop {
        let got = ask(files, Method::GET, path, fields).await.expect("an answer");
        if let (Some(tag), Some(modified)) = (got.get("etag"), got.get("last-modified")) {
            return (tag.to_owned(), modified.to_owned());
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn versions_have_strong_validators_and_each_coding_its_own() {
    let site = site();
    for name in ["public/app.js", "public/app.js.br"] {
        age(&site, name, 3600);
    }
    let files = action(&site, "{root: public, precompressed: [br]}", Way::here());
    let br = [("accept-encoding", "br")];
    let (plain, modified) = tag(&files, "/app.js", &[]).await;
    let (brotli, _) = tag(&files, "/app.js", &br).await;
    assert!(plain != brotli && plain.starts_with('"') && brotli.starts_with('"'), "{plain} {brotli}");
    let known = ask(&files, Method::GET, "/app.js", &[("if-none-match", &plain)]).await.expect("an answer");
    assert_eq!((known.status, known.text.as_str(), known.get("etag")), (304, "", Some(&*plain)));
    assert_eq!((known.get("vary"), known.get("content-type")), (Some("accept-encoding"), None));
    let other = ask(&files, Method::GET, "/app.js", &[br[0], ("if-none-match", &plain)]).await.expect("an answer");
    assert_eq!((other.status, other.get("etag")), (200, Some(&*brotli)));
    let since = ask(&files, Method::HEAD, "/app.js", &[("if-modified-since", &modified)]).await.expect("an answer");
    assert_eq!(since.status, 304);
    let failed = ask(&files, Method::GET, "/app.js", &[("if-match", &brotli)]).await.err().expect("a refusal");
    assert_eq!(failed.reason, Reason::PreconditionFailed);
    let part = ask(&files, Method::GET, "/app.js", &[("if-range", &plain), ("range", "bytes=1-2")]).await.expect("one");
    assert_eq!((part.status, part.text.as_str(), part.get("content-range")), (206, "la", Some("bytes 1-2/5")));
    let whole =
        ask(&files, Method::GET, "/app.js", &[("if-range", &brotli), ("range", "bytes=1-2")]).await.expect("all");
    assert_eq!((whole.status, whole.text.as_str()), (200, "plain"));
    // Its time is set back to what it was: the tag is another one all the same.
    site.write("public/app.js", "newer");
    age(&site, "public/app.js", 3600);
    assert_ne!(tag(&files, "/app.js", &[]).await.0, plain);
}

#[tokio::test]
async fn what_has_just_changed_has_no_validator() {
    let site = site();
    let files = action(&site, "public", Way::here());
    site.write("public/now.txt", "now");
    let got = ask(&files, Method::GET, "/now.txt", &[("if-none-match", "\"a\"")]).await.expect("an answer");
    assert_eq!((got.status, got.get("etag"), got.get("last-modified")), (200, None, None));
}

#[tokio::test]
async fn several_ranges_are_parts_with_their_places() {
    let site = site();
    let files = action(&site, "public", Way::here());
    let got = ask(&files, Method::GET, "/index.html", &[("range", "bytes=0-0, -2")]).await.expect("an answer");
    assert_eq!(got.status, 206);
    let boundary = got.get("content-type").and_then(|kind| kind.strip_prefix("multipart/byteranges; boundary="));
    let boundary = boundary.expect("a boundary");
    let part = |place: &str, text: &str| {
        let kind = "text/html; charset=utf-8";
        format!("--{boundary}\r\ncontent-type: {kind}\r\ncontent-range: bytes {place}/5\r\n\r\n{text}\r\n")
    };
    assert_eq!(got.text, format!("{}{}--{boundary}--\r\n", part("0-0", "i"), part("3-4", "ex")));
    let none = ask(&files, Method::GET, "/index.html", &[("range", "bytes=5-")]).await.err().expect("a refusal");
    assert_eq!(none.reason, Reason::RangeNotSatisfiable);
    assert_eq!(none.fields.expect("fields").get_str(names::CONTENT_RANGE), Some("bytes */5"));
    // Ranges are of GET alone.
    assert_eq!(ask(&files, Method::HEAD, "/index.html", &[("range", "bytes=0-0")]).await.expect("one").status, 200);
}

#[tokio::test]
async fn one_file_is_served_whatever_the_path() {
    let site = site();
    let files = action(&site, "{file: public/app.js}", Way::here());
    for path in ["/robots.txt", "/.env", "/"] {
        let got = ask(&files, Method::GET, path, &[]).await.expect("an answer");
        assert_eq!((got.text.as_str(), got.get("content-type")), ("plain", Some("text/javascript; charset=utf-8")));
    }
    site.remove("public/app.js");
    assert_eq!(get(&files, "/robots.txt").await, Err(Reason::NoFile));
}

#[tokio::test]
async fn other_methods_are_told_which_are_there() {
    let site = site();
    let files = action(&site, "public", Way::here());
    let options = ask(&files, Method::OPTIONS, "/none", &[]).await.expect("an answer");
    assert_eq!((options.status, options.get("allow")), (204, Some(ALLOW)));
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let refusal = ask(&files, method, "/index.html", &[]).await.err().expect("a refusal");
        assert_eq!(refusal.reason, Reason::MethodNotAllowed);
        assert_eq!(refusal.fields.expect("fields").get_str(names::ALLOW), Some(ALLOW));
    }
}

#[tokio::test]
async fn a_root_may_come_later() {
    let site = Temporary::new();
    let files = action(&site, "public", Way::here());
    let refusal = ask(&files, Method::GET, "/a.txt", &[]).await.err().expect("a refusal");
    assert_eq!((refusal.reason, refusal.internal.as_deref()), (Reason::NoFile, Some("the root is not there")));
    site.write("public/a.txt", "a");
    assert_eq!(get(&files, "/a.txt").await.as_deref(), Ok("a"));
}

#[test]
fn an_error_of_the_system_is_the_clients_or_ours() {
    let reason = |error| Refusal::from(Nothing::from(error)).reason;
    assert_eq!(reason(Errno::NOENT), Reason::NoFile);
    assert_eq!(reason(Errno::XDEV), Reason::NoFile);
    assert_eq!(reason(Errno::NAMETOOLONG), Reason::NoFile);
    assert_eq!(reason(Errno::ACCESS), Reason::FileForbidden);
    assert_eq!(reason(Errno::MFILE), Reason::TooManyFiles);
    assert_eq!(reason(Errno::NFILE), Reason::TooManyFiles);
    assert_eq!(reason(Errno::IO), Reason::FileFailed);
}

#[tokio::test]
async fn a_plan_opens_and_does_not_read() {
    let site = site();
    let files = action(&site, "public", Way::here());
    let mut exchange = exchange(&[]);
    exchange.request.target = Target::new("shop.test", None, "/app.js", None);
    exchange.captures.rest = Some(1);
    let Ok(Plan::Answer(response)) = files.plan(&mut exchange) else { panic!("no answer") };
    assert!(matches!(response.body, Body::Stream { length: Some(5), .. }), "{response:?}");
}

#[test]
fn what_cannot_be_served_is_an_error_with_its_place() {
    let site = site();
    let said = |text: &str, has_rest| {
        let span = Span::nowhere();
        let text = text.replace("public", &site.at("public").display().to_string());
        let build = |config: &FilesConfig, reader: &mut Reader| config.build(has_rest, &span, reader);
        let (built, said) = try_build(&text, build);
        assert!(built.is_none(), "{text}");
        said.join("\n")
    };
    let _ = fs::set_permissions(site.at("public"), fs::Permissions::from_mode(0o755));
    for (text, part) in [
        ("{}", "`files` says neither a folder nor a file [add `root` or `file`]"),
        ("{root: public, file: a}", "`root` and `file` exclude each other"),
        ("{file: a, index: [b]}", "1:18 `index` is about a folder"),
        ("{file: a, fallback: /b}", "`fallback` is about a folder"),
        ("{file: a, listing: true}", "`listing` is about a folder"),
        ("{root: public, index: [a/b]}", "`a/b` is no file's name"),
        ("{root: public, index: [.a]}", "`.a` is no file's name"),
        ("{root: public, fallback: index.html}", "a fallback begins with `/`"),
        ("{root: public, fallback: /../a}", "`/../a` names no file below the root"),
        ("{root: public, fallback: //a}", "`//a` names no file below the root"),
        ("{root: public, fallback: /}", "`/` names no file below the root"),
        ("{root: public, fallback: /.env}", "`/.env` names no file below the root"),
        ("{root: public, precompressed: [deflate]}", "expected one of `br`, `gzip`, `zstd`"),
        ("{root: public, precompressed: [br, br]}", "`br` stands here twice"),
        ("public/app.js", "is no folder [a root is a folder; serve one file by `file`]"),
        ("{file: public}", "is a folder [serve what is in a folder by `root`]"),
    ] {
        let said = said(text, true);
        assert!(said.contains(part), "{text}: {said}");
    }
    assert!(said("public", false).contains("named by what `**` of the match stands for"));
}
