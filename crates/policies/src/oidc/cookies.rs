//! The cookies of a login: what they are called, how one that is too long for a browser is cut into several, and that no
//! service gets to see them (RFC 6265). Knows nothing of what is in them.

use pintle_core::{Fields, Request, Scheme, names};
use std::fmt::Write;

/// The most letters of a value in one cookie: browsers keep 4,096 bytes of name and value (RFC 6265 6.1).
const PIECE: usize = 3_800;
/// The most cookies that one value is cut into.
const PIECES: usize = 4;
/// The most letters that a value may have: the first piece's first letter says how many there are.
pub(super) const LONGEST: usize = PIECE * PIECES - 1;

/// A cookie over TLS and in cleartext: over TLS its name begins with `__Host-`, so that no other host and no page in
/// cleartext can set it (RFC 6265bis 4.1.3.2).
#[derive(Clone, Debug)]
pub(super) struct Cookie {
    secure: Box<str>,
    plain: Box<str>,
}

/// The cookies of a request, and the scheme that it came by.
#[derive(Clone, Copy)]
pub(super) struct Cookies<'a> {
    /// The request's fields, or its cookies alone.
    pub(super) fields: &'a Fields,
    pub(super) scheme: Scheme,
}

impl<'a> Cookies<'a> {
    /// Those of a request.
    pub(super) fn of(request: &'a Request) -> Self {
        Cookies { fields: &request.fields, scheme: request.scheme }
    }
}

impl Cookie {
    /// The cookie of that name, which is a token.
    pub(super) fn new(name: &str) -> Self {
        Cookie { secure: format!("__Host-{name}").into(), plain: name.into() }
    }

    /// Its name where the client came by that scheme.
    fn name(&self, scheme: Scheme) -> &str {
        match scheme {
            Scheme::Https => &self.secure,
            Scheme::Http => &self.plain,
        }
    }

    /// Its whole value in a request; none where it is absent, a piece is missing, or one is there twice: then it is not
    /// known which of them the gateway set.
    pub(super) fn read(&self, Cookies { fields, scheme }: Cookies<'_>) -> Option<String> {
        let name = self.name(scheme);
        let mut pieces: [Option<&[u8]>; PIECES] = [None; PIECES];
        for (index, value) in fields.cookies().filter_map(|(pair, value)| Some((number(pair, name)?, value))) {
            if pieces[index].replace(value).is_some() {
                return None;
            }
        }
        let (count, first) = pieces[0]?.split_first()?;
        let count = usize::from(count.checked_sub(b'0')?);
        let rest = pieces.get(1..count)?;
        let mut all = first.to_vec();
        for piece in rest {
            all.extend_from_slice((*piece)?);
        }
        String::from_utf8(all).ok()
    }

    /// Has a browser keep a value for so many seconds. Pieces that it has asked with and that are no longer needed are taken
    /// away. False if the value is too long, and nothing is done then.
    pub(super) fn write(&self, value: &str, seconds: u64, asked: Cookies<'_>, out: &mut Fields) -> bool {
        if value.len() > LONGEST {
            return false;
        }
        let Cookies { fields, scheme } = asked;
        let name = self.name(scheme);
        let count = (value.len() + 1).div_ceil(PIECE);
        let whole = format!("{count}{value}");
        let mut rest = &*whole;
        for index in 0..count {
            let (piece, after) = rest.split_at(rest.len().min(PIECE));
            rest = after;
            out.append(names::SET_COOKIE, line(name, index, piece, seconds, scheme));
        }
        remove(name, count, fields, scheme, out);
        true
    }

    /// Takes it away from the browser, as far as the request has it.
    pub(super) fn remove(&self, Cookies { fields, scheme }: Cookies<'_>, out: &mut Fields) {
        remove(self.name(scheme), 0, fields, scheme, out);
    }
}

/// Takes away the pieces from that number on which the request has.
fn remove(name: &str, from: usize, asked: &Fields, scheme: Scheme, out: &mut Fields) {
    let mut seen = [false; PIECES];
    for index in asked.cookies().filter_map(|(pair, _)| number(pair, name)).filter(|index| *index >= from) {
        if !std::mem::replace(&mut seen[index], true) {
            out.append(names::SET_COOKIE, line(name, index, "", 0, scheme));
        }
    }
}

fn line(name: &str, index: usize, piece: &str, seconds: u64, scheme: Scheme) -> String {
    let mut line = String::with_capacity(name.len() + piece.len() + 80);
    line.push_str(name);
    if index > 0 {
        let _ = write!(line, ".{index}");
    }
    let _ = write!(line, "={piece}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax");
    if scheme == Scheme::Https {
        line.push_str("; Secure");
    }
    line
}

/// Which piece of `name` a cookie of that name is, if any: the first has the name itself.
fn number(cookie: &[u8], name: &str) -> Option<usize> {
    match cookie.strip_prefix(name.as_bytes())? {
        [] => Some(0),
        [b'.', digit @ b'1'..=b'9'] => Some(usize::from(digit - b'0')).filter(|index| *index < PIECES),
        _ => None,
    }
}

