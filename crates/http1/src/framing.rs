//! Where a body ends (RFC 9112 6), read from a head and chosen for one.

use crate::flaw::{self, Flaw};
use crate::scan::{is_token, trim};
use crate::section::{Section, Special};
use pintle_core::{Method, StatusCode, Version};

/// How a message's body is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is no body, and no field that speaks of one.
    None,
    /// So many bytes (RFC 9112 6.2).
    Length(u64),
    /// Chunked (RFC 9112 7.1).
    Chunked,
    /// All that comes until the connection ends; responses alone (RFC 9112 6.3, point 8).
    UntilClose,
}

impl Framing {
    /// How to write a request with a body of this length, `None` for one that is not known. Methods that expect content
    /// say that there is none (RFC 9110 8.6).
    pub fn for_request(method: &Method, length: Option<u64>) -> Framing {
        match length {
            None => Framing::Chunked,
            Some(0) if !matches!(*method, Method::POST | Method::PUT | Method::PATCH) => Framing::None,
            Some(length) => Framing::Length(length),
        }
    }

    /// How to write a response with a body of this length, `None` for one that is not known, to a client of this version
    /// (RFC 9112 6.1, 6.3). To HEAD the framing is only told: no body is sent, and an unknown or empty one is left to a
    /// `content-length` among the fields. So it is in a 304.
    pub fn for_response(version: Version, method: &Method, status: StatusCode, length: Option<u64>) -> Framing {
        match length {
            _ if is_bodiless(status) => Framing::None,
            None | Some(0) if *method == Method::HEAD => Framing::None,
            Some(length) => Framing::Length(length),
            None if version == Version::Http10 => Framing::UntilClose,
            None => Framing::Chunked,
        }
    }

    /// A request's framing (RFC 9112 6.3, points 3 to 7).
    pub(crate) fn of_request(section: &Section<'_>, version: Version) -> Result<Framing, Flaw> {
        Ok(declared(section, version)?.unwrap_or(Framing::None))
    }

    /// A response's framing (RFC 9112 6.3), and whether its connection can be trusted after it. A 1xx or 204 ends with
    /// its head whatever its fields say; if they say more than nothing, what follows may not be a response.
    pub(crate) fn of_response(
        section: &Section<'_>,
        version: Version,
        method: &Method,
        status: StatusCode,
    ) -> Result<(Framing, bool), Flaw> {
        if status.is_informational() || status == StatusCode::NO_CONTENT {
            let silent = section.values(Special::ContentLength).all(|v| v == b"0");
            return Ok((Framing::None, silent && !section.has(Special::TransferEncoding)));
        }
        if *method == Method::CONNECT && status.is_success() {
            return Ok((Framing::None, false));
        }
        let framing = declared(section, version)?;
        if *method == Method::HEAD || status == StatusCode::NOT_MODIFIED {
            return Ok((Framing::None, true));
        }
        Ok((framing.unwrap_or(Framing::UntilClose), framing.is_some()))
    }
}

/// Whether a response of this status never has a body (RFC 9112 6.3, point 1). A 205 is framed as any other.
pub(crate) fn is_bodiless(status: StatusCode) -> bool {
    status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

fn declared(section: &Section<'_>, version: Version) -> Result<Option<Framing>, Flaw> {
    if section.has(Special::TransferEncoding) {
        if section.has(Special::ContentLength) {
            return Err(flaw::LENGTH_AND_CODING);
        }
        if version == Version::Http10 {
            return Err(flaw::CODING_IN_1_0);
        }
        return coding(section).map(|()| Some(Framing::Chunked));
    }
    let mut lengths = section.values(Special::ContentLength);
    match (lengths.next(), lengths.next()) {
        (None, _) => Ok(None),
        (Some(text), None) => length(text).map(Framing::Length).map(Some).ok_or(flaw::LENGTH_INVALID),
        (Some(_), Some(_)) => Err(flaw::LENGTH_REPEATED),
    }
}

/// Digits alone, at most 2^64-1 (RFC 9110 8.6): no sign, no list, not even of equal numbers.
fn length(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |sum, b| match b {
        b'0'..=b'9' => sum.checked_mul(10)?.checked_add(u64::from(b - b'0')),
        _ => None,
    })
}

/// The one coding that is understood is `chunked`, in any case, with at most the usual space before it. Of the others,
/// a well-formed list that applies chunked at most once and last is a coding that is not implemented; the rest (no or
/// `identity` coding, chunked twice or not last, something that only looks like it) tells no length.
fn coding(section: &Section<'_>) -> Result<(), Flaw> {
    let mut lines = section.untrimmed(Special::TransferEncoding);
    if let (Some(text), None) = (lines.next(), lines.next())
        && text.strip_prefix(b" ").unwrap_or(text).eq_ignore_ascii_case(b"chunked")
    {
        return Ok(());
    }
    let (mut count, mut chunked) = (0, false);
    for value in section.values(Special::TransferEncoding) {
        for member in value.split(|&b| b == b',').map(trim) {
            count += 1;
            if chunked || !is_other_coding(member) {
                if chunked || !member.eq_ignore_ascii_case(b"chunked") {
                    return Err(flaw::CODING_INVALID);
                }
                chunked = true;
            }
        }
    }
    // `chunked` alone comes here only with odd white space around it.
    Err(if chunked && count == 1 { flaw::CODING_INVALID } else { flaw::CODING_UNKNOWN })
}

fn is_other_coding(member: &[u8]) -> bool {
    let name = member.split(|&b| b == b';').next().map(trim).unwrap_or_default();
    is_token(name)
        && !name.eq_ignore_ascii_case(b"identity")
        && !name.windows(7).any(|w| w.eq_ignore_ascii_case(b"chunked"))
}
