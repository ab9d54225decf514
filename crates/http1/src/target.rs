//! The request target in its four forms (RFC 9112 3.2), as it was sent: what its path means is decided elsewhere.

use crate::Host;
use crate::flaw::{self, Flaw};
use pintle_core::{Method, Scheme};
use std::fmt;

/// The form of a target (RFC 9112 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `/path?query`
    Origin,
    /// `http://host/path?query`; the scheme is what the client wrote, not what the connection is.
    Absolute(Scheme),
    /// `host:port`, CONNECT alone.
    Authority,
    /// `*`, OPTIONS alone; also the absolute form without path and query (RFC 9112 3.2.4).
    Asterisk,
}

/// A request target. Its bytes are visible ASCII without `#`; the path keeps dot segments and percent-encoding, and
/// neither it nor the query is held to RFC 3986 any further here.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    text: Box<str>,
    form: Form,
    /// Where the path begins.
    path: u32,
    /// Where the path ends: at a `?` or at the text's end.
    path_end: u32,
}

/// The authority that a target names, and the port that it means where it names none.
pub(crate) struct Authority {
    pub(crate) host: Host,
    pub(crate) default: u16,
}

impl Target {
    /// The form.
    pub fn form(&self) -> Form {
        self.form
    }

    /// All of it as it was sent.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path as it was sent, `/` where an absolute target has none, `*` in asterisk form, empty in authority form.
    pub fn path(&self) -> &str {
        match (self.form, &self.text[self.path as usize..self.path_end as usize]) {
            (Form::Absolute(_), "") => "/",
            (Form::Asterisk, _) => "*",
            (_, path) => path,
        }
    }

    /// The query as it was sent, without its `?`.
    pub fn query(&self) -> Option<&str> {
        self.text.get(self.path_end as usize + 1..)
    }

    /// Reads a target, with the authority that it names.
    pub(crate) fn parse(text: &[u8], method: &Method) -> Result<(Target, Option<Authority>), Flaw> {
        if text.iter().fold(false, |bad, &b| bad | (b <= 0x20) | (b >= 0x7f) | (b == b'#')) {
            let fragment = text.iter().find(|&&b| b <= 0x20 || b >= 0x7f || b == b'#') == Some(&b'#');
            return Err(if fragment { flaw::TARGET_FRAGMENT } else { flaw::TARGET_BYTES });
        }
        if *method == Method::CONNECT {
            let host = Host::parse(text).ok_or(flaw::TARGET_PORT)?;
            let default = host.port().filter(|&port| port != 0).ok_or(flaw::TARGET_PORT)?;
            return Ok((Target::new(text, Form::Authority, text.len())?, Some(Authority { host, default })));
        }
        match text {
            [b'/', ..] => Ok((Target::new(text, Form::Origin, 0)?, None)),
            b"*" if *method == Method::OPTIONS => Ok((Target::new(text, Form::Asterisk, 0)?, None)),
            b"*" => Err(flaw::TARGET_METHOD),
            _ => Target::absolute(text, method),
        }
    }

    fn absolute(text: &[u8], method: &Method) -> Result<(Target, Option<Authority>), Flaw> {
        let (scheme, start) = match text.iter().position(|&b| b == b':') {
            Some(colon) if text[colon..].starts_with(b"://") => match &text[..colon] {
                s if s.eq_ignore_ascii_case(b"http") => (Scheme::Http, colon + 3),
                s if s.eq_ignore_ascii_case(b"https") => (Scheme::Https, colon + 3),
                _ => return Err(flaw::TARGET_SCHEME),
            },
            _ => return Err(flaw::TARGET_FORM),
        };
        let rest = &text[start..];
        let len = rest.iter().position(|&b| b == b'/' || b == b'?').unwrap_or(rest.len());
        let authority = &rest[..len];
        if authority.contains(&b'@') {
            return Err(flaw::TARGET_USERINFO);
        }
        let host = Host::parse(authority).ok_or(flaw::TARGET_AUTHORITY)?;
        let bare = start + len == text.len() && *method == Method::OPTIONS;
        let form = if bare { Form::Asterisk } else { Form::Absolute(scheme) };
        let authority = Authority { host, default: scheme.default_port() };
        Ok((Target::new(text, form, start + len)?, Some(authority)))
    }

    fn new(text: &[u8], form: Form, path: usize) -> Result<Target, Flaw> {
        let path_end = memchr::memchr(b'?', &text[path..]).map_or(text.len(), |at| path + at);
        let text = std::str::from_utf8(text).map_err(|_| flaw::TARGET_BYTES)?;
        Ok(Target { text: text.into(), form, path: path as u32, path_end: path_end as u32 })
    }
}

impl fmt::Debug for Target {
    /// Without the query, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text[..self.path_end as usize])
    }
}
