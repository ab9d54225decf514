//! One question to one endpoint, and whether its answer is a good one. Each is asked on a connection of its own: a kept one
//! would say less about whether the service takes new ones.

use crate::connect::{At, Connected, Connector, Offers};
use crate::endpoint::Endpoint;
use crate::settings::{CheckConfig, ProtocolChoice};
use crate::stream::Stream;
use crate::upstream::Upstream;
use bytes::Bytes;
use pintle_core::{Body, Fields, Frame, Method, Response, Scheme, names};
use pintle_http1::client::{Connection, Home};
use pintle_http2::client::Client;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

/// How much of an answer is read: a check looks at no more.
const CONTENT: usize = 4 * 1024;
/// The state that a gRPC service is in when it serves (`grpc.health.v1.HealthCheckResponse`).
const SERVING: u64 = 1;

/// What is asked of whom. Two that are equal are asked once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Question(Arc<Asked>);

#[derive(Debug)]
struct Asked {
    /// All that makes a difference, as text.
    text: String,
    at: At,
    host: Box<str>,
    protocol: ProtocolChoice,
    scheme: Scheme,
    /// What the connection begins with.
    header: Vec<u8>,
    check: CheckConfig,
}

impl PartialEq for Asked {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Asked {}

impl std::hash::Hash for Asked {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl Question {
    pub(super) fn new(upstream: &Upstream, endpoint: &Endpoint, check: &CheckConfig) -> Self {
        let at = match (&endpoint.connector.at, check.port) {
            (At::Tcp(address), Some(port)) => At::Tcp(SocketAddr::new(address.ip(), port.0)),
            (at, _) => at.clone(),
        };
        let host: Box<str> = check.host.as_deref().unwrap_or(&endpoint.host).into();
        let tls = upstream.config.tls.as_ref();
        let name = endpoint.connector.tls.as_ref().map(|tls| &tls.name);
        let files = &upstream.files;
        let protocol = upstream.protocol;
        // What listens at a port of its own for checks is not what clients come to.
        let header = if check.port.is_none() { upstream.header(None) } else { Vec::new() };
        // How many good or bad answers it takes is for each upstream to say; the question is the same.
        let asked = CheckConfig { up_after: 1, down_after: 1, host: None, port: None, ..check.clone() };
        let tls_text =
            tls.map(|tls| (&tls.server_name, tls.files().map(|file| (***file).to_owned()).collect::<Vec<_>>()));
        let text = format!("{at} {host} {protocol:?} {name:?} {tls_text:?} {files:?} {header:?} {asked:?}");
        let scheme = if upstream.is_tls() { Scheme::Https } else { Scheme::Http };
        Question(Arc::new(Asked { text, at, host, protocol, scheme, header, check: check.clone() }))
    }

    pub(super) fn check(&self) -> &CheckConfig {
        &self.0.check
    }
}

/// Asks. The error says what was wrong with the answer, for an operator.
pub(super) async fn ask(question: &Question, connector: &Connector) -> Result<(), String> {
    let asked = &*question.0;
    let limit = asked.check.timeout;
    let connector = Connector { at: asked.at.clone(), timeout: limit, ..connector.clone() };
    let answer = tokio::time::timeout(limit, asked.ask(&connector));
    answer.await.unwrap_or_else(|_| Err(format!("no answer within {limit:?}")))
}

impl Asked {
    async fn ask(&self, connector: &Connector) -> Result<(), String> {
        // Whether somebody takes connections does not hang on what is spoken on them.
        let offers = if self.check.tcp { Offers::Nothing } else { Offers::Http };
        let connected = connector.connect(&self.header, offers).await;
        let connected = connected.map_err(|refusal| refusal.internal.unwrap_or_default())?;
        if self.check.tcp {
            return Ok(());
        }
        match &self.check.grpc {
            Some(service) => self.ask_grpc(connected, service).await,
            None => self.ask_http(connected).await,
        }
    }

    async fn ask_http(&self, connected: Connected) -> Result<(), String> {
        let path = self.check.path.as_ref().map_or("/", |path| &path.0);
        let response = self.send(connected, &Method::GET, path, &fields(&[]), Body::Empty).await?;
        let status = response.status.as_u16();
        match self.check.expect.iter().any(|range| range.holds(status)) {
            true => Ok(()),
            false => Err(format!("GET {path}: status {status}")),
        }
    }

    /// `grpc.health.v1.Health/Check` (github.com/grpc/grpc/blob/master/doc/health-checking.md).
    async fn ask_grpc(&self, connected: Connected, service: &str) -> Result<(), String> {
        let head = fields(&[("content-type", "application/grpc"), ("te", "trailers")]);
        let body = Body::full(health_request(service));
        let path = "/grpc.health.v1.Health/Check";
        let mut response = self.send(connected, &Method::POST, path, &head, body).await?;
        if response.status != 200 {
            return Err(format!("status {}", response.status.as_u16()));
        }
        let mut content = Vec::new();
        let mut last = response.fields.clone();
        while let Some(frame) = response.body.frame().await {
            match frame.map_err(|error| error.to_string())? {
                Frame::Data(data) if content.len() + data.len() <= CONTENT => content.extend_from_slice(&data),
                Frame::Data(_) => return Err("an answer that is too long".into()),
                Frame::Trailers(trailers) => last = trailers,
            }
        }
        match last.get_str("grpc-status").unwrap_or("0") {
            "0" => {}
            status => return Err(format!("grpc-status {status}")),
        }
        match health_status(&content) {
            Some(SERVING) => Ok(()),
            Some(status) => Err(format!("health status {status}")),
            None => Err("an answer that is none of grpc.health.v1".into()),
        }
    }

