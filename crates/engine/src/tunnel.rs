//! A WebSocket that passes through: nothing of it is read but the heads of its frames (RFC 6455 5.2), so that the gateway
//! knows where it may say goodbye. When its time to stop is over, each side gets a close frame (1001, going away) where
//! a frame has just ended; where one is under way the tunnel is cut.

use crate::gateway::Gateway;
use bytes::Bytes;
use pintle_core::timer::Timer;
use pintle_core::{Body, BodyError, BodySource, Fault, Frame};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// Going away (RFC 6455 7.4.1).
const GOING_AWAY: [u8; 2] = 1001_u16.to_be_bytes();
const CLOSE: u8 = 0x8;

/// Who gets what flows one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Toward {
    /// The client.
    Client,
    /// The service; its frames are masked (RFC 6455 5.3).
    Service,
}

/// How long the service may take to end its side once it was told to.
const PARTING: Duration = Duration::from_millis(250);

/// One way of a tunnel.
pub(crate) struct Tunnel {
    inner: Body,
    gateway: Arc<Gateway>,
    toward: Toward,
    frames: Frames,
    /// Set once the last has been said.
    parting: Option<Box<Timer>>,
}

impl Tunnel {
    pub(crate) fn new(inner: Body, gateway: &Arc<Gateway>, toward: Toward) -> Self {
        Tunnel { inner, gateway: Arc::clone(gateway), toward, frames: Frames::default(), parting: None }
    }

    /// What is still said when the time is over. The way to the client waits until the other way, which hangs on it, is
    /// through: to let go of a stream of HTTP/2 is to throw away what it has not sent.
    fn poll_goodbye(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        if self.parting.is_none() {
            let mut timer = Timer::new();
            timer.set(Instant::now() + PARTING);
            self.parting = Some(Box::new(timer));
            self.inner.poll_aside(cx);
            if self.frames.is_between() && !self.frames.closed {
                return Poll::Ready(Some(Ok(Frame::Data(close_frame(self.toward)))));
            }
        }
        if self.toward == Toward::Client {
            // What still comes would stand behind a close frame.
            while let Some(Ok(_)) = ready!(self.poll_until_parted(cx)) {}
        }
        self.inner = Body::Empty;
        Poll::Ready((!self.frames.is_between()).then(|| Err(BodyError::gateway(Fault::Reset))))
    }

    fn poll_until_parted(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        match (self.inner.poll_frame(cx), &mut self.parting) {
            (Poll::Pending, Some(timer)) => timer.poll(cx).map(|()| None),
            (polled, _) => polled,
        }
    }
}

impl BodySource for Tunnel {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        if self.gateway.is_over() {
            return self.poll_goodbye(cx);
        }
        let polled = self.inner.poll_frame(cx);
        if let Poll::Ready(Some(Ok(Frame::Data(data)))) = &polled {
            self.frames.pass(data);
        }
        polled
    }

    fn poll_aside(&mut self, cx: &mut Context<'_>) {
        self.inner.poll_aside(cx);
    }
}

fn close_frame(toward: Toward) -> Bytes {
    let [high, low] = GOING_AWAY;
    match toward {
        Toward::Client => Bytes::copy_from_slice(&[0x80 | CLOSE, 2, high, low]),
        Toward::Service => {
            let mask = fastrand::u32(..).to_be_bytes();
            let said = [high ^ mask[0], low ^ mask[1]];
            Bytes::from([&[0x80 | CLOSE, 0x80 | 2][..], &mask, &said].concat())
        }
    }
}

/// Where frames begin and end.
#[derive(Debug, Default)]
struct Frames {
    /// Bytes of the frame under way that are still to come.
    left: u64,
    head: [u8; 14],
    /// How many bytes of the next head have come.
    have: usize,
    /// A close frame has passed: nothing may follow it.
    closed: bool,
}

impl Frames {
    fn pass(&mut self, mut data: &[u8]) {
        while let Some((&first, rest)) = data.split_first() {
            if self.left > 0 {
                let take = usize::try_from(self.left).unwrap_or(usize::MAX).min(data.len());
                self.left -= take as u64;
                data = &data[take..];
                continue;
            }
            self.head[self.have] = first;
            self.have += 1;
            data = rest;
            if self.have >= 2 && self.have == head_size(self.head[1]) {
                self.left = length(&self.head);
                self.closed |= self.head[0] & 0x0f == CLOSE;
                self.have = 0;
            }
        }
    }

    fn is_between(&self) -> bool {
        self.left == 0 && self.have == 0
    }
}

/// The size of a head by its second byte: length and mask.
const fn head_size(second: u8) -> usize {
    let length = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    2 + length + if second & 0x80 == 0 { 0 } else { 4 }
}

/// How many bytes follow a head.
fn length(head: &[u8; 14]) -> u64 {
    match head[1] & 0x7f {
        126 => u16::from_be_bytes([head[2], head[3]]).into(),
        127 => {
            let [_, _, a, b, c, d, e, f, g, h, ..] = *head;
            u64::from_be_bytes([a, b, c, d, e, f, g, h])
        }
        short => short.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(opcode: u8, length: usize, masked: bool) -> Vec<u8> {
        let mask = if masked { 0x80 } else { 0 };
        let mut bytes = vec![0x80 | opcode];
        match length {
            0..=125 => bytes.push(mask | length as u8),
            126..=65535 => {
                bytes.push(mask | 126);
                bytes.extend((length as u16).to_be_bytes());
            }
            _ => {
                bytes.push(mask | 127);
                bytes.extend((length as u64).to_be_bytes());
            }
        }
        if masked {
            bytes.extend([1, 2, 3, 4]);
        }
        bytes.extend(vec![0x88; length]);
        bytes
    }

    #[test]
    fn the_end_of_each_frame_is_known_however_it_comes() {
        for masked in [false, true] {
            let all: Vec<Vec<u8>> = [0, 1, 125, 126, 65_535, 65_536].map(|length| frame(2, length, masked)).into();
            let mut ends: Vec<usize> = all.iter().map(Vec::len).collect();
            for at in 1..ends.len() {
                ends[at] += ends[at - 1];
            }
            let stream = all.concat();
            for piece in [1, 2, 3, 7, 1000, stream.len()] {
                let (mut frames, mut at) = (Frames::default(), 0);
                for data in stream.chunks(piece) {
                    frames.pass(data);
                    at += data.len();
                    assert_eq!(frames.is_between(), ends.contains(&at), "{piece} {at}");
                }
                assert!(!frames.closed);
            }
        }
    }

    #[test]
    fn after_a_close_frame_nothing_is_said() {
        let mut frames = Frames::default();
        frames.pass(&frame(1, 3, true));
        assert!(!frames.closed);
        frames.pass(&frame(8, 2, true));
        assert!(frames.closed);
    }

    #[test]
    fn the_close_frame_says_that_the_gateway_goes_away() {
        assert_eq!(&close_frame(Toward::Client)[..], [0x88, 2, 0x03, 0xe9]);
        let masked = close_frame(Toward::Service);
        assert_eq!((masked.len(), masked[1]), (8, 0x82));
        assert_eq!([masked[6] ^ masked[2], masked[7] ^ masked[3]], GOING_AWAY);
    }
}
