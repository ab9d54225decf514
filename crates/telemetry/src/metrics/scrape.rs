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
use pintle_core::{BodyError, BodySource, Frame};
use std::io::Write;
use std::task::{Context, Poll};

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
pub(super) struct Scrape(Making);

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
        Scrape(Making { walk, text: Text::new(format.syntax), gzip, is_over: false })
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
    /// Makes the next piece where it is asked for: in the program's background, which has some hundred microseconds. Pieces of
    /// other threads would leave each of these with memory of its own.
    fn poll_frame(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        let piece = self.0.piece();
        Poll::Ready((!piece.is_empty()).then_some(Ok(Frame::Data(piece))))
    }
}
