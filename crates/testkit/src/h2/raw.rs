//! HTTP/2 by hand: any frames, in any order, right or wrong.

use crate::h2::frame::{Frame, flag, kind, setting};
use crate::wire::{End, Wire};
use std::net::SocketAddr;

/// The client's preface (RFC 9113 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection whose frames the test sends and reads itself.
#[derive(Debug)]
pub struct RawH2 {
    /// The SETTINGS that the server began with.
    pub settings: Frame,
    /// The connection, for bytes that are no frames at all.
    pub wire: Wire,
}

impl RawH2 {
    /// Connects in cleartext and starts.
    pub async fn tcp(address: SocketAddr) -> Self {
        Self::start(Wire::tcp(address).await).await
    }

    /// Sends preface and settings (no dynamic table, so that a status can be read), reads the server's settings and
    /// acknowledges them.
    pub async fn start(wire: Wire) -> Self {
        let mut raw = RawH2 { settings: Frame::settings(&[]), wire };
        raw.wire.write(PREFACE).await;
        raw.send(Frame::settings(&[(setting::HEADER_TABLE_SIZE, 0)])).await;
        let first = raw.frame().await;
        assert!(first.kind == kind::SETTINGS && !first.is(flag::ACK), "the server begins with {first:?}");
        raw.settings = first;
        raw.send(Frame::new(kind::SETTINGS, flag::ACK, 0, [])).await;
        raw
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: Frame) {
        self.wire.write(frame.encode()).await;
    }

    /// Sends many frames in one go, to a server that may close meanwhile; false when it has.
    pub async fn send_all(&mut self, frames: impl IntoIterator<Item = Frame>) -> bool {
        let bytes: Vec<u8> = frames.into_iter().flat_map(|frame| frame.encode()).collect();
        self.wire.try_write(bytes).await.is_ok()
    }

    /// Sends a GET for `path` on a stream.
    pub async fn get(&mut self, stream: u32, path: &str) {
        self.send(Frame::headers(stream, &head("GET", path), true)).await;
    }

    /// Reads the next frame.
    pub async fn frame(&mut self) -> Frame {
        let head = self.wire.read(9).await;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let payload = self.wire.read(length as usize).await;
        Frame::new(head[3], head[4], stream, payload)
    }

    /// Reads frames until one is as asked, and gives it. Settings are acknowledged and pings answered on the way.
    ///
    /// # Panics
    /// When the connection ends before, or after the time limit.
    pub async fn until(&mut self, wanted: impl Fn(&Frame) -> bool) -> Frame {
        loop {
            let frame = self.frame().await;
            if wanted(&frame) {
                return frame;
            }
            let answered = matches!(frame.kind, kind::SETTINGS | kind::PING) && !frame.is(flag::ACK);
            if answered {
                let payload = if frame.kind == kind::PING { frame.payload } else { Vec::new() };
                let ack = Frame::new(frame.kind, flag::ACK, 0, payload).encode();
                let _ = self.wire.try_write(ack).await;
            }
        }
    }

    /// Reads until an answer's head on this stream, and gives its status.
    pub async fn status(&mut self, stream: u32) -> u16 {
        self.until(|frame| frame.kind == kind::HEADERS && frame.stream == stream).await.status()
    }

    /// Reads until the stream is reset or the connection ended by GOAWAY, and gives the error code: RFC 9113 5.4.1
    /// lets a server treat a stream's error as the connection's.
    pub async fn refused(&mut self, stream: u32) -> u32 {
        let ends = |frame: &Frame| match frame.kind {
            kind::GOAWAY => true,
            kind::RST_STREAM => frame.stream == stream,
            _ => false,
        };
        self.until(ends).await.code()
    }

    /// Reads until GOAWAY and gives its error code.
    pub async fn goaway(&mut self) -> u32 {
        self.until(|frame| frame.kind == kind::GOAWAY).await.code()
    }

    /// Reads whatever still comes until the connection ends.
    pub async fn end(&mut self) -> End {
        self.wire.to_end().await.1
    }
}

/// The fields of a plain request.
fn head<'a>(method: &'a str, path: &'a str) -> [(&'a str, &'a str); 4] {
    [(":method", method), (":scheme", "http"), (":authority", "localhost"), (":path", path)]
}
