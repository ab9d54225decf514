//! What is sent: requests put together from well-formed and nasty parts, one after another on a connection, then changed
//! at random.

use fastrand::Rng;

const METHODS: &[&str] = &["GET", "GET", "POST", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "PROPFIND"];
const BAD_METHODS: &[&str] =
    &["CONNECT", "get", "GE T", "G\0T", "PRI", "TRACE", "", "GET\t", " GET", "X-Y", "GET\r\n", "POST\x0b"];
const TARGETS: &[&str] = &[
    // Answered by the gateway, which reads no content for it.
    "/own",
    "/own/a",
    "/",
    "/a",
    "/a/b?c=d",
    "/%61/./b/../c",
    "//a//b",
    "/a;p=1",
    "/%2F%2e",
    "/x?y=%00%0d%0a",
    "/a%0d%0aX:%20y",
    "/~a/%7Eb",
    "/%ff",
    "/a:80/",
    "/a?b?c",
    "/a?",
    "/%2f%2F/x",
    "/a/..",
    "/a,b",
    "/?GET%20/%20HTTP/1.1",
    "/%E2%82%AC",
    "/a//../b",
];
const BAD_TARGETS: &[&str] = &[
    "http://a/x",
    "http://b/",
    "https://a:443/?q",
    "http://a@b/",
    "*",
    "a",
    "/..;/x",
    "/%2e%2e/%2e",
    "/a#b",
    "/a b",
    "/%",
    "/%00",
    "/\\x",
    "http://a?x",
    "//b/x",
    "/x HTTP/1.1",
    "?x",
    "/%252e%252e/x",
    "http://[::1]/",
    "HTTP://A/",
    "http:///x",
    "http://a:80/x",
    "http://a",
    "/\u{80}",
    "/x\t",
    "/x\r\nHost: b",
    "/?x=\u{e9}",
    "/?\"<>",
    "/a?x=http://b/ ",
    "ftp://a/",
    "/..",
    "/../../x",
    "/%5c",
    "/a|b",
    "/?|",
    "/[x]",
    "a:80",
    "/x?y#z",
    "",
    "/\0",
    "http://a:/x",
    "http://a:080/x",
];
const VERSIONS: &[&str] = &[
    "HTTP/1.0",
    "HTTP/1.0",
    "HTTP/1.0",
    "HTTP/1.2",
    "HTTP/2.0",
    "http/1.1",
    "HTTP/1.1 ",
    "HTTP/01.1",
    "HTTP/1.1\t",
    "",
    "HTTP/0.9",
    "HTTP/1.01",
    "HTTP/1,1",
    "HTTP/1.1\r",
    "HTTP/1.1 HTTP/1.1",
];
const HOSTS: &[&str] = &[
    "",
    "Host: a\r\nHost: a\r\n",
    "Host: a\r\nHost: b\r\n",
    "Host: a:80\r\n",
    "Host: a, b\r\n",
    "Host : a\r\n",
    "Host:\ta\r\n",
    "host:A\r\n",
    "Host: a/\r\n",
    "Host: [::1]:8\r\n",
    "Host: a:99999\r\n",
    "Host: \r\n",
    "Host: a b\r\n",
    "Host: a:\r\n",
    "X: y\r\n Host: b\r\n",
    "Host: a..b\r\n",
    "Host: a@b\r\n",
    "Host: a\0\r\n",
    "Host: a.\r\n",
    "Host: a:080\r\n",
    "Host: %61\r\n",
    "Host: a_b\r\n",
    "Host: 127.1\r\n",
    "Host: a?b\r\n",
    "Host: a\\b\r\n",
    "Host: a#b\r\n",
];
/// `@` stands for the content's length.
const FRAMINGS: &[&str] = &[
    "Content-Length: @\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: @\r\n",
    "Content-Length: @\r\nContent-Length: @\r\n",
    "Content-Length: @\r\nContent-Length: 0\r\n",
    "Content-Length: +@\r\n",
    "Content-Length: -@\r\n",
    "Content-Length: @, @\r\n",
    "Content-Length: @,\r\n",
    "Content-Length: 00@\r\n",
    "Content-Length: 0x@\r\n",
    "Content-Length: @ \r\n",
    "Content-Length:@\r\n",
    "Content-Length : @\r\n",
    "Content-Length: @.0\r\n",
    "Content-Length: 1@\r\n",
    "Content-Length: \r\n",
    "Content-Length: 99999999999999999999\r\n",
    "Content-Length: 18446744073709551616\r\n",
    "Content_Length: @\r\n",
    "Content-Length\t: @\r\n",
    "Content-Length: @\x0b\r\n",
    "Content-Length: @\r\n\tX\r\n",
    "Content-Length:\r\n @\r\n",
    "X: y\nContent-Length: @\r\n",
    "X: y\rContent-Length: @\r\n",
    "Transfer-Encoding: chunked, identity\r\n",
    "Transfer-Encoding: identity, chunked\r\n",
    "Transfer-Encoding: chunked, chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding:\x0bchunked\r\n",
    "Transfer-Encoding : chunked\r\n",
    "Transfer-Encoding: xchunked\r\n",
    "Transfer-Encoding: CHUNKED\r\n",
    "Transfer-Encoding:chunked\r\n",
    "Transfer-Encoding:  chunked\r\n",
    "Transfer-Encoding: chunked \t\r\n",
    "Transfer-Encoding: chunked;x\r\n",
    "Transfer-Encoding: \"chunked\"\r\n",
    "Transfer-Encoding: chunk\r\n ed\r\n",
    "Transfer-Encoding:\r\n chunked\r\n",
    "Transfer-Encoding: ,chunked\r\n",
    "Transfer-Encoding: chunked,\r\n",
    "Transfer-Encoding: \r\n",
    "Transfer_Encoding: chunked\r\n",
    " Transfer-Encoding: chunked\r\n",
    "X: y\nTransfer-Encoding: chunked\r\n",
    "X: y\rTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\0\r\n",
];
const FIELDS: &[&str] = &[
    "User-Agent: t\r\n",
    "Cookie: a=b\r\n",
    "Cookie: c=d; e=\"f\"\r\n",
    "X-A: b\r\n",
    "X-A: c\r\n",
    "Content-Type: x/y\r\n",
    "Accept: */*\r\n",
    "X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
    "X-Empty:\r\n",
    "X-White:  \t a \t\r\n",
    "If-None-Match: \"x\"\r\n",
    "x-B:\u{e9}\r\n",
    "TE: trailers\r\n",
    "Via: 1.1 x\r\n",
];
const ODD_FIELDS: &[&str] = &[
    "Connection: close\r\n",
    "Connection: keep-alive, X-A\r\n",
    "Connection: Content-Length\r\n",
    "Connection: X-A, X-Seen\r\n",
    "Connection: Transfer-Encoding\r\n",
    "Connection: host\r\n",
    "Connection: x-request-id, x-forwarded-for, via\r\n",
    "Connection: close, close\r\n",
    "Connection: ,\r\n",
    "Keep-Alive: timeout=5\r\n",
    "Proxy-Connection: close\r\n",
    "TE: gzip\r\n",
    "Connection: TE\r\nTE: trailers\r\n",
    "Connection: Upgrade\r\nUpgrade: h2c\r\n",
    "Upgrade: websocket\r\n",
    "Connection: Upgrade\r\nUpgrade: websocket\r\n",
    "Connection: upgrade\r\nUpgrade: WebSocket, h2c\r\n",
    "Expect: 100-continue\r\n",
    "Expect: x\r\n",
    "X-Forwarded-For: 1.2.3.4\r\n",
    "X-Request-Id: mine\r\n",
    "X-Seen: GET /mine\r\n",
    "Forwarded: for=1.1.1.1\r\n",
    "Max-Forwards: 0\r\n",
    "Max-Forwards: 2\r\n",
    "Trailer: X-T\r\n",
    "HTTP2-Settings: AAA\r\n",
    "X-A : b\r\n",
    " X-A: b\r\n",
    "X A: b\r\n",
    ": b\r\n",
    "X-A\r\n",
    "X-A: b\rContent-Length: 5\r\n",
    "X-A: b\r\n\r\n",
    "X-A: b\nContent-Length: 5\r\n",
    "X-A: \0\r\n",
    "X-A: b\r\n folded\r\n",
    "X\u{80}: b\r\n",
    "Content-Length\0: 5\r\n",
    "X-A: b\n\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    "X_Forwarded_For: 1\r\n",
    "\tX: y\r\n",
    "X(Y): z\r\n",
    "X-A: b\x7f\r\n",
    "X-Original-URL: /mine\r\n",
    "X-HTTP-Method-Override: PUT\r\n",
    "Host:\r\n",
    "Sec-WebSocket-Key: x\r\n",
    "Range: bytes=0-1\r\n",
];
const EXTENSIONS: &[&str] = &[
    "",
    "",
    "",
    ";a=b",
    ";a=\"b c\"",
    " ;x",
    ";x;y=z",
    ";",
    ";a=\"\n\"",
    ";a=b\rx",
    " ",
    "\t",
    "g",
    ";a=\"\r\n\"",
    ";a=\"",
    ";a=\\",
    ";\u{e9}",
    ";a=b;",
    "x",
    ";a=\"\\\"\"",
    "\x0b",
    ";a\0",
];
const ENDS: &[&str] = &["\n", "\r", "", "\r\r\n", "XX", "\r\n\r\n", "\n\r", " \r\n"];
const TRAILERS: &[&str] = &[
    "X-T: 1\r\n",
    "X-T: 1\r\n",
    "Content-Length: 5\r\n",
    "Host: b\r\n",
    " folded\r\n",
    "Transfer-Encoding: chunked\r\n",
    "X-T : 1\r\n",
    "X-T: 1\n",
    "X-Seen: x\r\n",
    "X-T\r\n",
    "Connection: close\r\n",
    "Cookie: x=y\r\n",
    "X-Request-Id: t\r\n",
];
const PIECES: &[&str] = &[
    "\r\n",
    "\n",
    "\r",
    " ",
    "\t",
    ":",
    ",",
    ";",
    "\0",
    "\x7f",
    "0",
    "5",
    "\r\n\r\n",
    "chunked",
    "Host: a\r\n",
    "\"",
    "%2e",
    "Content-Length: 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Connection: close\r\n",
    "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    "HTTP/1.0",
    "HTTP/1.1",
    "0\r\n\r\n",
    "http://a",
    "*",
    "#",
    "%",
    "\u{e9}",
    "\r\n ",
    "1\r\nx\r\n",
    "Expect: 100-continue\r\n",
];
const CONTENTS: &[&str] =
    &["", "x", "hello", "0\r\n\r\n", "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "\r\n"];

fn pick<'a>(rng: &mut Rng, from: &[&'a str]) -> &'a str {
    from[rng.usize(..from.len())]
}