    async fn send(
        &self,
        connected: Connected,
        method: &Method,
        target: &str,
        fields: &Fields,
        body: Body,
    ) -> Result<Response, String> {
        let (wait, now) = (self.check.timeout, Instant::now());
        let (status, fields, body) = if connected.http2 || self.protocol == ProtocolChoice::Http2 {
            let client = Client::start(connected.stream).await.map_err(|error| error.to_string())?;
            let (host, scheme) = (&*self.host, self.scheme);
            let call = pintle_http2::client::Call { method, target, host, scheme, fields, protocol: None };
            let bounds = pintle_http2::client::Bounds { response: wait, idle: wait, deadline: None };
            let answer = client.send(&call, body, bounds, None, ()).await;
            let answer = answer.map_err(told)?;
            (answer.status, answer.fields, answer.body)
        } else {
            let call = pintle_http1::client::Call { method, target, host: &self.host, fields, protocol: None };
            let bounds = pintle_http1::client::Bounds {
                response: wait,
                idle: wait,
                deadline: None,
                limits: pintle_http1::Limits::default(),
                body_limits: pintle_http1::BodyLimits::default(),
            };
            let connection = Connection::new(connected.stream, now);
            let answer = connection.send(&call, body, bounds, None, Nowhere, now).await;
            let answer = answer.map_err(|error| error.fail.to_string())?;
            (answer.status, answer.fields, answer.body)
        };
        let mut response = Response::new(status);
        (response.fields, response.body) = (fields, body);
        Ok(response)
    }
}

/// What went wrong over HTTP/2.
fn told(fail: pintle_http2::client::Fail) -> String {
    use pintle_http2::client::Fail;
    match fail {
        Fail::Closed(why) => format!("no answer over HTTP/2: {why}"),
        Fail::Malformed(how) => format!("malformed answer: {how}"),
        Fail::Broken(how) => format!("it speaks no HTTP/2: {how}"),
        Fail::Unprocessed(_) => "the stream was refused".into(),
        Fail::Request(error) => error.to_string(),
        Fail::TimedOut | Fail::Deadline => "no answer in time".into(),
    }
}

/// Where a check's connection goes back to.
struct Nowhere;

impl Home<Stream> for Nowhere {
    fn give_back(self, _: Connection<Stream>) {}
}

fn fields(all: &[(&str, &str)]) -> Fields {
    let mut fields = Fields::new();
    fields.append(names::USER_AGENT, "pintle-check");
    for (name, value) in all {
        fields.append(*name, value);
    }
    fields
}

/// `HealthCheckRequest {service = 1}`, in the frame that gRPC puts around messages.
fn health_request(service: &str) -> Bytes {
    let mut message = Vec::new();
    if !service.is_empty() {
        message.push(0x0a);
        varint(service.len() as u64, &mut message);
        message.extend_from_slice(service.as_bytes());
    }
    let mut framed = vec![0];
    framed.extend_from_slice(&(message.len() as u32).to_be_bytes());
    framed.extend_from_slice(&message);
    framed.into()
}

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// The status of `HealthCheckResponse {status = 1}`; 0 where it is left out, as for any field of protobuf.
fn health_status(framed: &[u8]) -> Option<u64> {
    let (head, message) = framed.split_at_checked(5)?;
    let length = u32::from_be_bytes(head[1..].try_into().ok()?) as usize;
    if head[0] != 0 || message.len() != length {
        return None;
    }
    match message {
        [] => Some(0),
        [0x08, status] if *status < 0x80 => Some(u64::from(*status)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_messages_are_those_of_grpc() {
        assert_eq!(&health_request("")[..], [0, 0, 0, 0, 0]);
        assert_eq!(&health_request("a.B")[..], [0, 0, 0, 0, 5, 0x0a, 3, b'a', b'.', b'B']);
        assert_eq!(health_status(&[0, 0, 0, 0, 2, 8, 1]), Some(SERVING));
        assert_eq!(health_status(&[0, 0, 0, 0, 2, 8, 2]), Some(2));
        assert_eq!(health_status(&[0, 0, 0, 0, 0]), Some(0));
        for wrong in [&[0, 0, 0, 0, 2, 8][..], &[1, 0, 0, 0, 2, 8, 1], &[], &[0, 0, 0, 0, 2, 9, 1]] {
            assert_eq!(health_status(wrong), None, "{wrong:?}");
        }
    }
}
