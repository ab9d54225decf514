//! A scrape: all series one after the other, as text that is made piece by piece as it is taken.
//!
//! What there is, is settled when it begins: afterwards no lock is held, and nobody who counts waits. A scraper that takes
//! its time holds one piece, and whatever was there when it began.

use super::format::Format;
use super::text::Text;
use super::visit::Visit;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use pintle_core::{BodyError, BodySource, Fault, Frame};
use std::future::Future;
use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::task::{JoinHandle, spawn_blocking};

/// How much text is made at once, at least: some hundred microseconds of work.
const PIECE: usize = 64 * 1024;
/// A piece with the step that made it long enough: what is larger costs the allocator whole pages of its own.
const ROOM: usize = PIECE + PIECE / 2;
/// How well it is compressed. The text repeats itself so much that more takes far longer and saves little.
const LEVEL: u32 = 1;

/// Tells some series of a part; false once there are no more of it.
pub(super) type Part = Box<dyn FnMut(&mut dyn Visit) -> bool + Send>;

/// All series that are to be told.
pub(super) struct Walk {
    /// In reverse: the next one stands last.
    parts: Vec<Part>,
}

impl Walk {
    pub(super) fn new(mut parts: Vec<Part>) -> Self {
        parts.reverse();
        Walk { parts }
    }

    /// Tells some more; false once there are no more.
    pub(super) fn step(&mut self, to: &mut dyn Visit) -> bool {
        if let Some(part) = self.parts.last_mut()
            && !part(to)
        {
            self.parts.pop();
        }
        !self.parts.is_empty()
    }
}

/// The content of an answer to a scraper.
pub(super) struct Scrape(State);

enum State {
    /// Nobody has asked for the next piece.
    Ready(Box<Making>),
    /// It is being made, on a thread that may be busy.
    Making(JoinHandle<(Box<Making>, Bytes)>),
    Over,
}

/// What makes pieces.
struct Making {
    walk: Walk,
    text: Text,
    gzip: Option<GzEncoder<Vec<u8>>>,
    is_over: bool,
}

impl Scrape {
    pub(super) fn new(walk: Walk, format: Format) -> Self {
        let gzip = format.gzip.then(|| GzEncoder::new(Vec::new(), Compression::new(LEVEL)));
        Scrape(State::Ready(Box::new(Making { walk, text: Text::new(format.syntax), gzip, is_over: false })))
    }
}

impl Making {
    /// The next piece; an empty one once all is told.
    fn piece(&mut self) -> Bytes {
        while !self.is_over {
            while self.text.out.len() < PIECE && !self.is_over {
                if !self.walk.step(&mut self.text) {
                    self.text.end();
                    self.is_over = true;
                }
            }
            let Some(gzip) = &mut self.gzip else {
                return std::mem::replace(&mut self.text.out, String::with_capacity(ROOM)).into();
            };
            // Writing to memory does not fail.
            let _ = gzip.write_all(self.text.out.as_bytes());
            self.text.out.clear();
            if self.is_over {
                let _ = gzip.try_finish();
            }
            if self.is_over || gzip.get_ref().len() >= PIECE / 4 {
                return std::mem::take(gzip.get_mut()).into();
            }
        }
        Bytes::new()
    }
}

impl BodySource for Scrape {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        loop {
            match std::mem::replace(&mut self.0, State::Over) {
                State::Over => return Poll::Ready(None),
                State::Ready(mut making) => {
                    self.0 = State::Making(spawn_blocking(move || {
                        let piece = making.piece();
                        (making, piece)
                    }));
                }
                State::Making(mut work) => {
                    let Poll::Ready(made) = Pin::new(&mut work).poll(cx) else {
                        self.0 = State::Making(work);
                        return Poll::Pending;
                    };
                    // A panic, or the end of the program.
                    let Ok((making, piece)) = made else {
                        return Poll::Ready(Some(Err(BodyError::gateway(Fault::Closed))));
                    };
                    if piece.is_empty() {
                        return Poll::Ready(None);
                    }
                    self.0 = State::Ready(making);
                    return Poll::Ready(Some(Ok(Frame::Data(piece))));
                }
            }
        }
    }
}