/// Text as bytes, each character one: what stands above ASCII in the lists is a raw byte.
fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| c as u8).collect()
}

/// All that is sent on one connection.
pub(super) fn payload(rng: &mut Rng) -> Vec<u8> {
    let count = [1, 1, 1, 1, 1, 2, 2, 3][rng.usize(..8)];
    // One in this many parts is odd.
    let odd = [1000, 40, 12, 6][rng.usize(..4)];
    let mut bytes: Vec<u8> = (0..count).flat_map(|_| request(rng, odd)).collect();
    for _ in 0..[0, 0, 0, 1, 1, 2, 3][rng.usize(..7)] {
        mutate(rng, &mut bytes);
    }
    bytes
}

fn request(rng: &mut Rng, odd: u32) -> Vec<u8> {
    let is_odd = |rng: &mut Rng| rng.u32(..odd) == 0;
    let method = if is_odd(rng) { pick(rng, BAD_METHODS) } else { pick(rng, METHODS) };
    let target = if is_odd(rng) { pick(rng, BAD_TARGETS) } else { pick(rng, TARGETS) };
    let version = if is_odd(rng) { pick(rng, VERSIONS) } else { "HTTP/1.1" };
    let end = if is_odd(rng) && is_odd(rng) { pick(rng, ENDS) } else { "\r\n" };
    let mut parts = vec![if is_odd(rng) { pick(rng, HOSTS) } else { "Host: a\r\n" }.to_owned()];
    for _ in 0..rng.usize(..5) {
        parts.push(if is_odd(rng) { pick(rng, ODD_FIELDS) } else { pick(rng, FIELDS) }.to_owned());
    }
    let content = content(rng);
    let (framing, chunked) = match rng.u8(..3) {
        _ if is_odd(rng) => {
            let text = pick(rng, FRAMINGS).replace('@', &content.len().to_string());
            let chunked = text.to_ascii_lowercase().contains("chunk");
            (text, chunked && rng.bool())
        }
        0 if content.is_empty() => (String::new(), false),
        0 | 1 => (format!("Content-Length: {}\r\n", content.len()), false),
        _ => ("Transfer-Encoding: chunked\r\n".to_owned(), true),
    };
    parts.push(framing);
    rng.shuffle(&mut parts);
    let mut bytes = latin1(&format!("{method} {target} {version}{end}{}\r\n", parts.concat()));
    if chunked {
        chunks(rng, &content, odd, &mut bytes);
    } else {
        bytes.extend(content);
    }
    bytes
}

