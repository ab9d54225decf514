//! Which names stand for credentials, and what is shown in place of their values: the one list for all that shows requests to
//! people (access log, `explain`, `why`, traces). The same names count in headers, cookies and queries, because the
//! same credentials travel in all three.
//!
//! It rather leaves out too much than too little, and goes by names alone: what a secret looks like, it does not know.

mod scope;

pub use scope::Redacted;

use std::borrow::Cow;
use std::str;

/// What stands in a credential's place, as OpenTelemetry's conventions for URLs have it.
pub const REDACTED: &str = "REDACTED";

/// A name this long, decoded, is not looked through; its value is left out.
pub const LONGEST_NAME: usize = 64;

/// Names that are credentials wherever they stand within a longer name (`id_token`, `X-Amz-Signature`, `PHPSESSID`).
const PARTS: &[&[u8]] = &[
    b"accesskey",
    b"apikey",
    b"assertion",
    b"authcode",
    b"authorization",
    b"codeverifier",
    b"credential",
    b"jwt",
    b"loggedin",
    b"passphrase",
    b"passw",
    b"privatekey",
    b"rememberme",
    b"secret",
    b"sessid",
    b"session",
    b"signature",
    b"token",
];

/// Names that are credentials at the end of a longer name (`connect.sid`, `X-Auth`, `Set-Cookie`).
const ENDS: &[&[u8]] = &[b"auth", b"cookie", b"otp", b"pwd", b"sess", b"sid", b"sig"];

/// Names that are credentials when they stand alone, or behind `x-`.
fn is_whole(name: &[u8]) -> bool {
    matches!(name, b"code" | b"cookie2" | b"key" | b"pass" | b"pin" | b"ticket")
}

/// The names of credentials: those that are always left out, and those that somebody added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    more: Vec<Box<[u8]>>,
}

static KNOWN: Names = Names { more: Vec::new() };

impl Names {
    /// Those that are always left out.
    pub fn known() -> &'static Names {
        &KNOWN
    }

    /// Those, and these names as wholes, however they are written (see [`Names::is_credential`]).
    pub fn and<'n>(more: impl IntoIterator<Item = &'n str>) -> Names {
        let plain = |name: &str| {
            let mut room = [0; LONGEST_NAME];
            // A name that does not fit is a credential whatever it is.
            plain(name, &mut room).map(Box::from)
        };
        Names { more: more.into_iter().filter_map(plain).collect() }
    }

    /// These, and those of others.
    pub fn with(mut self, others: &Names) -> Names {
        self.more.extend(others.more.iter().cloned());
        self.more.sort_unstable();
        self.more.dedup();
        self
    }

    /// Whether a header, a cookie or a query's parameter of this name holds a credential. Percent-encoding is undone; case,
    /// `-`, `_`, `.` and brackets make no difference.
    pub fn is_credential(&self, name: &str) -> bool {
        let mut room = [0; LONGEST_NAME];
        let Some(plain) = plain(name, &mut room) else { return true };
        is_whole(plain.strip_prefix(b"x").unwrap_or(plain))
            || ends_in_one(plain)
            || plain.windows(2).enumerate().any(|(at, pair)| begins_one(pair) && is_part(&plain[at..]))
            || self.more.iter().any(|more| **more == *plain)
    }

    /// The value of the header, cookie or parameter `name`, without what is a credential in it.
    pub fn shown<'v>(&self, name: &str, value: &'v str) -> Cow<'v, str> {
        if self.is_credential(name) { Cow::Borrowed(REDACTED) } else { self.value(value) }
    }

    /// A value of something that is no credential as a whole, such as a Referer or a Location: user and password of a
    /// URL and the credentials of its query are left out.
    pub fn value<'v>(&self, value: &'v str) -> Cow<'v, str> {
        let user = user_info(value);
        if user.is_none() && !value.contains('=') {
            return Cow::Borrowed(value);
        }
        let mut out = String::with_capacity(value.len());
        let mut rest = value;
        if let Some((start, end)) = user {
            out.push_str(&value[..start]);
            out.push_str(REDACTED);
            rest = &value[end..];
        }
        // What stands before a pair's name in a header: `<https://a.example/?a=1>; rel=next`.
        let name = |name: &'_ str| name.rfind([' ', ',', '/', '<', '"']).map_or(0, |before| before + 1);
        self.pairs(rest, name, |piece| out.push_str(piece));
        if out == value { Cow::Borrowed(value) } else { Cow::Owned(out) }
    }

    /// Hands a query's pieces to `put` in order, separators among them, credentials' values replaced.
    pub fn query(&self, query: &str, put: impl FnMut(&str)) {
        self.pairs(query, |_| 0, put);
    }

    /// The same for `name=value` pairs in any text; `begins` says where in what stands before a `=` the name begins.
    /// `?` and `#` part pairs as well: a value may be a URL of its own.
    fn pairs(&self, text: &str, begins: impl Fn(&str) -> usize, mut put: impl FnMut(&str)) {
        let mut from = 0;
        let mut rest = text;
        loop {
            let end = rest.bytes().position(|byte| matches!(byte, b'&' | b';' | b'?' | b'#')).unwrap_or(rest.len());
            let pair = &rest[..end];
            if let Some(equals) = pair.bytes().position(|byte| byte == b'=')
                && equals + 1 < pair.len()
                && (self.is_credential(&pair[begins(&pair[..equals])..equals])
                    || self.holds_encoded(&pair[equals + 1..]))
            {
                let start = text.len() - rest.len();
                put(&text[from..start + equals + 1]);
                put(REDACTED);
                from = start + end;
            }
            match rest.get(end + 1..) {
                Some(next) => rest = next,
                None => break,
            }
        }
        put(&text[from..]);
    }
}