/// Takes the cookies off a request, both their names whatever the scheme: no service gets to see them.
pub(super) fn take_off(cookies: &[&Cookie], fields: &mut Fields) {
    let ours = |name: &[u8]| {
        cookies.iter().any(|one| number(name, &one.plain).or_else(|| number(name, &one.secure)).is_some())
    };
    if !fields.cookies().any(|(name, _)| ours(name)) {
        return;
    }
    let mut kept = Vec::new();
    for line in fields.get_all(names::COOKIE) {
        for pair in line.split(|&byte| byte == b';').map(<[u8]>::trim_ascii).filter(|pair| !pair.is_empty()) {
            let name = pair.split(|&byte| byte == b'=').next().unwrap_or(pair);
            if ours(name.trim_ascii_end()) {
                continue;
            }
            if !kept.is_empty() {
                kept.extend_from_slice(b"; ");
            }
            kept.extend_from_slice(pair);
        }
    }
    fields.remove(names::COOKIE);
    if !kept.is_empty() {
        fields.append(names::COOKIE, kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(lines: &[&str]) -> Fields {
        lines.iter().map(|line| ("cookie", *line)).collect()
    }

    fn of(fields: &Fields, scheme: Scheme) -> Cookies<'_> {
        Cookies { fields, scheme }
    }

    /// What a browser sends after these answers' fields.
    fn browser(out: &Fields) -> Fields {
        let line = |line: &[u8]| String::from_utf8_lossy(line).split(';').next().unwrap_or_default().to_owned();
        let all: Vec<String> = out.get_all(names::SET_COOKIE).map(line).collect();
        asked(&[&all.join("; ")])
    }

    #[test]
    fn a_value_comes_back_as_it_was_however_long() {
        let cookie = Cookie::new("shop");
        for length in [0, 1, PIECE - 2, PIECE - 1, PIECE, 3 * PIECE, LONGEST] {
            let value = "abcdefgh".repeat(length / 8 + 1)[..length].to_owned();
            let mut out = Fields::new();
            assert!(cookie.write(&value, 60, of(&Fields::new(), Scheme::Https), &mut out));
            assert!(out.get_all(names::SET_COOKIE).all(|line| line.len() < 4096));
            assert_eq!(cookie.read(of(&browser(&out), Scheme::Https)).as_deref(), Some(&*value));
        }
        let mut out = Fields::new();
        assert!(!cookie.write(&"a".repeat(LONGEST + 1), 60, of(&Fields::new(), Scheme::Https), &mut out));
        assert!(out.is_empty());
    }

    #[test]
    fn pieces_that_are_not_needed_any_more_are_taken_away() {
        let cookie = Cookie::new("shop");
        let mut out = Fields::new();
        let had = asked(&["shop=3a; shop.1=b", "shop.2=c"]);
        assert!(cookie.write("short", 60, of(&had, Scheme::Http), &mut out));
        let lines: Vec<_> = out.get_all(names::SET_COOKIE).map(String::from_utf8_lossy).collect();
        let gone = "Path=/; Max-Age=0; HttpOnly; SameSite=Lax";
        assert_eq!(
            lines,
            [
                "shop=1short; Path=/; Max-Age=60; HttpOnly; SameSite=Lax".into(),
                format!("shop.1=; {gone}"),
                format!("shop.2=; {gone}")
            ]
        );
    }

    #[test]
    fn over_tls_the_name_is_the_hosts_own_and_secure() {
        let cookie = Cookie::new("shop");
        let mut out = Fields::new();
        cookie.write("x", 5, of(&Fields::new(), Scheme::Https), &mut out);
        let line = "__Host-shop=1x; Path=/; Max-Age=5; HttpOnly; SameSite=Lax; Secure";
        assert_eq!(out.get(names::SET_COOKIE), Some(line.as_bytes()));
        assert_eq!(cookie.read(of(&asked(&["shop=1x"]), Scheme::Https)), None, "any host could have set that");
    }

    #[test]
    fn what_is_not_whole_or_there_twice_is_none() {
        let cookie = Cookie::new("s");
        let read = |lines: &[&str]| cookie.read(of(&asked(lines), Scheme::Http));
        assert_eq!(read(&["a=b; s=2x; s.1=y"]).as_deref(), Some("xy"));
        for lines in [
            &["s=2x"][..],
            &["s=2x; s.2=y"],
            &["s=9x"],
            &["s=0x"],
            &["s=1x; s=1y"],
            &["s=1x", "s=1x"],
            &["s="],
            &["s=xx"],
            &["s=/x"],
            &["t=1x"],
            &["sx=1x"],
            &[],
        ] {
            assert_eq!(read(lines), None, "{lines:?}");
        }
    }

    #[test]
    fn services_do_not_see_them() {
        let (one, two) = (Cookie::new("s"), Cookie::new("s-login"));
        let mut fields = asked(&["a=1; s=2x; b=2;c=3", "s.1=y; __Host-s-login=1z", "__Host-s=1; d=4"]);
        take_off(&[&one, &two], &mut fields);
        assert_eq!(fields.get_all(names::COOKIE).collect::<Vec<_>>(), [b"a=1; b=2; c=3; d=4"]);
        let mut fields = asked(&["s=1x"]);
        take_off(&[&one], &mut fields);
        assert!(!fields.contains(names::COOKIE));
        let mut fields = asked(&["a=1;b", "c=2"]);
        take_off(&[&one], &mut fields);
        assert_eq!(fields.get_all(names::COOKIE).count(), 2, "left as they came");
    }
}
