//! A secret in memory: never shown, overwritten when dropped. Knows nothing of where it came from.

use std::fmt;

use zeroize::Zeroizing;

/// A secret: bytes, mostly text. `Debug` shows that there is one and nothing else; the memory is overwritten when it
/// is dropped.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// A secret that is a text.
    pub fn new(text: String) -> Self {
        Self::from(text.into_bytes())
    }

    /// The secret itself. Every use is a place to look at: it must not reach a log, a header of an answer, or an error.
    pub fn expose_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The secret itself as text; None where it is not UTF-8.
    pub fn expose_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is the same as some bytes, in a time that depends on the lengths alone.
    pub fn equals(&self, other: &[u8]) -> bool {
        let differing = self.0.iter().zip(other).fold(0, |sum, (a, b)| std::hint::black_box(sum | (a ^ b)));
        self.len() == other.len() && differing == 0
    }
}

impl From<Vec<u8>> for Secret {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn it_is_compared_and_never_shown() {
        let secret = Secret::new("hunter2".into());
        assert!(secret.equals(b"hunter2"));
        assert!(!secret.equals(b"hunter3") && !secret.equals(b"hunter") && !secret.equals(b"hunter22"));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
