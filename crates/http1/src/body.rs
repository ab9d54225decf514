//! A body, decoded from the connection's buffer without copying (RFC 9112 6, 7).

mod chunk;
mod trailers;

#[cfg(test)]
mod tests;

use crate::flaw::Flaw;
use crate::{BodyLimits, DecodeError, Framing};
use bytes::BytesMut;
use pintle_core::Frame;

/// Takes one message's body out of a buffer, and not a byte of what follows it.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    limits: BodyLimits,
    /// Bytes of chunk extensions so far.
    extensions: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Length(u64),
    UntilClose,
    ChunkLine,
    ChunkData(u64),
    ChunkEnd,
    Trailers,
    Done,
    Failed(DecodeError),
}

impl Decoder {
    /// A decoder for a body framed so.
    pub fn new(framing: Framing, limits: BodyLimits) -> Decoder {
        let state = match framing {
            Framing::None | Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::ChunkLine,
            Framing::UntilClose => State::UntilClose,
        };
        Decoder { state, limits, extensions: 0 }
    }

    /// The next frame. `None` means that the body is over ([`Decoder::is_done`]) or that more bytes are needed. Data is
    /// split off the buffer, not copied. An error is final.
    pub fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Frame>, DecodeError> {
        loop {
            let frame = match self.state {
                State::Done => return Ok(None),
                State::Failed(error) => return Err(error),
                State::Length(left) => return Ok(self.data(buffer, left, State::Length, State::Done)),
                State::ChunkData(left) => return Ok(self.data(buffer, left, State::ChunkData, State::ChunkEnd)),
                State::UntilClose if buffer.is_empty() => return Ok(None),
                State::UntilClose => return Ok(Some(Frame::Data(buffer.split().freeze()))),
                State::ChunkLine => self.chunk_line(buffer),
                State::ChunkEnd => self.chunk_end(buffer),
                State::Trailers => self.trailers(buffer),
            };
            match frame {
                Ok(Step::Next) => {}
                Ok(Step::Frame(frame)) => return Ok(Some(frame)),
                Ok(Step::Wait) => return Ok(None),
                Err(flaw) => self.state = State::Failed(flaw.into()),
            }
        }
    }

    /// Tells that the connection has ended and the buffer is decoded: the end of a body that ends so, an error for one
    /// that is not over (RFC 9112 8).
    pub fn close(&mut self) -> Result<(), DecodeError> {
        match self.state {
            State::Done => Ok(()),
            State::UntilClose => {
                self.state = State::Done;
                Ok(())
            }
            State::Failed(error) => Err(error),
            _ => {
                self.state = State::Failed(DecodeError::CLOSED);
                Err(DecodeError::CLOSED)
            }
        }
    }

    /// Whether the whole body has been handed out; what the buffer holds then belongs to the next message.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// How many bytes of content are still to come before the body ends, or the chunk at hand does; for reading sizes.
    pub fn remaining(&self) -> Option<u64> {
        match self.state {
            State::Length(left) | State::ChunkData(left) => Some(left),
            _ => None,
        }
    }

    fn data(&mut self, buffer: &mut BytesMut, left: u64, more: fn(u64) -> State, after: State) -> Option<Frame> {
        if buffer.is_empty() {
            return None;
        }
        let take = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let left = left - take as u64;
        self.state = if left == 0 { after } else { more(left) };
        Some(Frame::Data(buffer.split_to(take).freeze()))
    }
}

/// What one step of chunked decoding came to.
enum Step {
    /// On with the next state.
    Next,
    /// A frame for the caller.
    Frame(Frame),
    /// More bytes are needed.
    Wait,
}

type Stepped = Result<Step, Flaw>;
