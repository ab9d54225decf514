//! One request and its answer over a socket of its own, by the gateway's own reading of HTTP/1.1, under TLS where that is
//! spoken.

use super::tls::{Stream, Trust};
use super::{AdminAnswer, AdminClient};
use bytes::BytesMut;
use pintle_core::secret::Secret;
use pintle_core::{Frame, Method};
use pintle_engine::socket::Address;
use pintle_http1::{BodyLimits, Decoder, Limits, Parsed, ResponseHead, parse_response};
use socket2::{Domain, SockAddr, Socket, Type};
use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

const CONNECT: Duration = Duration::from_secs(5);
/// A configuration of a hundred thousand routes with its description stays below.
const MOST_BYTES: usize = 64 << 20;

/// Sends the request and reads the answer, all within the client's limit.
pub(super) fn exchange(
    client: &AdminClient,
    (method, path): (&Method, &str),
    body: &str,
) -> Result<AdminAnswer, String> {
    let AdminClient { address, token, limit, .. } = client;
    let (limit, deadline) = (*limit, Instant::now() + *limit);
    let socket = connect(address, limit)?;
    let stream = Stream::new(socket, client.trust.as_ref(), address)?;
    let mut wire = Wire { stream, address, limit, deadline, buffer: BytesMut::new() };
    let (host, agent) = (host(address, client.trust.as_ref()), concat!("pintle/", env!("CARGO_PKG_VERSION")));
    let mut request =
        format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nuser-agent: {agent}\r\nconnection: close\r\n");
    if !body.is_empty() || *method != Method::GET {
        request.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    let mut request = request.into_bytes();
    if let Some(token) = token {
        // Grown once and as a secret from here on, so that no copy is left behind.
        request.reserve(token.len() + 64);
        request.extend_from_slice(b"authorization: Bearer ");
        request.extend_from_slice(token.expose_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    let request = Secret::from(request);
    let sent = wire.send(request.expose_bytes()).and_then(|()| wire.send(body.as_bytes()));
    // Who refuses a body answers before it has all of it.
    let answer = wire.answer(method);
    match (sent, answer) {
        (_, Ok(answer)) => Ok(answer),
        (Err(why), Err(_)) | (Ok(()), Err(why)) => Err(why),
    }
}

/// What the admin API takes as a Host: an address, `localhost`, or the name that its certificate has.
fn host(address: &Address, trust: Option<&Trust>) -> String {
    if let Some(name) = trust.and_then(Trust::name) {
        return name.to_owned();
    }
    match address.reachable() {
        Some(tcp) => tcp.to_string(),
        None => "localhost".into(),
    }
}

fn connect(address: &Address, limit: Duration) -> Result<Socket, String> {
    let opened = match (address, address.reachable()) {
        (Address::Unix(path), _) => SockAddr::unix(path).map(|to| (to, Domain::UNIX)),
        (_, Some(tcp)) => Ok((tcp.into(), Domain::for_address(tcp))),
        (_, None) => Err(ErrorKind::Unsupported.into()),
    };
    let limit = limit.min(CONNECT);
    let connected = opened.and_then(|(to, domain)| {
        let socket = Socket::new(domain, Type::STREAM, None)?;
        socket.connect_timeout(&to, limit)?;
        Ok(socket)
    });
    connected.map_err(|error| match (error.kind(), address) {
        (ErrorKind::NotFound, Address::Unix(path)) => {
            format!("there is no socket {}: does the gateway run, and is this its admin address?", path.display())
        }
        (ErrorKind::ConnectionRefused, _) => {
            format!("nobody listens on {address}: does the gateway run, and is this its admin address?")
        }
        (ErrorKind::PermissionDenied, Address::Unix(path)) => {
            format!("you may not use the socket {}: its permissions say who may", path.display())
        }
        (ErrorKind::TimedOut | ErrorKind::WouldBlock, _) => {
            format!("{address} does not take a connection within {limit:?}")
        }
        _ => format!("{address} cannot be reached: {error}"),
    })
}

struct Wire<'a> {
    stream: Stream,
    address: &'a Address,
    limit: Duration,
    deadline: Instant,
    buffer: BytesMut,
}

impl Wire<'_> {
    fn send(&mut self, mut bytes: &[u8]) -> Result<(), String> {
        while !bytes.is_empty() {
            let sent = self.left().and_then(|left| {
                self.stream.within(left)?;
                self.stream.write(bytes)
            });
            match sent {
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(&error)),
            }
        }
        self.stream.flush().map_err(|error| self.failed(&error))
    }

    fn answer(&mut self, method: &Method) -> Result<AdminAnswer, String> {
        let head = self.head(method)?;
        let mut decoder = Decoder::new(head.framing, BodyLimits::default());
        let mut body = Vec::new();
        loop {
            while let Some(frame) = decoder.decode(&mut self.buffer).map_err(|_| self.strange())? {
                if let Frame::Data(data) = frame {
                    body.extend_from_slice(&data);
                }
            }
            if decoder.is_done() {
                let text = String::from_utf8_lossy(&body).into_owned();
                return Ok(AdminAnswer { status: head.status.as_u16(), text });
            }
            if body.len() > MOST_BYTES {
                return Err(format!("{} answers with more than {} MiB", self.address, MOST_BYTES >> 20));
            }
            if self.fill()? == 0 {
                decoder.close().map_err(|_| format!("{} ended in the middle of its answer", self.address))?;
            }
        }
    }

    /// The head of the answer; interim ones are passed over.
    fn head(&mut self, method: &Method) -> Result<ResponseHead, String> {
        loop {
            // A head has a bound, so this ends.
            match parse_response(&self.buffer, method, &Limits::default()).map_err(|_| self.strange())? {
                Parsed::Complete { head, len } => {
                    let _ = self.buffer.split_to(len);
                    if !head.status.is_informational() {
                        return Ok(head);
                    }
                }
                Parsed::Partial if self.fill()? == 0 => {
                    return Err(match self.buffer.is_empty() {
                        true => format!("{} ended the connection without an answer", self.address),
                        false => self.strange(),
                    });
                }
                Parsed::Partial => {}
            }
        }
    }

    fn fill(&mut self) -> Result<usize, String> {
        let mut piece = [0; 16 << 10];
        loop {
            let read = self.left().and_then(|left| {
                self.stream.within(left)?;
                self.stream.read(&mut piece)
            });
            match read {
                Ok(count) => {
                    self.buffer.extend_from_slice(piece.get(..count).unwrap_or_default());
                    return Ok(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(&error)),
            }
        }
    }

    fn left(&self) -> io::Result<Duration> {
        match self.deadline.checked_duration_since(Instant::now()) {
            Some(left) if !left.is_zero() => Ok(left),
            _ => Err(ErrorKind::TimedOut.into()),
        }
    }

    fn failed(&self, error: &io::Error) -> String {
        match error.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => {
                format!("{} does not answer within {:?}", self.address, self.limit)
            }
            _ => format!("the connection to {} broke: {error}", self.address),
        }
    }

    fn strange(&self) -> String {
        // A TLS alert, or another record of it (RFC 8446 5.1).
        if matches!(self.buffer.first_chunk(), Some([0x14..=0x17, 3])) {
            return format!(
                "{} speaks TLS: give the configuration by -c, or its certificate by --admin-ca",
                self.address
            );
        }
        format!("{} does not speak HTTP/1.1 as Pintle does: is it the admin address?", self.address)
    }
}
