use super::{AdminAnswer, AdminClient, LIMIT};
use pintle_core::Method;
use pintle_core::secret::Secret;
use pintle_engine::socket::Address;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::thread;
use std::time::Duration;

/// Asks a listener that answers with these bytes and ends; gives what it got, and what came of it.
fn played(
    answer: &'static [u8],
    ask: impl FnOnce(AdminClient) -> Result<AdminAnswer, String>,
) -> (String, Result<AdminAnswer, String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = Address::Tcp(listener.local_addr().expect("its address"));
    let serving = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let _ = stream.set_read_timeout(Some(LIMIT));
        let mut got = Vec::new();
        let mut piece = [0; 1024];
        while !got.windows(4).any(|end| end == b"\r\n\r\n") {
            match stream.read(&mut piece) {
                Ok(count @ 1..) => got.extend_from_slice(&piece[..count]),
                _ => break,
            }
        }
        let _ = stream.write_all(answer);
        let _ = stream.shutdown(Shutdown::Write);
        // Until the other side ends, so that nothing is reset.
        while let Ok(count @ 1..) = stream.read(&mut piece) {
            got.extend_from_slice(&piece[..count]);
        }
        String::from_utf8(got).expect("a text")
    });
    let outcome = ask(AdminClient::new(address, Some(Secret::new("s3cret".into()))));
    (serving.join().expect("it ends"), outcome)
}

fn answered(answer: &'static [u8]) -> Result<AdminAnswer, String> {
    played(answer, |client| client.ask(&Method::GET, "/status", "")).1
}

#[test]
fn a_request_has_an_address_as_host_the_token_and_its_content() {
    let (got, outcome) =
        played(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", |client| client.ask(&Method::POST, "/x?y", "body"));
    let (head, body) = got.split_once("\r\n\r\n").expect("a head");
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("POST /x?y HTTP/1.1"));
    assert!(lines.clone().any(|line| line.starts_with("host: 127.0.0.1:")), "{head}");
    for line in [
        concat!("user-agent: pintle/", env!("CARGO_PKG_VERSION")),
        "connection: close",
        "content-length: 4",
        "authorization: Bearer s3cret",
    ] {
        assert!(lines.clone().any(|one| one == line), "no {line} in {head}");
    }
    assert_eq!(body, "body");
    assert_eq!(outcome.map(|answer| (answer.status, answer.text)), Ok((200, "ok".into())));
}

#[test]
fn an_answer_may_be_framed_in_every_way() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"[..],
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\na: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nhello",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\n\r\nhello",
    ] {
        let answer = answered(answer).expect("an answer");
        assert_eq!((answer.status, answer.text.as_str()), (200, "hello"));
    }
}

#[test]
fn what_is_no_whole_answer_is_an_error_and_the_token_is_not_in_it() {
    for (answer, part) in [
        (&b""[..], "without an answer"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "does not speak HTTP/1.1"),
        (b"HTTP/1.1 200 OK\r\ncontent-le", "does not speak HTTP/1.1"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello", "in the middle"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel", "in the middle"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n", "does not speak HTTP/1.1"),
        (b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n", "refuses the token"),
        (b"HTTP/1.1 403 Forbidden\r\ncontent-length: 4\r\n\r\nwhy\n", "why"),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "has no /status"),
    ] {
        let why = answered(answer).expect_err("no answer");
        assert!(why.contains(part) && why.starts_with("127.0.0.1:") && !why.contains("s3cret"), "{why}");
    }
}

#[test]
fn who_accepts_and_says_nothing_is_waited_for_only_so_long() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = Address::Tcp(listener.local_addr().expect("its address"));
    let mut client = AdminClient::new(address, None);
    client.limit = Duration::from_millis(50);
    let why = client.ask(&Method::GET, "/status", "").expect_err("no answer");
    assert!(why.contains("does not answer within 50ms"), "{why}");
}

#[test]
fn who_is_not_there_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = Address::Tcp(listener.local_addr().expect("its address"));
    drop(listener);
    let why = AdminClient::new(address, None).ask(&Method::GET, "/status", "").expect_err("nobody");
    assert!(why.contains("nobody listens on 127.0.0.1:"), "{why}");
    let nowhere = Address::Unix("/nonexistent/pintle.sock".into());
    let why = AdminClient::new(nowhere, None).ask(&Method::GET, "/status", "").expect_err("nobody");
    assert!(why.contains("there is no socket /nonexistent/pintle.sock"), "{why}");
}
