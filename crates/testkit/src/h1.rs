//! HTTP/1.1 read strictly, and a client that keeps its connection. What a lenient client would forgive panics here:
//! the gateway must not rely on forgiveness.

use crate::ask::Ask;
use crate::message::{Answer, Fields, Head};
use crate::tls::TlsClient;
use crate::wire::Wire;
use std::net::SocketAddr;

/// A client that sends one request after another on one connection.
#[derive(Debug)]
pub struct H1Client {
    /// The connection, to send what this client would not.
    pub wire: Wire,
}

impl H1Client {
    /// Connects over TCP.
    pub async fn tcp(address: SocketAddr) -> Self {
        H1Client { wire: Wire::tcp(address).await }
    }

    /// Connects over TLS.
    pub async fn tls(address: SocketAddr, tls: &TlsClient) -> Self {
        H1Client { wire: Wire::tls(address, tls).await }
    }

    /// Sends a request and reads its answer.
    ///
    /// # Panics
    /// When the answer breaks RFC 9112, or ends too early.
    pub async fn ask(&mut self, ask: Ask) -> Answer {
        self.wire.write(ask.to_h1()).await;
        self.wire.answer_to(&ask.method).await
    }

    /// Sends a GET and reads its answer.
    pub async fn get(&mut self, target: &str) -> Answer {
        self.ask(Ask::get(target)).await
    }
}

impl Wire {
    /// Reads the answer to a GET.
    pub async fn answer(&mut self) -> Answer {
        self.answer_to("GET").await
    }

    /// Reads the answer to a request by `method`, with the interim ones before it. 101 counts as the final one.
    ///
    /// # Panics
    /// When it breaks RFC 9112, or ends too early.
    pub async fn answer_to(&mut self, method: &str) -> Answer {
        let mut answer = Answer::default();
        let head = loop {
            let head = self.head().await;
            match head.status() {
                100 | 102..200 => answer.interim.push(head),
                _ => break head,
            }
        };
        answer.status = head.status();
        // RFC 9112 6.3: neither has content, and a 1xx or 204 may not even announce any (RFC 9110 8.6).
        if matches!(answer.status, 101 | 204) {
            assert!(!head.has("content-length") && !head.has("transfer-encoding"), "framing where none is: {head:?}");
        } else if method != "HEAD" && answer.status != 304 {
            (answer.body, answer.trailers) = match framing(&head) {
                Some(_) => self.content(&head).await,
                None => (self.to_end().await.0.to_vec(), Fields::default()),
            };
        }
        answer.fields = head.fields;
        answer
    }

    /// Reads a whole request, as a service does.
    ///
    /// # Panics
    /// When it breaks RFC 9112, or ends too early.
    pub async fn request(&mut self) -> (Head, Vec<u8>, Fields) {
        let head = self.head().await;
        let (body, trailers) = self.content(&head).await;
        (head, body, trailers)
    }

    /// Reads the content of a message by what its head says; none where it says nothing.
    pub async fn content(&mut self, head: &Head) -> (Vec<u8>, Fields) {
        match framing(head) {
            None => Default::default(),
            Some(Framing::Length(length)) => (self.read(length).await.to_vec(), Fields::default()),
            Some(Framing::Chunked) => {
                let mut body = Vec::new();
                while let Some(chunk) = self.chunk().await {
                    body.extend(chunk);
                }
                (body, self.trailers().await)
            }
        }
    }

    /// Reads one chunk; none for the last one, after which [`Wire::trailers`] come.
    pub async fn chunk(&mut self) -> Option<Vec<u8>> {
        let line = self.line().await;
        let size = usize::from_str_radix(&line, 16).unwrap_or_else(|_| panic!("not a chunk's size: {line:?}"));
        if size == 0 {
            return None;
        }
        let data = self.read(size).await.to_vec();
        assert_eq!(self.line().await, "", "a chunk is longer than it said");
        Some(data)
    }

    /// Reads the trailer section after the last chunk.
    pub async fn trailers(&mut self) -> Fields {
        let mut fields = Fields::default();
        loop {
            let line = self.line().await;
            if line.is_empty() {
                return fields;
            }
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("not a trailer: {line:?}"));
            fields.push(name, value.trim());
        }
    }
}

enum Framing {
    Length(usize),
    Chunked,
}

/// How long the content is (RFC 9112 6.3); panics where two could differ about it.
fn framing(head: &Head) -> Option<Framing> {
    match (head.get("content-length"), head.get("transfer-encoding")) {
        (None, None) => None,
        (Some(length), None) if !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(Framing::Length(length.parse().unwrap_or_else(|error| panic!("{error}: {head:?}"))))
        }
        (None, Some("chunked")) => Some(Framing::Chunked),
        _ => panic!("ambiguous framing: {head:?}"),
    }
}