fn content(rng: &mut Rng) -> Vec<u8> {
    match rng.u8(..12) {
        0 => (0..rng.usize(..200)).map(|_| rng.u8(..)).collect(),
        1 => vec![b'{'; rng.usize(..5000)],
        2 if rng.u8(..10) == 0 => vec![b'}'; rng.usize(..60_000)],
        _ => pick(rng, CONTENTS).into(),
    }
}

fn chunks(rng: &mut Rng, content: &[u8], odd: u32, bytes: &mut Vec<u8>) {
    let mut rest = content;
    loop {
        let (chunk, tail) = rest.split_at(if rest.is_empty() { 0 } else { rng.usize(1..=rest.len()) });
        let size = match rng.u8(..8) {
            0 => format!("{:X}", chunk.len()),
            1 => format!("00{:x}", chunk.len()),
            _ if rng.u32(..odd * 2) == 0 => format!("{}{:x}", pick(rng, &["0x", "-", "+", " ", "g", "f"]), chunk.len()),
            _ => format!("{:x}", chunk.len()),
        };
        bytes.extend(size.into_bytes());
        if rng.u32(..odd) == 0 {
            bytes.extend(latin1(pick(rng, EXTENSIONS)));
        }
        bytes.extend(if rng.u32(..odd * 2) == 0 { pick(rng, ENDS) } else { "\r\n" }.bytes());
        if chunk.is_empty() {
            break;
        }
        bytes.extend(chunk);
        bytes.extend(if rng.u32(..odd * 2) == 0 { pick(rng, ENDS) } else { "\r\n" }.bytes());
        rest = tail;
    }
    while rng.u8(..6) == 0 {
        bytes.extend(if rng.u32(..odd) == 0 { pick(rng, TRAILERS) } else { "X-T: 1\r\n" }.bytes());
    }
    bytes.extend(if rng.u32(..odd * 2) == 0 { pick(rng, ENDS) } else { "\r\n" }.bytes());
}

