//! Numbers and texts as bytes: numbers in groups of seven bits, the lowest first; texts after their length.

use std::time::Duration;

/// Writes a number.
pub(super) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Writes as much of a text as `most` bytes.
pub(super) fn put_text(out: &mut Vec<u8>, text: &[u8], most: usize) {
    let text = text.get(..most).unwrap_or(text);
    put_number(out, text.len() as u64);
    out.extend_from_slice(text);
}

/// Writes a time in microseconds.
pub(super) fn put_time(out: &mut Vec<u8>, time: Duration) {
    put_number(out, micros(time));
}

/// Microseconds, without a division of 128 bits.
pub(super) fn micros(time: Duration) -> u64 {
    time.as_secs().saturating_mul(1_000_000).saturating_add(u64::from(time.subsec_micros()))
}

/// Reads what was written; zeros and nothing past the end.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    pub(super) fn number(&mut self) -> u64 {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            number |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 || shift > 63 {
                return number;
            }
        }
    }

    pub(super) fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at_checked(count).unwrap_or((self.0, &[]));
        self.0 = rest;
        taken
    }

    pub(super) fn bytes(&mut self) -> &'a [u8] {
        let length = self.number() as usize;
        self.take(length)
    }

    pub(super) fn text(&mut self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    pub(super) fn time(&mut self) -> Duration {
        Duration::from_micros(self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut out = Vec::new();
        let numbers = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX];
        numbers.iter().for_each(|number| put_number(&mut out, *number));
        put_text(&mut out, b"abcdef", 4);
        put_time(&mut out, Duration::from_millis(1500));
        let mut bytes = Bytes(&out);
        numbers.iter().for_each(|number| assert_eq!(bytes.number(), *number));
        assert_eq!((bytes.text(), bytes.time()), ("abcd".into(), Duration::from_millis(1500)));
        assert_eq!((bytes.number(), bytes.text(), bytes.byte()), (0, String::new(), 0), "past the end");
    }
}
