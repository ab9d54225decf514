//! SHA-256 as something to be found by: no comparison takes longer the more of it is right.

use aws_lc_rs::{constant_time, digest};
use std::fmt;
use std::hash::{Hash, Hasher};

/// A SHA-256.
#[derive(Clone, Copy)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    /// That of some bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let digest = digest::digest(&digest::SHA256, bytes);
        Digest(digest.as_ref().try_into().unwrap_or_default())
    }

    /// One that is known.
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Digest(bytes)
    }

    /// Its bytes.
    pub(crate) fn bytes(self) -> [u8; 32] {
        self.0
    }

    /// One that is written as 64 hexadecimal digits, in any case; between each two of them may be a colon.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        let mut rest = text.as_bytes();
        let colons = rest.len() == 95;
        for (at, byte) in bytes.iter_mut().enumerate() {
            let ([high, low], after) = rest.split_first_chunk::<2>()?;
            let digit = |letter: u8| char::from(letter).to_digit(16);
            *byte = (digit(*high)? << 4 | digit(*low)?) as u8;
            rest = if colons && at < 31 { after.strip_prefix(b":")? } else { after };
        }
        rest.is_empty().then_some(Digest(bytes))
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl Eq for Digest {}

impl Hash for Digest {
    /// A part is enough, as it is random; what it is hashed with is, too.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_ne_bytes([a, b, c, d, e, f, g, h]));
    }
}

impl fmt::Debug for Digest {
    /// Who has a weak key's digest can guess the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn it_is_read_as_people_write_it() {
        // FIPS 180-4's example for one block.
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let colons: Vec<&str> = (0..32).map(|at| &text[2 * at..2 * at + 2]).collect();
        for good in [text.to_owned(), text.to_ascii_uppercase(), colons.join(":")] {
            assert_eq!(Digest::parse(&good), Some(Digest::of(b"abc")), "{good}");
        }
        for bad in ["", "ba78", &text[1..], &format!("{text}0"), &text.replace('b', "g"), &colons.join("-")] {
            assert_eq!(Digest::parse(bad), None, "{bad}");
        }
        assert_ne!(Digest::of(b"abd"), Digest::of(b"abc"));
    }
}
