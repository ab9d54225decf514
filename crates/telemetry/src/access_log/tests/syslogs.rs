//! Syslogs that take messages, that are gone, that hang.

use super::sinks::{Place, SOON, start};
use super::*;
use pintle_core::template::{Declared, Expression};
use std::io::{BufRead, BufReader, Read as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::time::Instant;

fn sink(address: Address) -> Sink {
    let max_size = match address {
        Address::Udp(..) => syslog::DATAGRAM,
        _ => syslog::MESSAGE,
    };
    let app_name = "pintle".to_owned();
    Sink::Syslog(Box::new(Syslog { address, facility: Facility::Local0, app_name, form: Form::Rfc5424, max_size }))
}

fn udp() -> (UdpSocket, Sink) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(SOON)).expect("a limit");
    let port = socket.local_addr().expect("an address").port();
    (socket, sink(Address::Udp("127.0.0.1".into(), port)))
}

fn tcp() -> (TcpListener, Sink) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let port = listener.local_addr().expect("an address").port();
    (listener, sink(Address::Tcp("127.0.0.1".into(), port)))
}

fn accept(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().expect("a connection");
    stream.set_read_timeout(Some(SOON)).expect("a limit");
    stream
}

fn hear(socket: &UdpSocket) -> String {
    let mut buffer = [0; 65_536];
    let length = socket.recv(&mut buffer).expect("a message");
    String::from_utf8(buffer[..length].to_vec()).expect("UTF-8")
}

/// The next message of a stream, by its length (RFC 6587 3.4.1).
fn framed(stream: &mut TcpStream) -> String {
    let mut length = String::new();
    loop {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a byte");
        match byte[0] {
            b' ' => break,
            digit @ b'0'..=b'9' => length.push(digit.into()),
            other => panic!("{other} in a length"),
        }
    }
    assert!(!length.starts_with('0'), "{length}");
    let mut message = vec![0; length.parse().expect("a number")];
    stream.read_exact(&mut message).expect("a message");
    String::from_utf8(message).expect("UTF-8")
}

/// What stands before the record, without host and process, and the record.
fn parts(message: &str) -> (String, serde_json::Map<String, Value>) {
    let (head, record) = message.split_once(" - ").expect("no structured data");
    let words: Vec<_> = head.split(' ').collect();
    let [start, time, host, name, process, kind] = words[..] else { panic!("{head}") };
    assert!(!host.is_empty() && process == std::process::id().to_string(), "{head}");
    (format!("{start} {time} {name} {kind}"), parse(&format!("{record}\n")))
}

// RFC 5424 6, RFC 5426 3.1.
#[test]
fn a_datagram_is_a_message() {
    let (socket, sink) = udp();
    let (log, _metrics) = start(&sink, 1);
    log.write(&record());
    log.write(&Record { status: 404, ..record() });
    log.write(&full());
    let (head, map) = parts(&hear(&socket));
    assert_eq!(head, "<134>1 2026-11-23T18:30:00.042Z pintle access");
    assert_eq!(map["http.response.status_code"], 200);
    assert!(hear(&socket).starts_with("<132>1 "), "a warning");
    assert!(hear(&socket).starts_with("<131>1 "), "an error by its gRPC status");
}

// RFC 5426 3.2.
#[test]
fn a_message_that_would_be_too_long_is_cut_and_says_so() {
    let (socket, sink) = udp();
    let (log, _metrics) = start(&sink, 1);
    let (long, nasty) = ("x".repeat(2_000), "\u{1}".repeat(2_000));
    for text in [&long, &nasty] {
        log.write(&Record {
            path: text,
            host: text,
            user_agent: Some(text.as_bytes()),
            internal: Some(text),
            ..full()
        });
        let message = hear(&socket);
        let (_, map) = parts(&message);
        assert!(message.len() <= 2048, "{}", message.len());
        assert_eq!(
            (&map["pintle.cut"], &map["pintle.request_id"].as_str().expect("text")[..16]),
            (&Value::Bool(true), "0af7651916cd43dd")
        );
    }
}

#[test]
fn what_the_configuration_added_goes_before_the_rest_does() {
    let (socket, sink) = udp();
    let expression = |text: &str| Expression::compile(text, &Declared::nothing()).expect("it compiles");
    let fields = (0..60).map(|number| (format!("{number}{}", "x".repeat(60)), expression("'a'")));
    let style = Style { fields: Fields::new(fields), ..Style::default() };
    let metrics = Metrics::new(1, 1000);
    let log = AccessLog::start(Opened::open(&sink, style).expect("a sink"), &metrics).expect("a log");
    log.write(&full());
    let (_, map) = parts(&hear(&socket));
    assert!(map["pintle.cut"] == true && map["pintle.route"] == "shop/list");
    assert!(!map.keys().any(|key| key.ends_with('x')) && !map.contains_key("pintle.labels"));
    assert_eq!(log.dropped(), 0);
}

