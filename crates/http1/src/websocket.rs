//! The proof in a WebSocket's handshake over HTTP/1.1 (RFC 6455 4): a key, and what must come back for it. HTTP/2 has
//! neither (RFC 8441 5), so where the versions meet they are made, checked and left out by these.

use aws_lc_rs::{digest, rand};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What is put behind every key (RFC 6455 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What `Sec-WebSocket-Accept` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accept([u8; 28]);

impl Accept {
    /// The proof for a key; none where that is no key: 16 bytes in base64 (RFC 6455 4.2.1).
    pub fn of(key: &[u8]) -> Option<Self> {
        if key.len() != 24 || STANDARD.decode(key).ok()?.len() != 16 {
            return None;
        }
        let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
        context.update(key);
        context.update(GUID);
        let mut text = [0; 28];
        STANDARD.encode_slice(context.finish(), &mut text).ok()?;
        Some(Accept(text))
    }

    /// The field's value.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A key of the gateway's own, for a client that sent none. Should the system have no randomness, a fixed one does: it
/// only tells whether the server understood.
pub fn new_key() -> String {
    let mut nonce = [0; 16];
    let _ = rand::fill(&mut nonce);
    STANDARD.encode(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_that_of_rfc_6455() {
        // RFC 6455 1.3.
        let accept = Accept::of(b"dGhlIHNhbXBsZSBub25jZQ==").expect("a key");
        assert_eq!(accept.as_bytes(), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        for none in [&b""[..], b"dGhlIHNhbXBsZSBub25jZQ=", b"dGhlIHNhbXBsZSBub25jZQ!!", b"dGhlIHNhbXBsZSBub25jZSE="] {
            assert_eq!(Accept::of(none), None);
        }
        assert!(Accept::of(new_key().as_bytes()).is_some());
    }
}
