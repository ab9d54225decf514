//! The buffer that lines are written into. It is all there from the start, filled with zeros, so that writing a piece is
//! one comparison and a copy of a known length instead of a call; what is written is up to `len`.

use std::net::Ipv4Addr;

/// The least that the buffer grows by.
const STEP: usize = 4096;

/// `00` to `99`.
static PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// Bytes that are appended to.
#[derive(Default)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    len: usize,
}

impl Lines {
    /// How many bytes are written.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// What is written.
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Takes back all that was written after the first `len` bytes.
    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Forgets what is written, and room beyond `most` bytes.
    pub(super) fn clear(&mut self, most: usize) {
        self.len = 0;
        self.bytes.truncate(most);
        self.bytes.shrink_to(most);
    }

    /// The bytes at a place that was written, to be written again.
    pub(super) fn written_mut(&mut self, from: usize) -> &mut [u8] {
        &mut self.bytes[from..self.len]
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, more: usize) {
        let wanted = (self.len + more).max(self.bytes.len() * 2).max(STEP);
        self.bytes.resize(wanted, 0);
    }

    /// Room for `count` bytes more, which the caller fills and then [`Lines::advance`]s over.
    #[inline]
    pub(super) fn room(&mut self, count: usize) -> &mut [u8] {
        if self.bytes.len() - self.len < count {
            self.grow(count);
        }
        &mut self.bytes[self.len..self.len + count]
    }

    #[inline]
    pub(super) fn advance(&mut self, count: usize) {
        self.len += count;
    }

    /// Appends bytes of a known number.
    #[inline]
    pub(super) fn put<const N: usize>(&mut self, bytes: &[u8; N]) {
        self.room(N).copy_from_slice(bytes);
        self.len += N;
    }

    /// Appends a byte.
    #[inline]
    pub(super) fn push(&mut self, byte: u8) {
        self.put(&[byte]);
    }

    /// Appends any bytes.
    #[inline]
    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.room(bytes.len()).copy_from_slice(bytes);
        self.len += bytes.len();
    }

    /// Appends a number in digits.
    #[inline]
    pub(super) fn number(&mut self, number: u64) {
        match number {
            0..10 => self.push(b'0' + number as u8),
            10..100 => self.put(&PAIRS[number as usize]),
            100..1000 => self.three(number as u32),
            _ => self.append(itoa::Buffer::new().format(number).as_bytes()),
        }
    }

    /// Appends a number below 1000 as three digits.
    #[inline]
    pub(super) fn three(&mut self, number: u32) {
        let [tens, ones] = PAIRS[(number % 100) as usize];
        self.put(&[b'0' + (number / 100) as u8, tens, ones]);
    }

    /// Appends an address as the standard library writes it, which takes ten times as long.
    #[inline]
    pub(super) fn ipv4(&mut self, address: Ipv4Addr) {
        let [first, rest @ ..] = address.octets();
        self.number(first.into());
        for octet in rest {
            self.push(b'.');
            self.number(octet.into());
        }
    }
}

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.append(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_addresses_are_written_as_anybody_would() {
        let numbers = [0, 9, 10, 99, 100, 101, 255, 999, 1000, 65_535, u64::MAX];
        for number in numbers {
            let mut lines = Lines::default();
            lines.number(number);
            assert_eq!(lines.as_slice(), number.to_string().as_bytes());
        }
        for octets in [[0, 0, 0, 0], [203, 0, 113, 9], [255, 10, 99, 100]] {
            let mut lines = Lines::default();
            lines.ipv4(octets.into());
            assert_eq!(lines.as_slice(), Ipv4Addr::from(octets).to_string().as_bytes());
        }
    }

    #[test]
    fn it_grows_and_shrinks() {
        let mut lines = Lines::default();
        for _ in 0..1000 {
            lines.append(b"0123456789");
            lines.put(b"ab");
        }
        assert_eq!((lines.len(), &lines.as_slice()[..14]), (12_000, &b"0123456789ab01"[..]));
        lines.truncate(3);
        assert_eq!(lines.as_slice(), b"012");
        lines.clear(100);
        assert_eq!((lines.as_slice(), lines.bytes.capacity()), (&b""[..], 100));
    }
}
