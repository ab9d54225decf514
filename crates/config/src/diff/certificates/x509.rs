//! What a person wants to know of a certificate: whose it is, for which names, until when (RFC 5280 4.1). Reads just
//! that, and trusts nothing of it: what is no certificate gives nothing.

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

/// No file of certificates is larger.
const MOST_BYTES: u64 = 1 << 20;

/// What is told of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// The subject's parts, such as `CN=shop.example.com`.
    pub(super) subject: String,
    /// DNS names and addresses, sorted.
    pub(super) names: Vec<String>,
    /// The last moment, `2027-01-31 12:00:00 UTC`.
    pub(super) until: String,
}

impl Facts {
    /// Those of the first certificate in a PEM file.
    pub(super) fn of(file: &Path) -> Option<Facts> {
        let length = std::fs::metadata(file).ok().filter(|file| file.is_file())?.len();
        if length > MOST_BYTES {
            return None;
        }
        let text = pintle_core::config::read_file(file, pintle_core::config::FILE_LIMIT).ok()?;
        let certificate = CertificateDer::pem_slice_iter(&text).next()?.ok()?;
        Facts::read(&certificate)
    }

    fn read(der: &[u8]) -> Option<Facts> {
        let mut certificate = Der(Der(der).take(SEQUENCE)?);
        let mut body = Der(certificate.take(SEQUENCE)?);
        if body.tag() == Some(VERSION) {
            body.any()?;
        }
        // The serial number, the signature's algorithm, the issuer.
        body.any()?;
        body.any()?;
        body.any()?;
        let mut validity = Der(body.take(SEQUENCE)?);
        validity.any()?;
        let (kind, until) = validity.any()?;
        let subject = subject(body.take(SEQUENCE)?);
        body.any()?;
        let mut names = Vec::new();
        while let Some((tag, value)) = body.any() {
            if tag == EXTENSIONS {
                names = alternative_names(value).unwrap_or_default();
            }
        }
        names.sort();
        Some(Facts { subject, names, until: time(kind, until)? })
    }

    /// What is different in `after`, a line each.
    pub(super) fn differences(&self, after: &Facts) -> Vec<String> {
        let mut lines = Vec::new();
        if self.subject != after.subject {
            lines.push(format!("subject: {} -> {}", or_none(&self.subject), or_none(&after.subject)));
        }
        let missing = |of: &Facts, from: &Facts| -> Vec<String> {
            of.names.iter().filter(|name| !from.names.contains(name)).cloned().collect()
        };
        let (gone, came) = (missing(self, after), missing(after, self));
        if !gone.is_empty() {
            lines.push(format!("no longer for {}", gone.join(", ")));
        }
        if !came.is_empty() {
            lines.push(format!("also for {}", came.join(", ")));
        }
        if self.until != after.until {
            lines.push(format!("ends: {} -> {}", self.until, after.until));
        }
        lines
    }
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = if self.names.is_empty() { "no name".to_owned() } else { self.names.join(", ") };
        write!(f, "subject {}, for {names}, ends {}", or_none(&self.subject), self.until)
    }
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT: u8 = 0x06;
const OCTETS: u8 = 0x04;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const DNS_NAME: u8 = 0x82;
const ADDRESS: u8 = 0x87;
/// 2.5.29.17
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];

/// Values of DER, one after the other (X.690 8.1).
struct Der<'d>(&'d [u8]);

impl<'d> Der<'d> {
    fn tag(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The next value with its tag.
    fn any(&mut self) -> Option<(u8, &'d [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (digits.iter().fold(0, |length, &digit| length << 8 | usize::from(digit)), rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, value))
    }

    /// The next value, which must have this tag.
    fn take(&mut self, wanted: u8) -> Option<&'d [u8]> {
        self.any().filter(|(tag, _)| *tag == wanted).map(|(_, value)| value)
    }
}

/// The parts of a name that people know, in their order (RFC 4514 3).
fn subject(name: &[u8]) -> String {
    let mut parts = Vec::new();
    let mut sets = Der(name);
    while let Some(set) = sets.take(SET) {
        let part = || {
            let mut pair = Der(Der(set).take(SEQUENCE)?);
            let label = match pair.take(OBJECT)? {
                [0x55, 0x04, 0x03] => "CN",
                [0x55, 0x04, 0x06] => "C",
                [0x55, 0x04, 0x07] => "L",
                [0x55, 0x04, 0x08] => "ST",
                [0x55, 0x04, 0x0a] => "O",
                [0x55, 0x04, 0x0b] => "OU",
                _ => return None,
            };
            let (_, value) = pair.any()?;
            Some(format!("{label}={}", String::from_utf8_lossy(value)))
        };
        parts.extend(part());
    }
    parts.join(", ")
}

/// DNS names and addresses of the extensions (RFC 5280 4.2.1.6).
fn alternative_names(extensions: &[u8]) -> Option<Vec<String>> {
    let mut all = Der(Der(extensions).take(SEQUENCE)?);
    let mut names = Vec::new();
    while let Some(extension) = all.take(SEQUENCE) {
        let mut extension = Der(extension);
        if extension.take(OBJECT)? != ALTERNATIVE_NAMES {
            continue;
        }
        // Between the two may stand whether it is critical.
        let octets = std::iter::from_fn(|| extension.any()).find(|(tag, _)| *tag == OCTETS)?.1;
        let mut entries = Der(Der(octets).take(SEQUENCE)?);
        while let Some((tag, value)) = entries.any() {
            match (tag, value.len()) {
                (DNS_NAME, _) => names.push(String::from_utf8_lossy(value).into_owned()),
                (ADDRESS, 4) => names.extend(<[u8; 4]>::try_from(value).map(|ip| Ipv4Addr::from(ip).to_string())),
                (ADDRESS, 16) => names.extend(<[u8; 16]>::try_from(value).map(|ip| Ipv6Addr::from(ip).to_string())),
                _ => {}
            }
        }
    }
    Some(names)
}

/// A moment as people write it. Years of two digits are from 1950 to 2049 (RFC 5280 4.1.2.5.1).
fn time(kind: u8, value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?.strip_suffix('Z')?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let text = match (kind, text.len()) {
        (UTC_TIME, 12) if text < "5" => format!("20{text}"),
        (UTC_TIME, 12) => format!("19{text}"),
        (GENERALIZED_TIME, 14) => text.to_owned(),
        _ => return None,
    };
    let part = |from: usize, to: usize| &text[from..to];
    let (date, clock) = (part(0, 4), part(8, 10));
    Some(format!("{date}-{}-{} {clock}:{}:{} UTC", part(4, 6), part(6, 8), part(10, 12), part(12, 14)))
}