// RFC 6587 3.4.1.
#[test]
fn over_tcp_each_message_stands_behind_its_length() {
    let (listener, sink) = tcp();
    let (log, _metrics) = start(&sink, 1);
    for _ in 0..500 {
        log.write(&full());
    }
    let mut stream = accept(&listener);
    for _ in 0..500 {
        assert_eq!(parts(&framed(&mut stream)).1["pintle.route"], "shop/list");
    }
    assert!(log.flush(SOON));
    assert_eq!(log.dropped(), 0);
}

#[test]
fn a_connection_that_breaks_is_made_again_and_records_wait_for_it() {
    let (listener, sink) = tcp();
    let (log, _metrics) = start(&sink, 1);
    log.write(&record());
    let mut stream = accept(&listener);
    framed(&mut stream);
    drop(stream);
    drop(listener);
    let Sink::Syslog(syslog) = &sink else { panic!("a syslog") };
    let Address::Tcp(_, port) = syslog.address else { panic!("over TCP") };
    for number in 0..100 {
        log.write(&Record { path: &format!("/{number}"), ..record() });
    }
    assert!(!log.flush(Duration::from_millis(1)), "nobody is there");
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("the same port");
    let mut stream = accept(&listener);
    for number in 0..100 {
        assert_eq!(parts(&framed(&mut stream)).1["url.path"], format!("/{number}"));
    }
    assert!(log.flush(SOON));
    assert_eq!(log.dropped(), 0);
}

#[test]
fn a_syslog_that_hangs_costs_records_and_never_time() {
    let (listener, sink) = tcp();
    let (log, _metrics) = start(&sink, 1);
    log.write(&record());
    let stream = accept(&listener);
    let begun = Instant::now();
    let mut written = 1;
    // More than sockets hold and the log.
    while log.dropped() == 0 {
        assert!(begun.elapsed() < SOON, "something is dropped in the end");
        for _ in 0..1_000 {
            log.write(&full());
        }
        written += 1_000;
    }
    let held: usize = log.shared.shards.iter().map(Shard::len).sum();
    assert!(held <= log.shared.room + 8192, "{held}");
    let dropped = log.dropped();
    drop(log);
    // What had gone is whole but for its end.
    drop(listener);
    let mut stream = stream;
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    let whole = String::from_utf8_lossy(&all).matches("<131>1 ").count() + 1;
    assert!(whole as u64 + dropped <= written, "{whole} {dropped} {written}");
}

#[test]
fn a_name_that_leads_nowhere_holds_nothing_up() {
    let (log, _metrics) = start(&sink(Address::Tcp("no-such-host.invalid".into(), 601)), 1);
    log.write(&record());
    log.flush(Duration::from_millis(100));
    let (socket, other) = udp();
    log.go_over(Opened::open(&other, Style::default()).expect("it is open"));
    log.write(&Record { path: "/after", ..record() });
    assert_eq!(parts(&hear(&socket)).1["url.path"], "/after");
    assert_eq!(log.dropped(), 1);
}

#[test]
fn a_socket_of_this_machine_takes_either_form() {
    let place = Place::new("unix");
    let path = place.file("log");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(SOON)).expect("a limit");
    let hear = || {
        let mut buffer = [0; 8192];
        let length = socket.recv(&mut buffer).expect("a message");
        String::from_utf8(buffer[..length].to_vec()).expect("UTF-8")
    };
    let sink = sink(Address::Unix(path));
    let (log, _metrics) = start(&sink, 1);
    log.write(&record());
    assert!(parts(&hear()).0.starts_with("<134>1 2026"));
    let Sink::Syslog(mut syslog) = sink else { panic!("a syslog") };
    syslog.form = Form::Local;
    log.go_over(Opened::open(&Sink::Syslog(syslog), Style::default()).expect("it is open"));
    log.write(&record());
    let message = hear();
    let record = message.strip_prefix(&format!("<134>pintle[{}]: ", std::process::id())).expect("the head");
    parse(&format!("{record}\n"));
}

#[test]
fn a_socket_of_this_machine_that_is_a_stream_gets_lines() {
    let place = Place::new("unix-stream");
    let path = place.file("log");
    let listener = UnixListener::bind(&path).expect("a socket");
    let (log, _metrics) = start(&sink(Address::Unix(path)), 1);
    log.write(&record());
    log.write(&record());
    let (stream, _) = listener.accept().expect("a connection");
    stream.set_read_timeout(Some(SOON)).expect("a limit");
    let lines = BufReader::new(stream).lines();
    for line in lines.take(2) {
        parts(&line.expect("a line"));
    }
}

#[test]
fn a_socket_of_this_machine_that_comes_back_is_found() {
    let place = Place::new("unix-back");
    let path = place.file("log");
    let (log, _metrics) = start(&sink(Address::Unix(path.clone())), 1);
    log.write(&record());
    assert!(!log.flush(Duration::from_millis(1)), "nobody is there");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(SOON)).expect("a limit");
    let mut buffer = [0; 8192];
    socket.recv(&mut buffer).expect("the message that waited");
    assert_eq!(log.dropped(), 0);
}
