//! The three encoders in one form.
//!
//! Levels and windows are chosen by measurement for what a gateway sees, 20 KB of JSON: zstd 3 (33 us), gzip 2 (45 us;
//! zlib-rs, smaller and faster than C zlib's 1), Brotli 3 (130 us). Brotli 4 takes half as long again for 2 % less, and
//! works in blocks of 64 KiB, over half a millisecond at a time; 3 works in blocks of 16 KiB. Windows are small: in text
//! one of 64 KiB finds nearly all that a larger one does, and an encoder costs its window several times.

use super::coding::Coding;
use brotli::enc::StandardAlloc;
use brotli::enc::encode::{BrotliEncoderOperation, BrotliEncoderParameter, BrotliEncoderStateStruct};
use flate2::{Compress, Compression, FlushCompress, Status};
use zstd_safe::zstd_sys::ZSTD_EndDirective;
use zstd_safe::{CCtx, CParameter, InBuffer, OutBuffer, ResetDirective};

/// How far an encoder looks back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Window {
    /// 16 KiB: little content, and events, whose streams are many and last.
    Small,
    /// 32 KiB (the most that gzip has), 64 KiB for zstd, 256 KiB for Brotli.
    Large,
}

type Brotli = BrotliEncoderStateStruct<StandardAlloc>;

pub(super) enum Encoder {
    Zstd(CCtx<'static>),
    Br(Box<Brotli>),
    Gzip(Compress),
}

/// What an encoder is to do beside taking what it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// It may keep back what it likes.
    Go,
    /// All that it was given comes out, so that a decoder can read that far.
    Flush,
    /// As well, and nothing follows.
    Finish,
}

/// The most content, in bytes, that is compressed at once: what takes up to some 200 us.
pub(super) const fn most_at_once(coding: Coding) -> usize {
    match coding {
        Coding::Zstd | Coding::Gzip => 32 * 1024,
        Coding::Br => 16 * 1024,
    }
}

impl Encoder {
    /// None where there is no memory for it.
    pub(super) fn new(coding: Coding, window: Window) -> Option<Self> {
        let is_small = window == Window::Small;
        Some(match coding {
            Coding::Zstd => {
                let mut encoder = CCtx::try_create()?;
                // Level 3 has tables for windows of megabytes: with these it is as fast and as small, in half the memory.
                let (window, table) = if is_small { (14, 13) } else { (16, 15) };
                for parameter in [
                    CParameter::CompressionLevel(3),
                    CParameter::WindowLog(window),
                    CParameter::HashLog(table),
                    CParameter::ChainLog(table),
                ] {
                    encoder.set_parameter(parameter).ok()?;
                }
                Encoder::Zstd(encoder)
            }
            Coding::Br => {
                let mut encoder = Box::new(Brotli::new(StandardAlloc::default()));
                encoder.set_parameter(BrotliEncoderParameter::BROTLI_PARAM_QUALITY, 3);
                encoder.set_parameter(BrotliEncoderParameter::BROTLI_PARAM_LGWIN, if is_small { 14 } else { 18 });
                Encoder::Br(encoder)
            }
            Coding::Gzip => Encoder::Gzip(Compress::new_gzip(Compression::new(2), if is_small { 14 } else { 15 })),
        })
    }

    /// Takes all of `input`, and appends to `out` what comes of it. None if that fails.
    pub(super) fn encode(&mut self, input: &[u8], then: Then, out: &mut Vec<u8>) -> Option<()> {
        match self {
            Encoder::Zstd(encoder) => zstd(encoder, input, then, out),
            Encoder::Br(encoder) => brotli(encoder, input, then, out),
            Encoder::Gzip(encoder) => gzip(encoder, input, then, out),
        }
    }

    /// The same before its first byte, if it can be.
    pub(super) fn anew(self) -> Option<Self> {
        match self {
            Encoder::Zstd(mut encoder) => {
                encoder.reset(ResetDirective::SessionOnly).ok()?;
                Some(Encoder::Zstd(encoder))
            }
            Encoder::Br(_) => None,
            Encoder::Gzip(mut encoder) => {
                encoder.reset();
                Some(Encoder::Gzip(encoder))
            }
        }
    }
}

/// So much room is made at a time.
const ROOM: usize = 4 * 1024;

fn zstd(encoder: &mut CCtx<'_>, input: &[u8], then: Then, out: &mut Vec<u8>) -> Option<()> {
    let operation = match then {
        Then::Go => ZSTD_EndDirective::ZSTD_e_continue,
        Then::Flush => ZSTD_EndDirective::ZSTD_e_flush,
        Then::Finish => ZSTD_EndDirective::ZSTD_e_end,
    };
    let mut input = InBuffer::around(input);
    loop {
        out.reserve(ROOM);
        let at = out.len();
        let mut output = OutBuffer::around_pos(out, at);
        let left = encoder.compress_stream2(&mut output, &mut input, operation).ok()?;
        if (left == 0 || then == Then::Go) && input.pos() == input.src.len() {
            return Some(());
        }
    }
}

fn gzip(encoder: &mut Compress, mut input: &[u8], then: Then, out: &mut Vec<u8>) -> Option<()> {
    let flush = match then {
        Then::Go => FlushCompress::None,
        Then::Flush => FlushCompress::Sync,
        Then::Finish => FlushCompress::Finish,
    };
    loop {
        out.reserve(ROOM);
        let before = encoder.total_in();
        let status = encoder.compress_vec(input, out, flush).ok()?;
        input = input.get((encoder.total_in() - before) as usize..)?;
        // Room that is left means that nothing waits to come out.
        let is_through = input.is_empty() && out.len() < out.capacity();
        match then {
            Then::Finish if status == Status::StreamEnd => return Some(()),
            Then::Go | Then::Flush if is_through => return Some(()),
            _ => {}
        }
    }
}

fn brotli(encoder: &mut Brotli, input: &[u8], then: Then, out: &mut Vec<u8>) -> Option<()> {
    if then == Then::Flush && !input.is_empty() {
        // A flush is passed over while output waits, as there may be of what came before it in one call.
        brotli(encoder, input, Then::Go, out)?;
        return brotli(encoder, &[], then, out);
    }
    let operation = match then {
        Then::Go => BrotliEncoderOperation::BROTLI_OPERATION_PROCESS,
        Then::Flush => BrotliEncoderOperation::BROTLI_OPERATION_FLUSH,
        Then::Finish => BrotliEncoderOperation::BROTLI_OPERATION_FINISH,
    };
    let (mut left, mut at) = (input.len(), 0);
    loop {
        // What is there already is taken below, without another copy.
        let (mut no_room, mut none_written) = (0, 0);
        let went = encoder.compress_stream(
            operation,
            &mut left,
            input,
            &mut at,
            &mut no_room,
            &mut [],
            &mut none_written,
            &mut None,
            &mut |_, _, _, _| (),
        );
        if !went {
            return None;
        }
        while encoder.has_more_output() {
            let mut size = 0;
            let made = encoder.take_output(&mut size);
            out.extend_from_slice(made.get(..size)?);
        }
        match then {
            Then::Finish if encoder.is_finished() => return Some(()),
            Then::Go | Then::Flush if left == 0 => return Some(()),
            _ => {}
        }
    }
}
