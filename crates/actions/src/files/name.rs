//! From the encoded rest of a path to a file's name below a root. A segment that could not be one name stays out here, so
//! that what opens files never sees it.

use std::borrow::Cow;

/// A name below a root: segments with `/` between them, none of them empty, `.` or `..`. Empty for the root itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name<'p> {
    pub(super) bytes: Cow<'p, [u8]>,
    /// Whether the path ends in a slash, as a folder's does.
    pub(super) is_folder: bool,
}

/// Why a path names no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoName {
    /// A segment begins with a dot.
    Hidden,
    /// No file can be called so.
    Impossible,
}

/// The one hidden name that is served, and only at the top (RFC 8615).
const WELL_KNOWN: &[u8] = b".well-known";

/// The most bytes that a name may have, as Linux has it.
const LONGEST: usize = 4095;
const LONGEST_SEGMENT: usize = 255;

impl<'p> Name<'p> {
    /// The name that `rest` stands for, which is normalised and encoded; `path` is all of the path that it ends.
    pub(super) fn of(rest: &'p str, path: &str) -> Result<Self, NoName> {
        let is_folder = path.ends_with('/');
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let bytes = if rest.contains('%') { decoded(rest)? } else { Cow::Borrowed(rest.as_bytes()) };
        check(&bytes)?;
        Ok(Name { bytes, is_folder })
    }

    /// The name of something in this folder.
    pub(super) fn join(&self, inner: &str) -> Vec<u8> {
        let mut name = Vec::with_capacity(self.bytes.len() + 1 + inner.len());
        name.extend_from_slice(&self.bytes);
        if !name.is_empty() {
            name.push(b'/');
        }
        name.extend_from_slice(inner.as_bytes());
        name
    }
}

/// Whether a path that a configuration gives is a name below a root.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && check(text.as_bytes()).is_ok()
}

fn check(name: &[u8]) -> Result<(), NoName> {
    if name.is_empty() {
        return Ok(());
    }
    let mut hidden = false;
    for (at, segment) in name.split(|&byte| byte == b'/').enumerate() {
        if segment.is_empty() || segment.len() > LONGEST_SEGMENT || segment.contains(&0) || segment.contains(&b'\\') {
            return Err(NoName::Impossible);
        }
        hidden |= segment[0] == b'.' && !(at == 0 && segment == WELL_KNOWN);
    }
    match () {
        () if hidden => Err(NoName::Hidden),
        () if name.len() > LONGEST => Err(NoName::Impossible),
        () => Ok(()),
    }
}

/// Every escape decoded; an encoded slash is part of its segment, and no name has one.
fn decoded(rest: &str) -> Result<Cow<'_, [u8]>, NoName> {
    let mut plain = Vec::with_capacity(rest.len());
    let mut bytes = rest.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            plain.push(byte);
            continue;
        }
        let digits = bytes.next().zip(bytes.next());
        let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
        let value = digits.and_then(|(high, low)| Some(digit(high)? << 4 | digit(low)?));
        match value {
            None | Some(0 | b'/') => return Err(NoName::Impossible),
            Some(value) => plain.push(value),
        }
    }
    Ok(Cow::Owned(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(rest: &str) -> Result<String, NoName> {
        Name::of(rest, rest).map(|name| String::from_utf8_lossy(&name.bytes).into_owned())
    }

    #[test]
    fn a_segment_is_one_name() {
        assert_eq!(name("a/b%20c.txt"), Ok("a/b c.txt".into()));
        assert_eq!(name("a/b/"), Ok("a/b".into()));
        assert_eq!(name(""), Ok(String::new()));
        assert!(Name::of("", "/a/").expect("a name").is_folder && !Name::of("", "/a").expect("a name").is_folder);
        for impossible in ["a%2Fb", "a%5Cb", "a%00", "%2F", "%2", "%zz", "a//b", &"n".repeat(256), &"ab/".repeat(1366)]
        {
            assert_eq!(name(impossible), Err(NoName::Impossible), "{impossible}");
        }
        assert_eq!(name(&"n".repeat(255)), Ok("n".repeat(255)));
    }

    #[test]
    fn what_begins_with_a_dot_is_hidden() {
        for hidden in [".env", "a/.git/config", "..", "a/..", ".", "%2e%2e", "...", "a/.well-known/x", ".well-known/.x"]
        {
            assert_eq!(name(hidden), Err(NoName::Hidden), "{hidden}");
        }
        assert_eq!(name(".well-known/security.txt"), Ok(".well-known/security.txt".into()));
        assert_eq!(name("a.b/c."), Ok("a.b/c.".into()));
    }

    #[test]
    fn names_are_joined_by_one_slash() {
        assert_eq!(Name::of("", "/").expect("a name").join("index.html"), b"index.html");
        assert_eq!(Name::of("a/", "/a/").expect("a name").join("index.html"), b"a/index.html");
    }
}
