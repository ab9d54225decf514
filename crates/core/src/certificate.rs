//! What a client's certificate says of its holder: the subject, and the names beside it (RFC 5280). Reads DER that a
//! handshake has verified; whether it is to be believed is not decided here. What cannot be read is absent.

mod der;
mod name;
#[cfg(test)]
mod tests;

use der::{Der, tag};
use std::net::IpAddr;

/// What a certificate says of its holder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// The subject as text (RFC 4514): `CN=ops,O=Example`. Empty where the certificate has none.
    pub subject: Box<str>,
    /// The alternative names, in their order: host names in small letters, addresses of mail, URIs, IP addresses. Each
    /// text can be of one of these kinds only.
    pub names: Box<[Box<str>]>,
}

/// 2.5.29.17
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

impl Holder {
    /// Reads a certificate; none where it is no certificate.
    pub fn read(certificate: &[u8]) -> Option<Self> {
        let mut all = Der(certificate).expect(tag::SEQUENCE)?;
        let mut rest = all.expect(tag::SEQUENCE)?;
        rest.skip(tag::VERSION);
        rest.expect(tag::INTEGER)?;
        for _algorithm_issuer_validity in 0..3 {
            rest.expect(tag::SEQUENCE)?;
        }
        let subject = name::text(rest.expect(tag::SEQUENCE)?)?;
        rest.expect(tag::SEQUENCE)?;
        rest.skip(tag::ISSUER_ID);
        rest.skip(tag::SUBJECT_ID);
        let names = match rest.expect(tag::EXTENSIONS) {
            Some(mut extensions) => names(extensions.expect(tag::SEQUENCE)?)?,
            None => Vec::new(),
        };
        Some(Holder { subject: subject.into(), names: names.into() })
    }

    /// Whether one of the alternative names is this one. Host names are compared in small letters.
    pub fn has_name(&self, wanted: &str) -> bool {
        self.names.iter().any(|name| **name == *wanted)
    }
}

/// A subject as a configuration writes it, in the form of [`Holder::subject`]: without space around the commas that part it.
pub fn canonical_subject(text: &str) -> Box<str> {
    let mut out = String::with_capacity(text.len());
    let mut escaped = false;
    for letter in text.trim().chars() {
        match letter {
            ' ' if !escaped && out.ends_with([',', '+']) && !out.ends_with("\\,") && !out.ends_with("\\+") => continue,
            ',' | '+' if !escaped => {
                let end = out.trim_end_matches(' ').len();
                // A space that is escaped belongs to the value.
                let end = if out[..end].ends_with('\\') && end < out.len() { end + 1 } else { end };
                out.truncate(end);
                out.push(letter);
            }
            _ => out.push(letter),
        }
        escaped = letter == '\\' && !escaped;
    }
    out.into()
}

/// The alternative names among the extensions.
fn names(mut extensions: Der<'_>) -> Option<Vec<Box<str>>> {
    while !extensions.is_empty() {
        let mut extension = extensions.expect(tag::SEQUENCE)?;
        if extension.expect(tag::OID)?.0 != SUBJECT_ALT_NAME {
            continue;
        }
        extension.skip(tag::BOOLEAN);
        let mut all = extension.expect(tag::OCTETS)?.expect(tag::SEQUENCE)?;
        let mut names = Vec::new();
        while let Some((kind, value)) = all.next() {
            names.extend(alternative(kind, value).map(Into::into));
        }
        return Some(names);
    }
    Some(Vec::new())
}

/// One alternative name as text, if it is of a kind that is told and cannot be taken for another kind.
fn alternative(kind: u8, value: &[u8]) -> Option<String> {
    const MAIL: u8 = 0x81;
    const HOST: u8 = 0x82;
    const URI: u8 = 0x86;
    const ADDRESS: u8 = 0x87;
    if kind == ADDRESS {
        let address = match value.len() {
            4 => IpAddr::from(<[u8; 4]>::try_from(value).ok()?),
            16 => IpAddr::from(<[u8; 16]>::try_from(value).ok()?),
            _ => return None,
        };
        return Some(address.to_string());
    }
    let text = std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()))?;
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'*');
    let fits = text.parse::<IpAddr>().is_err()
        && match kind {
            HOST => text.bytes().all(is_host),
            MAIL => text.contains('@') && !text.contains(':'),
            URI => text.split_once(':').is_some_and(|(scheme, _)| scheme.bytes().all(|b| is_host(b) || b == b'+')),
            _ => false,
        };
    fits.then(|| if kind == HOST { text.to_ascii_lowercase() } else { text.to_owned() })
}
