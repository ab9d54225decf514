//! What may not stand in a string of JSON as it is.

/// One in each byte.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The highest bit of each byte.
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The place of the first quote, backslash or control character (RFC 8259 7).
#[inline]
pub(crate) fn special(text: &[u8]) -> Option<usize> {
    let (pieces, rest) = text.as_chunks::<8>();
    for (at, piece) in pieces.iter().enumerate() {
        let found = marked(u64::from_le_bytes(*piece));
        if found != 0 {
            return Some(8 * at + found.trailing_zeros() as usize / 8);
        }
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    rest.iter().position(is_special).map(|at| 8 * pieces.len() + at)
}

/// Marks special bytes by their highest bit. Bytes above the lowest one that is marked may be marked wrongly, as subtracting borrows
/// from them.
#[inline]
fn marked(eight: u64) -> u64 {
    let below = |number: u64, least: u8| number.wrapping_sub(ONES * u64::from(least)) & !number & HIGHS;
    let is = |byte: u8| below(eight ^ (ONES * u64::from(byte)), 1);
    below(eight, 0x20) | is(b'"') | is(b'\\')
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
        assert_eq!(special("\u{7f}\u{80}é ".repeat(9).as_bytes()), None);
        for byte in 0..=u8::MAX {
            let is_special = byte < 0x20 || byte == b'"' || byte == b'\\';
            for at in 0..16 {
                let mut text = [0xc3; 16];
                text[at] = byte;
                assert_eq!(special(&text), is_special.then_some(at), "{byte} at {at}");
            }
        }
    }
}
