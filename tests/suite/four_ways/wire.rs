//! Both protocols as the two ends of an exchange use them: content piece by piece, an end that is whole or not.

use super::plan::{Fields, Message};
use bytes::{Bytes, BytesMut};
use h2::{RecvStream, SendStream};
use std::future::poll_fn;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// Where content goes.
pub(super) enum Sender {
    H1 {
        write: OwnedWriteHalf,
        chunked: bool,
    },
    H2(SendStream<Bytes>),
    /// Nothing is to be sent any more.
    Over,
}

impl Sender {
    /// False when the other side takes no more.
    pub(super) async fn piece(&mut self, data: &[u8]) -> bool {
        match self {
            Sender::Over => true,
            Sender::H1 { write, chunked } => {
                let bytes = match chunked {
                    true if data.is_empty() => return true,
                    true => [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat(),
                    false => data.to_vec(),
                };
                write.write_all(&bytes).await.is_ok()
            }
            Sender::H2(stream) => {
                let mut rest = Bytes::copy_from_slice(data);
                while !rest.is_empty() {
                    stream.reserve_capacity(rest.len());
                    let Some(Ok(room)) = poll_fn(|cx| stream.poll_capacity(cx)).await else { return false };
                    if stream.send_data(rest.split_to(room.min(rest.len())), false).is_err() {
                        return false;
                    }
                }
                true
            }
        }
    }

    pub(super) async fn end(&mut self, trailers: &Fields) -> bool {
        match self {
            Sender::H1 { write, chunked: true } => {
                let trailers: String = trailers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                write.write_all(format!("0\r\n{trailers}\r\n").as_bytes()).await.is_ok()
            }
            Sender::H1 { .. } | Sender::Over => true,
            Sender::H2(stream) if trailers.is_empty() => stream.send_data(Bytes::new(), true).is_ok(),
            Sender::H2(stream) => stream.send_trailers(map(trailers)).is_ok(),
        }
    }

    /// Sends so much of a message's content, all at most, in its pieces.
    pub(super) async fn content(&mut self, message: &Message, most: usize) -> bool {
        let body = &message.body[..most.min(message.body.len())];
        for piece in body.chunks(message.piece) {
            if !self.piece(piece).await {
                return false;
            }
            if message.slow {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        true
    }

    /// Ends the exchange in the middle.
    pub(super) fn cut(&mut self) {
        match self {
            Sender::H1 { write, .. } => {
                let _ = write.as_ref().set_zero_linger();
            }
            Sender::H2(stream) => stream.send_reset(h2::Reason::INTERNAL_ERROR),
            Sender::Over => {}
        }
    }
}

/// A piece of content, or its end.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    Data(Vec<u8>),
    /// With the trailers.
    End(Fields),
    Cut,
}

/// Where content comes from.
pub(super) enum Receiver {
    H1(H1Reader),
    H2(RecvStream),
}

impl Receiver {
    pub(super) async fn piece(&mut self) -> Piece {
        match self {
            Receiver::H1(reader) => reader.piece().await.unwrap_or(Piece::Cut),
            Receiver::H2(stream) => match stream.data().await {
                Some(Ok(data)) => {
                    let _ = stream.flow_control().release_capacity(data.len());
                    Piece::Data(data.to_vec())
                }
                Some(Err(_)) => Piece::Cut,
                None => match stream.trailers().await {
                    Ok(trailers) => Piece::End(trailers.as_ref().map(fields).unwrap_or_default()),
                    Err(_) => Piece::Cut,
                },
            },
        }
    }
}

/// What of the content is still to come.
enum Left {
    Nothing,
    Length(usize),
    Chunks,
    UntilClose,
}

/// Reads messages of HTTP/1.1, strictly; whatever is wrong is a cut.
pub(super) struct H1Reader {
    read: OwnedReadHalf,
    buffer: BytesMut,
    left: Left,
}

impl H1Reader {
    pub(super) fn new(read: OwnedReadHalf) -> Self {
        H1Reader { read, buffer: BytesMut::new(), left: Left::Nothing }
    }

    async fn more(&mut self) -> Option<()> {
        self.read.read_buf(&mut self.buffer).await.ok().filter(|read| *read > 0).map(drop)
    }

    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.buffer.split_to(end + 2);
                return Some(line[..end].iter().map(|byte| char::from(*byte)).collect());
            }
            self.more().await?;
        }
    }

    async fn section(&mut self) -> Option<Fields> {
        let mut fields = Vec::new();
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                return Some(fields);
            }
            let (name, value) = line.split_once(':')?;
            fields.push((name.to_owned(), value.trim_matches(' ').to_owned()));
        }
    }

    /// The first line and the fields; `bodiless` says whether no content follows whatever they say.
    pub(super) async fn head(&mut self, bodiless: impl Fn(&str) -> bool, request: bool) -> Option<(String, Fields)> {
        let line = self.line().await?;
        let fields = self.section().await?;
        let get = |name: &str| fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
        self.left = match (get("content-length"), get("transfer-encoding")) {
            _ if bodiless(&line) => Left::Nothing,
            (Some(_), Some(_)) => panic!("framed twice: {line} {fields:?}"),
            (Some(length), None) => Left::Length(length.parse().ok()?),
            (None, Some("chunked")) => Left::Chunks,
            (None, Some(other)) => panic!("transfer-encoding: {other}"),
            (None, None) if request => Left::Nothing,
            (None, None) => Left::UntilClose,
        };
        Some((line, fields))
    }

    async fn piece(&mut self) -> Option<Piece> {
        match self.left {
            Left::Nothing | Left::Length(0) => Some(Piece::End(Vec::new())),
            Left::Length(length) => {
                if self.buffer.is_empty() {
                    self.more().await?;
                }
                let data = self.buffer.split_to(length.min(self.buffer.len()));
                self.left = Left::Length(length - data.len());
                Some(Piece::Data(data.to_vec()))
            }
            Left::UntilClose => {
                if self.buffer.is_empty() && self.more().await.is_none() {
                    self.left = Left::Nothing;
                    return Some(Piece::End(Vec::new()));
                }
                Some(Piece::Data(self.buffer.split().to_vec()))
            }
            Left::Chunks => {
                let size = usize::from_str_radix(&self.line().await?, 16).ok()?;
                if size == 0 {
                    self.left = Left::Nothing;
                    return self.section().await.map(Piece::End);
                }
                while self.buffer.len() < size + 2 {
                    self.more().await?;
                }
                let data = self.buffer.split_to(size + 2);
                data.ends_with(b"\r\n").then(|| Piece::Data(data[..size].to_vec()))
            }
        }
    }

    /// Waits for the other side to go away.
    pub(super) async fn gone(&mut self) {
        while self.more().await.is_some() {}
    }
}

/// Fields for the `http` crate.
pub(super) fn map(fields: &Fields) -> http::HeaderMap {
    let mut map = http::HeaderMap::new();
    for (name, value) in fields {
        let bytes: Vec<u8> = value.chars().map(|c| c as u8).collect();
        let name: http::HeaderName = name.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        map.append(name, http::HeaderValue::from_bytes(&bytes).unwrap_or_else(|error| panic!("{value}: {error}")));
    }
    map
}

/// Fields from the `http` crate.
pub(super) fn fields(map: &http::HeaderMap) -> Fields {
    let text = |value: &http::HeaderValue| value.as_bytes().iter().map(|byte| char::from(*byte)).collect();
    map.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

/// A head of HTTP/1.1 with the framing that its content needs.
pub(super) fn h1_head(line: &str, fields: &Fields, message: &Message, framed: bool) -> Vec<u8> {
    let mut text = format!("{line}\r\n");
    for (name, value) in fields {
        text += &format!("{name}: {value}\r\n");
    }
    if framed && message.measured {
        text += &format!("content-length: {}\r\n", message.body.len());
    } else if framed {
        text += "transfer-encoding: chunked\r\n";
    }
    text += "\r\n";
    text.chars().map(|c| c as u8).collect()
}
