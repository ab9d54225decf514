//! Read and write buffers, lent by the worker to connections while they have something to say. An idle connection holds
//! none: 5,000 kept connections would otherwise hold 80 MB.

use bytes::BytesMut;
use std::cell::RefCell;

/// The size of a lent buffer in bytes: a request's head with a small body, or a TLS record.
pub const SIZE: usize = 16 * 1024;

/// How many a worker keeps for the next taker.
const KEPT: usize = 64;

/// The room that a lent text has.
const TEXT: usize = 4 * 1024;

thread_local! {
    static FREE: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
    static TEXTS: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// An empty text to write a head into.
pub fn take_text() -> Vec<u8> {
    TEXTS.with_borrow_mut(Vec::pop).unwrap_or_else(|| Vec::with_capacity(TEXT))
}

/// Gives a text back, whatever is in it.
pub fn give_text(mut text: Vec<u8>) {
    text.clear();
    if (TEXT..=4 * TEXT).contains(&text.capacity()) {
        TEXTS.with_borrow_mut(|free| {
            if free.len() < KEPT {
                free.push(text);
            }
        });
    }
}

/// An empty buffer with room for [`SIZE`] bytes.
pub fn take() -> BytesMut {
    FREE.with_borrow_mut(Vec::pop).unwrap_or_else(|| BytesMut::with_capacity(SIZE))
}

/// Gives a buffer back, whatever is in it. One whose bytes are still in use elsewhere is let go.
pub fn give(mut buffer: BytesMut) {
    if buffer.capacity() == 0 {
        return;
    }
    buffer.clear();
    if !buffer.try_reclaim(SIZE) || buffer.capacity() > 2 * SIZE {
        return;
    }
    FREE.with_borrow_mut(|free| {
        if free.len() < KEPT {
            free.push(buffer);
        }
    });
}
