//! No request gets out of the root: the corpus of `escape.txt`, over HTTP/1.1 and HTTP/2, with `openat2` and without it.

use super::{link, within_root};
use pintle_testkit::{Frame, Gateway, RawH2, block, flag, kind};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::os::unix::net::UnixListener;

const CORPUS: &str = include_str!("escape.txt");
const WRAPPER: &str = include_str!("without_openat2.py");

const CONFIG: &str = "listeners: [{address: 127.0.0.1:0}]
routes:
  - {match: /**, files: public}
  - {match: /files/**, files: {root: public}}
";

/// Files of the public say so, and what is outside or hidden is a secret.
struct World {
    gateway: Gateway,
    _socket: UnixListener,
}

/// The same world by either way of opening files; none where the test has no means for it.
async fn world(without_openat2: Option<&str>) -> Option<World> {
    let mut setup = Gateway::with(CONFIG).file("secret.txt", "SECRET").file("public-secret/secret.txt", "SECRET");
    for name in ["a.txt", "index.html", "sub/index.html", "sub/b.txt", "sub/deep/c.txt", "with space.txt"] {
        setup = setup.file(&format!("public/{name}"), "PUBLIC");
    }
    for name in [".well-known/security.txt", "semi;colon.txt", "perc%ent.txt", "ü.txt", "plus+sign.txt"] {
        setup = setup.file(&format!("public/{name}"), "PUBLIC");
    }
    for name in [".env", "sub/.hidden", ".git/config", ".htaccess", ".well-known/.hidden", "sub/.well-known/b.txt"] {
        setup = setup.file(&format!("public/{name}"), "SECRET");
    }
    if let Some(errno) = without_openat2 {
        setup =
            setup.file("without_openat2.py", WRAPPER).under("python3", "python3", &["without_openat2.py", errno])?;
    }
    let gateway = setup.start().await;
    let public = gateway.folder().at("public");
    for (to, name) in [
        ("a.txt", "in"),
        ("sub", "in_folder"),
        ("../a.txt", "sub/up"),
        ("in_folder/../in", "chain"),
        ("../secret.txt", "out"),
        ("..", "out_folder"),
        ("/", "top"),
        ("sub/../../secret.txt", "over"),
        ("in_folder/../../secret.txt", "by_link"),
        ("../../secret.txt", "sub/out_again"),
        ("../public-secret", "to_secret_folder"),
        ("nowhere", "dangling"),
        ("loop", "loop"),
        (".", "self"),
        ("/proc", "proc"),
        ("/proc/self/fd", "fd"),
    ] {
        link(to, &public.join(name));
    }
    link(&gateway.folder().at("secret.txt").display().to_string(), &public.join("absolute"));
    link(&public.join("a.txt").display().to_string(), &public.join("absolute_in"));
    link("a.txt", &public.join("many_0"));
    for at in 1..=40 {
        link(&format!("many_{}", at - 1), &public.join(format!("many_{at}")));
    }
    mknodat(CWD, public.join("fifo"), FileType::Fifo, Mode::from_raw_mode(0o644), 0).expect("a FIFO");
    // Only the superuser can make one, and the zero device is the most patient of them.
    let device = rustix::fs::makedev(1, 5);
    let _ = mknodat(CWD, public.join("device"), FileType::CharacterDevice, Mode::from_raw_mode(0o644), device);
    let socket = UnixListener::bind(public.join("socket")).expect("a socket");
    Some(World { gateway, _socket: socket })
}

/// A line of the corpus as bytes, and whether it is served.
fn lines() -> impl Iterator<Item = (bool, Vec<u8>)> {
    let lines = CORPUS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| match line.split_once(' ') {
        Some(("200", target)) => (true, bytes(target)),
        Some(("-", target)) => (false, bytes(target)),
        _ => panic!("no line of the corpus: {line}"),
    })
}

/// `\xHH` is a byte, `\\` a backslash, `{N*TEXT}` a text that is repeated.
fn bytes(target: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = target;
    while let Some(c) = rest.chars().next() {
        let repeated = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).and_then(|(inner, after)| {
            let (count, text) = inner.split_once('*')?;
            Some((text.repeat(count.parse().ok()?), after))
        });
        if let Some((text, after)) = repeated {
            bytes.extend(text.bytes());
            rest = after;
        } else if let Some(after) = rest.strip_prefix("\\\\") {
            bytes.push(b'\\');
            rest = after;
        } else if let Some(after) = rest.strip_prefix("\\x") {
            bytes.push(u8::from_str_radix(&after[..2], 16).expect("two digits"));
            rest = &after[2..];
        } else {
            bytes.extend(c.to_string().bytes());
            rest = &rest[c.len_utf8()..];
        }
    }
    bytes
}

/// The status and all that came.
async fn by_h1(gateway: &Gateway, target: &[u8]) -> (u16, Vec<u8>) {
    let mut wire = gateway.wire().await;
    wire.write([b"GET ", target, b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"].concat()).await;
    let (answer, _) = wire.to_end().await;
    let status = answer.get(9..12).and_then(|status| std::str::from_utf8(status).ok()?.parse().ok());
    (status.unwrap_or(0), answer.to_vec())
}

/// The same; status 0 where the stream or the connection was refused.
async fn by_h2(gateway: &Gateway, target: &str) -> (u16, Vec<u8>) {
    let mut h2: RawH2 = gateway.raw_h2().await;
    let fields = [(":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", target)];
    let block = block(&fields);
    let mut parts = block.chunks(16_000).peekable();
    let first = parts.next().unwrap_or_default();
    let more = |is_last: bool| if is_last { flag::END_HEADERS } else { 0 };
    let mut frames = vec![Frame::new(kind::HEADERS, flag::END_STREAM | more(parts.peek().is_none()), 1, first)];
    while let Some(part) = parts.next() {
        frames.push(Frame::new(kind::CONTINUATION, more(parts.peek().is_none()), 1, part));
    }
    h2.send_all(frames).await;
    let (mut status, mut content) = (0, Vec::new());
    loop {
        let frame = h2.frame().await;
        match frame.kind {
            kind::GOAWAY | kind::RST_STREAM => return (status, content),
            kind::HEADERS => status = frame.status(),
            kind::DATA => content.extend(&frame.payload),
            _ => continue,
        }
        if frame.is(flag::END_STREAM) {
            return (status, content);
        }
    }
}

/// What is wrong with an answer.
fn judge(target: &[u8], is_served: bool, (status, came): &(u16, Vec<u8>)) -> Option<String> {
    let holds = |text: &str| came.windows(text.len()).any(|window| window == text.as_bytes());
    let is_good = match is_served {
        true => *status == 200 && holds("PUBLIC"),
        false => matches!(status, 0 | 400 | 404 | 414 | 431) && !holds("PUBLIC"),
    };
    let is_safe = !holds("SECRET") && !holds("root:");
    let shown = String::from_utf8_lossy(&target[..target.len().min(100)]);
    (!is_good || !is_safe).then(|| format!("{shown} is {status}, safe: {is_safe}"))
}

async fn all(what: &str, world: &World) {
    let (mut count, mut wrong) = (0, Vec::new());
    for (is_served, target) in lines() {
        count += 1;
        let by_h1 = judge(&target, is_served, &by_h1(&world.gateway, &target).await);
        wrong.extend(by_h1.map(|wrong| format!("{what}, HTTP/1.1: {wrong}")));
        // HTTP/2 has no targets of other forms, and our client no bytes that are no text.
        if let Ok(text) = std::str::from_utf8(&target) {
            let is_served = is_served && text.starts_with('/');
            let answer = by_h2(&world.gateway, text).await;
            // There a fragment is cut off, and an empty path is `/`: such a target may be a good one.
            let is_cut = (text.contains('#') || text.starts_with('?')) && answer.0 == 200;
            let by_h2 = judge(&target, is_served || is_cut, &answer);
            wrong.extend(by_h2.map(|wrong| format!("{what}, HTTP/2: {wrong}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 200, "{count} targets");
}

// Rule: files-root, files-hidden, files-names
#[tokio::test]
async fn nothing_outside_of_the_root_is_served() {
    let world = world(None).await.expect("it needs nothing");
    all("openat2", &world).await;
}

#[tokio::test]
async fn nothing_outside_of_the_root_is_served_where_the_system_has_no_openat2() {
    // ENOSYS, as an old kernel has it, and EPERM, as sandboxes have it.
    for errno in ["38", "1"] {
        let Some(world) = world(Some(errno)).await else { return };
        all(&format!("openat2 is error {errno}"), &world).await;
    }
}

/// A link turns in and out of the root while it is asked for: its file or none, and never the secret.
#[tokio::test]
async fn a_link_that_turns_meanwhile_never_leads_out() {
    let (errnos, mut found) = ([None, Some("38")], 0);
    for errno in errnos {
        let Some(World { gateway, .. }) = world(errno).await else { continue };
        let public = gateway.folder().at("public");
        let targets = ["../secret.txt", "a.txt", "..", "sub"];
        let (mut h1, h2) = (gateway.h1().await, gateway.h2().await);
        for at in 0..600 {
            // Between any two requests, and beside one.
            let turn = within_root(&public, "turn", targets[at % targets.len()]);
            let (one, two, _) = tokio::join!(h1.get("/turn"), h2.get("/turn/b.txt"), turn);
            for answer in [one, two] {
                let text = answer.text();
                assert!(!text.contains("SECRET"), "{answer:?}");
                assert!(matches!(answer.status, 200 | 308 | 404), "{answer:?}");
                found += usize::from(text == "PUBLIC");
            }
        }
    }
    assert!(found > 0, "the link was never followed");
}