fn mutate(rng: &mut Rng, bytes: &mut Vec<u8>) {
    // Rather in the first head than in some long content.
    let near = bytes.len().min(if rng.bool() { 60 } else { 600 });
    let at = if rng.u8(..8) == 0 { rng.usize(..=bytes.len()) } else { rng.usize(..=near) };
    let to = (at + rng.usize(..40)).min(bytes.len());
    match rng.u8(..12) {
        0 | 1 => drop(bytes.splice(at..at, latin1(pick(rng, PIECES)))),
        2 if at < bytes.len() => drop(bytes.remove(at)),
        3 if at < bytes.len() => bytes[at] = rng.u8(..),
        4 if at < bytes.len() => bytes[at] ^= 0x20,
        5 => bytes.truncate(rng.usize(..=bytes.len())),
        6 => drop(bytes.drain(at..to)),
        7 => {
            let again = bytes[at..to].to_vec();
            drop(bytes.splice(at..at, again));
        }
        8 => line_end(rng, bytes),
        9 => {
            let field = if rng.bool() { pick(rng, ODD_FIELDS) } else { pick(rng, FRAMINGS) };
            after_a_line(rng, bytes, &latin1(&field.replace('@', "5")));
        }
        10 if at < bytes.len() && bytes[at].is_ascii_digit() => bytes[at] = b'0' + rng.u8(..10),
        _ => drop(bytes.splice(at..at, latin1(pick(rng, &["\r\n ", " ", "\t", "\n", "\r", "\0", "\u{a0}", "\u{85}"])))),
    }
}

fn lines(bytes: &[u8]) -> Vec<usize> {
    bytes.windows(2).enumerate().filter(|(_, pair)| pair == b"\r\n").map(|(at, _)| at).take(30).collect()
}

/// Puts something else in a line end's place.
fn line_end(rng: &mut Rng, bytes: &mut Vec<u8>) {
    if let Some(&at) = rng.choice(&lines(bytes)) {
        drop(bytes.splice(at..at + 2, pick(rng, ENDS).bytes()));
    }
}

fn after_a_line(rng: &mut Rng, bytes: &mut Vec<u8>, field: &[u8]) {
    if let Some(&at) = rng.choice(&lines(bytes)) {
        drop(bytes.splice(at + 2..at + 2, field.iter().copied()));
    }
}
