use super::*;

fn request(method: &Method, fields: &[(&str, &str)], framing: Framing, connection: Connection) -> String {
    let fields: Fields = fields.iter().copied().collect();
    let mut out = Vec::new();
    write_request_head(&mut out, method, "/a?b", b"example:81", &fields, framing, connection);
    String::from_utf8(out).expect("text")
}

fn response(
    version: Version,
    status: u16,
    fields: &[(&str, &str)],
    framing: Framing,
    connection: Connection,
) -> String {
    let fields: Fields = fields.iter().copied().collect();
    let mut out = Vec::new();
    write_response_head(
        &mut out,
        version,
        StatusCode::from_u16(status).expect("a status"),
        &fields,
        framing,
        connection,
    );
    String::from_utf8(out).expect("text")
}

const LEFT_OVER: &[(&str, &str)] = &[
    ("host", "b"),
    ("connection", "x"),
    ("content-length", "9"),
    ("transfer-encoding", "gzip"),
    ("te", "x"),
    ("keep-alive", "x"),
    ("proxy-connection", "x"),
    ("upgrade", "x"),
    ("x-a", "1"),
];

#[test]
fn a_request_without_content() {
    let text = request(&Method::GET, &[("x-a", "1"), ("x-a", "")], Framing::None, Connection::KeepAlive);
    assert_eq!(text, "GET /a?b HTTP/1.1\r\nhost: example:81\r\nx-a: 1\r\nx-a: \r\n\r\n");
}

#[test]
fn framing_and_connection_are_told_once_whatever_the_fields_say() {
    let text = request(&Method::POST, LEFT_OVER, Framing::Length(5), Connection::Close);
    let head = "POST /a?b HTTP/1.1\r\nhost: example:81\r\ncontent-length: 5\r\nconnection: close\r\nx-a: 1\r\n\r\n";
    assert_eq!(text, head);
    let text = response(Version::Http11, 200, LEFT_OVER, Framing::Chunked, Connection::KeepAlive);
    assert_eq!(text, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nx-a: 1\r\n\r\n");
}

/// RFC 9110 10.1.4: whoever sends TE names it in Connection.
#[test]
fn a_wish_for_trailers_is_told_to_the_next_server() {
    let text = request(&Method::GET, &[("te", "trailers"), ("x-a", "1")], Framing::None, Connection::KeepAlive);
    let head = "GET /a?b HTTP/1.1\r\nhost: example:81\r\nconnection: te\r\nte: trailers\r\nx-a: 1\r\n\r\n";
    assert_eq!(text, head);
}

#[test]
fn a_request_for_a_websocket() {
    let text = request(&Method::GET, &[], Framing::None, Connection::Upgrade(Protocol::WebSocket));
    let head = "GET /a?b HTTP/1.1\r\nhost: example:81\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    assert_eq!(text, head);
}

#[test]
fn http_1_0_is_told_that_its_connection_stays() {
    let text = response(Version::Http10, 200, &[], Framing::Length(0), Connection::KeepAlive);
    assert_eq!(text, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n");
}

/// RFC 9112 9.3: a body that ends with the connection leaves none.
#[test]
fn a_body_until_the_end_closes() {
    let text = response(Version::Http10, 200, &[], Framing::UntilClose, Connection::KeepAlive);
    assert_eq!(text, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
}

/// RFC 9110 8.6: Content-Length of an answer to HEAD or a 304 tells of a body that is not there; a 204 has none to tell of.
#[test]
fn a_length_without_a_body() {
    let length = [("content-length", "9")];
    for status in [200, 304] {
        let text = response(Version::Http11, status, &length, Framing::None, Connection::KeepAlive);
        assert!(text.ends_with("\r\ncontent-length: 9\r\n\r\n"), "{text}");
    }
    for status in [103, 204] {
        let text = response(Version::Http11, status, &length, Framing::Length(9), Connection::KeepAlive);
        assert!(text.ends_with("\r\n\r\n") && text.lines().count() == 2, "{text}");
    }
}

#[test]
fn an_interim_answer_says_nothing_of_the_connection() {
    let text = response(Version::Http11, 100, &[], Framing::None, Connection::Close);
    assert_eq!(text, "HTTP/1.1 100 Continue\r\n\r\n");
    let text = response(Version::Http11, 101, &[], Framing::None, Connection::Upgrade(Protocol::WebSocket));
    assert_eq!(text, "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
}

/// RFC 9112 4: the space before an absent reason stays.
#[test]
fn a_status_without_a_reason() {
    let text = response(Version::Http11, 299, &[], Framing::Length(0), Connection::KeepAlive);
    assert!(text.starts_with("HTTP/1.1 299 \r\n"));
}

#[test]
fn chunk_sizes() {
    for len in [1, 9, 10, 15, 16, 17, 255, 256, 4096, 65535, 65536, usize::MAX] {
        let mut out = Vec::new();
        write_chunk_header(&mut out, len);
        assert_eq!(out, format!("{len:x}\r\n").as_bytes());
    }
}

#[test]
fn the_last_chunk() {
    let mut out = Vec::new();
    write_last_chunk(&mut out, None);
    write_last_chunk(&mut out, Some(&LEFT_OVER.iter().copied().collect()));
    assert_eq!(out, b"0\r\n\r\n0\r\nx-a: 1\r\n\r\n");
}

/// RFC 9110 8.6: a method that expects content says that there is none.
#[test]
fn framing_of_a_request_that_is_sent() {
    assert_eq!(Framing::for_request(&Method::GET, Some(0)), Framing::None);
    assert_eq!(Framing::for_request(&Method::POST, Some(0)), Framing::Length(0));
    assert_eq!(Framing::for_request(&Method::GET, Some(3)), Framing::Length(3));
    assert_eq!(Framing::for_request(&Method::PUT, None), Framing::Chunked);
}
