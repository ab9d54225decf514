//! Encoders, lent by the worker for an answer's time and counted in what compression may hold.
//!
//! One of gzip or zstd is cheaper to begin anew than to make, so that a worker keeps some; one of Brotli cannot begin
//! anew.

use super::coding::Coding;
use super::encode::{Encoder, Then, Window};
use super::memory::{Held, MEMORY};
use std::cell::RefCell;

/// How many of each kind a worker keeps for the next taker: as many as are likely to be held within one turn. Some 8 MiB
/// in all where every kind is used.
const KEPT: usize = 4;

/// An encoder that goes back to its worker.
pub(super) struct Lent {
    /// None once it has failed.
    encoder: Option<Encoder>,
    coding: Coding,
    window: Window,
    _held: Held,
}

thread_local! {
    /// By coding and window.
    static FREE: RefCell<[[Vec<Encoder>; 2]; 3]> = const { RefCell::new([const { [const { Vec::new() }; 2] }; 3]) };
}

/// What an encoder takes, in bytes, measured.
const fn size(coding: Coding, window: Window) -> usize {
    1024 * match (coding, window) {
        (Coding::Zstd, Window::Small) => 200,
        (Coding::Zstd, Window::Large) => 736,
        (Coding::Br, Window::Small) => 512,
        (Coding::Br, Window::Large) => 1024,
        (Coding::Gzip, Window::Small) => 292,
        (Coding::Gzip, Window::Large) => 352,
    }
}

impl Lent {
    /// An encoder for content of this length, as far as it is known, or of an event stream. None where as much memory is
    /// held as may be.
    pub(super) fn take(coding: Coding, length: Option<u64>, is_events: bool) -> Option<Self> {
        let is_little = length.is_some_and(|length| length <= 16 * 1024);
        let window = if is_little || is_events { Window::Small } else { Window::Large };
        let held = MEMORY.take(size(coding, window))?;
        let kept = FREE.with_borrow_mut(|free| free[coding as usize][window as usize].pop());
        let encoder = match kept {
            Some(encoder) => encoder,
            None => Encoder::new(coding, window)?,
        };
        Some(Lent { encoder: Some(encoder), coding, window, _held: held })
    }

    /// Compresses all of a content. None if that fails.
    pub(super) fn whole(&mut self, content: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(content.len() / 2 + 256);
        self.encode(content, Then::Finish, &mut out)?;
        Some(out)
    }

    /// Takes all of `input`, and appends to `out` what comes of it. After a failure, which is a mistake in an encoder, it
    /// gives None for ever.
    pub(super) fn encode(&mut self, input: &[u8], then: Then, out: &mut Vec<u8>) -> Option<()> {
        let done = self.encoder.as_mut()?.encode(input, then, out);
        if done.is_none() {
            self.encoder = None;
        }
        done
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(encoder) = self.encoder.take().and_then(Encoder::anew) else { return };
        let (coding, window) = (self.coding as usize, self.window as usize);
        // Where the thread ends there is nobody to keep it for.
        let _ = FREE.try_with(|free| {
            let Ok(mut free) = free.try_borrow_mut() else { return };
            let free = &mut free[coding][window];
            if free.len() < KEPT {
                free.push(encoder);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoder_holds_no_more_than_is_counted() {
        for (is_events, window) in [(true, Window::Small), (false, Window::Large)] {
            let mut lent = Lent::take(Coding::Zstd, None, is_events).expect("an encoder");
            lent.encode(&[b'x'; 200_000], Then::Flush, &mut Vec::new()).expect("it works");
            let Some(Encoder::Zstd(encoder)) = &lent.encoder else { panic!("it is one of zstd") };
            let (holds, counted) = (encoder.sizeof(), size(Coding::Zstd, window));
            assert!(holds <= counted && counted < holds * 5 / 4, "{window:?}: {holds} bytes, {counted} are counted");
        }
    }
}
