//! What may not stand in a string of JSON as it is.

/// So many bytes are looked at together, as processors do.
const TOGETHER: usize = 16;

/// The place of the first quote, backslash or control character (RFC 8259 7).
pub(crate) fn special(text: &[u8]) -> Option<usize> {
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    // Each piece as a whole, without leaving it early: that is what becomes one instruction.
    let is_free = |piece: &&[u8]| !piece.iter().fold(false, |found, byte| found | is_special(byte));
    let free = TOGETHER * text.chunks_exact(TOGETHER).take_while(is_free).count();
    text[free..].iter().position(is_special).map(|at| free + at)
}

#[cfg(test)]
mod tests {
    use super::special;

    #[test]
    fn the_first_one_is_found_wherever_it_stands() {
        for length in 0..70 {
            let plain = vec![b'a'; length];
            assert_eq!(special(&plain), None);
            for at in 0..length {
                for byte in [b'"', b'\\', 0, 0x1f] {
                    let mut text = plain.clone();
                    text[at] = byte;
                    text[length - 1] = if at < length - 1 { b'"' } else { byte };
                    assert_eq!(special(&text), Some(at));
                }
            }
        }
        assert_eq!(special("\u{7f}\u{80}é ".as_bytes()), None);
    }
}
