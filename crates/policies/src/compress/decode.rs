//! The three decoders in one form, for what services compressed and clients cannot read.
//!
//! What comes in is another's: windows are bounded (8 MiB for zstd, as RFC 9659 says; 16 MiB is the most that Brotli has),
//! and what a decoder really holds is counted as it grows.

use super::coding::Coding;
use super::memory::{Held, MEMORY};
use brotli::enc::StandardAlloc;
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState};
use flate2::{Decompress, FlushDecompress, Status};
use zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer};

/// The largest window of zstd, as a power of two (RFC 9659 3).
const ZSTD_WINDOW: u32 = 23;

/// What any decoder is counted as, beside its window.
const LEAST: usize = 128 * 1024;

type Brotli = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

enum Inner {
    Zstd(DCtx<'static>),
    Br(Box<Brotli>),
    Gzip(Decompress),
}

/// A decoder.
pub(super) struct Decoder {
    inner: Inner,
    held: Held,
    /// Whether what came so far is whole.
    is_whole: bool,
}

/// Why something cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// It is not what it was said to be.
    Malformed,
    /// It wants more memory than may be held.
    TooLarge,
}

impl Decoder {
    /// None where as much memory is held as may be.
    pub(super) fn new(coding: Coding) -> Option<Self> {
        let held = MEMORY.take(LEAST)?;
        let inner = match coding {
            Coding::Zstd => {
                let mut decoder = DCtx::try_create()?;
                decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW)).ok()?;
                Inner::Zstd(decoder)
            }
            Coding::Br => {
                let alloc = StandardAlloc::default;
                // Strict: without the large windows that HTTP does not have (RFC 7932 9.1).
                Inner::Br(Box::new(Brotli::new_strict(alloc(), alloc(), alloc())))
            }
            Coding::Gzip => Inner::Gzip(Decompress::new_gzip(15)),
        };
        Some(Decoder { inner, held, is_whole: true })
    }

    /// Whether nothing is missing of what was begun.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Decodes of `input` what fits into the room that `out` has left. How much was taken: less than all means that there
    /// was no more room.
    pub(super) fn decode(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize, Failed> {
        if input.is_empty() && self.is_whole {
            // Asked on, it would begin something new.
            return Ok(0);
        }
        let (taken, holds) = match &mut self.inner {
            Inner::Zstd(decoder) => {
                let mut from = InBuffer::around(input);
                loop {
                    let at = out.len();
                    let mut to = OutBuffer::around_pos(out, at);
                    let hint = decoder.decompress_stream(&mut to, &mut from).map_err(|_| Failed::Malformed)?;
                    self.is_whole = hint == 0;
                    // Frames may follow each other (RFC 8878 3).
                    if out.len() == out.capacity() || from.pos() == input.len() {
                        break (from.pos(), decoder.sizeof());
                    }
                }
            }
            Inner::Br(decoder) => {
                let taken = brotli(decoder, input, out, &mut self.is_whole)?;
                (taken, usize::try_from(decoder.ringbuffer_size).unwrap_or(0))
            }
            Inner::Gzip(decoder) => (gzip(decoder, input, out, &mut self.is_whole)?, 0),
        };
        if self.held.grow_to(LEAST + holds) { Ok(taken) } else { Err(Failed::TooLarge) }
    }
}

fn gzip(decoder: &mut Decompress, input: &[u8], out: &mut Vec<u8>, is_whole: &mut bool) -> Result<usize, Failed> {
    let mut taken = 0;
    loop {
        let before = decoder.total_in();
        let status = decoder.decompress_vec(&input[taken..], out, FlushDecompress::None);
        let status = status.map_err(|_| Failed::Malformed)?;
        taken += (decoder.total_in() - before) as usize;
        *is_whole = status == Status::StreamEnd;
        if *is_whole {
            // Members may follow each other (RFC 1952 2.2).
            *decoder = Decompress::new_gzip(15);
        }
        if taken == input.len() || out.len() == out.capacity() {
            return Ok(taken);
        }
    }
}

fn brotli(decoder: &mut Brotli, input: &[u8], out: &mut Vec<u8>, is_whole: &mut bool) -> Result<usize, Failed> {
    let start = out.len();
    let room = out.capacity() - start;
    out.resize(start + room, 0);
    let (mut left, mut taken, mut free, mut at, mut total) = (input.len(), 0, room, start, 0);
    let result = BrotliDecompressStream(&mut left, &mut taken, input, &mut free, &mut at, out, &mut total, decoder);
    out.truncate(at);
    *is_whole = false;
    match result {
        BrotliResult::ResultFailure => Err(Failed::Malformed),
        BrotliResult::ResultSuccess if left > 0 => Err(Failed::Malformed),
        BrotliResult::ResultSuccess => {
            *is_whole = true;
            Ok(taken)
        }
        BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => Ok(taken),
    }
}
