//! Base64url as tokens have it (RFC 7515 2): no padding, no space, and one text for each sequence of bytes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The bytes of a text; none for what is not canonical (RFC 4648 3.5): bits that say nothing must be 0, or a token could be
/// changed and still be taken.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn there_is_one_text_for_each_sequence_of_bytes() {
        assert_eq!(decode("-_8"), Some(vec![0xfb, 0xff]));
        assert_eq!(decode(""), Some(vec![]));
        for wrong in ["-_8=", "-_9", "+/8", "-_8 ", " -_8", "-_\n8", "A", "AAAAA", "A===", "é", "-_8\0"] {
            assert_eq!(decode(wrong), None, "{wrong:?}");
        }
    }
}