impl Names {
    /// Whether a value that is percent-encoded holds a credential once that is undone, as a URL in a query does:
    /// `next=%2Freset%3Ftoken%3Da`. Then nothing of it is shown.
    fn holds_encoded(&self, value: &str) -> bool {
        // Most values have none.
        if !value.contains('%') {
            return false;
        }
        let mut text = value.to_owned();
        // Twice: what is encoded may have been encoded again.
        for _ in 0..2 {
            let mut plain = Vec::with_capacity(text.len());
            let mut bytes = text.bytes();
            while let Some(byte) = bytes.next() {
                plain.push(if byte == b'%' { decode(&mut bytes) } else { byte });
            }
            text = String::from_utf8_lossy(&plain).into_owned();
            if user_info(&text).is_some() {
                return true;
            }
            for part in text.split(['&', ';', '?', '#', ',', ' ']) {
                if let Some((name, value)) = part.split_once('=')
                    && !value.is_empty()
                    && self.is_credential(name.rsplit('/').next().unwrap_or(name))
                {
                    return true;
                }
            }
            if !text.contains('%') {
                return false;
            }
        }
        false
    }
}

/// Where `user:password` of a URL stands, if the text is or begins with one that has it (RFC 3986 3.2.1).
fn user_info(text: &str) -> Option<(usize, usize)> {
    let start = text.find("://")? + 3;
    let authority = text[start..].split(['/', '?', '#', ' ']).next().unwrap_or_default();
    authority.rfind('@').map(|end| (start, start + end))
}

/// The name without what makes no difference, in small letters; `None` for one that is too long.
fn plain<'r>(name: &str, room: &'r mut [u8; LONGEST_NAME]) -> Option<&'r [u8]> {
    let mut len = 0;
    let mut bytes = name.bytes();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'%' => decode(&mut bytes),
            _ => byte,
        };
        if matches!(byte, b'-' | b'_' | b'.' | b'+' | b'[' | b']' | b' ') {
            continue;
        }
        *room.get_mut(len)? = byte.to_ascii_lowercase();
        len += 1;
    }
    Some(&room[..len])
}

fn ends_in_one(name: &[u8]) -> bool {
    // Most names end otherwise; that costs less than seven comparisons.
    matches!(name, [.., b'd' | b'e' | b'g' | b'h' | b'p' | b's']) && ENDS.iter().any(|end| name.ends_with(end))
}

/// Whether two bytes begin one of [`PARTS`]: most do not, and are not compared with each.
fn begins_one(pair: &[u8]) -> bool {
    match pair {
        [b'a', second] => matches!(second, b'c' | b'p' | b's' | b'u'),
        [b's', second] => matches!(second, b'e' | b'i'),
        [b'p', second] => matches!(second, b'a' | b'r'),
        [b'c', second] => matches!(second, b'o' | b'r'),
        [b't' | b'l', b'o'] | [b'j', b'w'] | [b'r', b'e'] => true,
        _ => false,
    }
}

fn is_part(text: &[u8]) -> bool {
    PARTS.iter().any(|part| text.starts_with(part))
}

fn decode(bytes: &mut str::Bytes<'_>) -> u8 {
    let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16)).unwrap_or(0) as u8;
    digit() << 4 | digit()
}

#[cfg(test)]
mod tests;
