//! Keys out of the bytes that a terminal sends. Only what is used here; all else is left out, whole.
//!
//! Own code, because crossterm's reading goes round without an end once its terminal is gone.

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Char(char),
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    Enter,
    Tab,
    Escape,
    Backspace,
    /// With the control key, by its letter.
    Control(char),
}

/// The most bytes that wait for the rest of a key: more is none.
const LONGEST: usize = 16;

/// What came and is no whole key yet.
#[derive(Default)]
pub(super) struct Keys {
    pending: Vec<u8>,
}

/// How the bytes begin.
enum Begin {
    /// With this key, of so many bytes; none where it is one that is not used.
    Whole(Option<Key>, usize),
    /// With a part of one.
    Part,
}

impl Keys {
    /// The keys in what came.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Key> {
        self.pending.extend_from_slice(bytes);
        let mut keys = Vec::new();
        let mut at = 0;
        while at < self.pending.len() {
            match begin(&self.pending[at..]) {
                Begin::Whole(key, length) => {
                    keys.extend(key);
                    at += length;
                }
                Begin::Part if self.pending.len() - at > LONGEST => at += 1,
                Begin::Part => break,
            }
        }
        self.pending.drain(..at);
        keys
    }

    /// Whether a key has begun: if nothing follows soon, it is Escape itself.
    pub(super) fn is_waiting(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Nothing followed.
    pub(super) fn flush(&mut self) -> Option<Key> {
        let first = self.pending.first().copied();
        self.pending.clear();
        first.filter(|byte| *byte == 0x1b).map(|_| Key::Escape)
    }
}

fn begin(bytes: &[u8]) -> Begin {
    let one = |key| Begin::Whole(Some(key), 1);
    match bytes[0] {
        0x1b => escape(bytes),
        b'\r' | b'\n' => one(Key::Enter),
        b'\t' => one(Key::Tab),
        0x7f | 0x08 => one(Key::Backspace),
        control @ 1..=26 => one(Key::Control(char::from(control - 1 + b'a'))),
        0..0x20 => Begin::Whole(None, 1),
        first => {
            let length = match first {
                ..0x80 => 1,
                0xc0..0xe0 => 2,
                0xe0..0xf0 => 3,
                0xf0..0xf8 => 4,
                _ => return Begin::Whole(None, 1),
            };
            match bytes.get(..length).map(str::from_utf8) {
                None => Begin::Part,
                Some(Ok(text)) => Begin::Whole(text.chars().next().map(Key::Char), length),
                Some(Err(_)) => Begin::Whole(None, 1),
            }
        }
    }
}

/// `ESC [ parameters final`, or `ESC O final` (ECMA-48 5.4).
fn escape(bytes: &[u8]) -> Begin {
    match bytes.get(1) {
        None => Begin::Part,
        Some(b'[') => {
            let Some(end) = bytes[2..].iter().position(|byte| (0x40..=0x7e).contains(byte)) else { return Begin::Part };
            let (parameters, last) = (&bytes[2..2 + end], bytes[2 + end]);
            Begin::Whole(named(parameters, last), end + 3)
        }
        Some(b'O') => bytes.get(2).map_or(Begin::Part, |last| Begin::Whole(named(b"", *last), 3)),
        // A second one ends the first.
        Some(0x1b) => Begin::Whole(Some(Key::Escape), 1),
        // With the Alt key.
        Some(_) => Begin::Whole(None, 2),
    }
}

fn named(parameters: &[u8], last: u8) -> Option<Key> {
    Some(match (last, parameters) {
        (b'A', _) => Key::Up,
        (b'B', _) => Key::Down,
        (b'H', _) | (b'~', b"1" | b"7") => Key::Home,
        (b'F', _) | (b'~', b"4" | b"8") => Key::End,
        (b'~', b"5") => Key::PageUp,
        (b'~', b"6") => Key::PageDown,
        (b'Z', _) => Key::Tab,
        (b'M', b"") => Key::Enter,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        Keys::default().feed(bytes)
    }

    #[test]
    fn keys_are_read_from_what_terminals_send() {
        assert_eq!(
            keys(b"q/\r\t\x7f\x03"),
            [Key::Char('q'), Key::Char('/'), Key::Enter, Key::Tab, Key::Backspace, Key::Control('c')]
        );
        assert_eq!(
            keys(b"\x1b[A\x1bOB\x1b[5~\x1b[6~\x1b[H\x1b[4~"),
            [Key::Up, Key::Down, Key::PageUp, Key::PageDown, Key::Home, Key::End]
        );
        assert_eq!(keys("ß日".as_bytes()), [Key::Char('ß'), Key::Char('日')]);
    }

    #[test]
    fn a_key_may_come_in_parts() {
        let mut one = Keys::default();
        assert!(one.feed(b"\x1b").is_empty() && one.is_waiting());
        assert!(one.feed(b"[").is_empty());
        assert_eq!(one.feed(b"Aq"), [Key::Up, Key::Char('q')]);
        assert!(one.feed(&[0xe6, 0x97]).is_empty());
        assert_eq!(one.feed(&[0xa5]), [Key::Char('日')]);
    }

    #[test]
    fn escape_alone_is_known_by_what_does_not_follow() {
        let mut one = Keys::default();
        assert!(one.feed(b"\x1b").is_empty());
        assert_eq!(one.flush(), Some(Key::Escape));
        assert!(!one.is_waiting() && one.flush().is_none());
    }

    #[test]
    fn what_is_no_key_here_is_left_out_whole_and_takes_no_room() {
        assert_eq!(keys(b"\x1b[1;5C\x1b[200~x\x1bq\xff\xfey\x00"), [Key::Char('x'), Key::Char('y')]);
        let mut one = Keys::default();
        one.feed(&[b"\x1b[".as_slice(), &[b'1'; 10_000]].concat());
        assert!(one.pending.len() <= LONGEST);
    }
}
