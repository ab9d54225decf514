//! Why a token is not taken. Each flaw has a word, and none quotes the token: what its sender wrote is not for logs.

use crate::Algorithm;
use pintle_core::json;
use std::fmt;
use std::time::Duration;

/// A part of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The first part.
    Header,
    /// The second part.
    Payload,
    /// The third part.
    Signature,
}

/// Why a token is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It is longer than any that is read.
    TooLong,
    /// It has not three parts.
    Shape,
    /// It has five parts: it is encrypted (RFC 7516), which nobody here can read.
    Encrypted,
    /// A part is no canonical base64url without padding.
    Base64(Part),
    /// A part is no strict JSON object.
    Json(Part, json::Fault),
    /// A member of the header is missing, or is not what it must be.
    Header(&'static str),
    /// `alg` is `none`, in whatever spelling (RFC 8725 3.2).
    Unsigned,
    /// `alg` is none of the algorithms that there are.
    UnknownAlgorithm,
    /// `alg` is none of those that are taken here.
    Algorithm(Algorithm),
    /// It demands to be understood in a way that nobody here does: `crit` (RFC 7515 4.1.11) or `b64` (RFC 7797).
    Critical(&'static str),
    /// `typ` says that it is for something else (RFC 8725 3.11).
    Type,
    /// It holds another token (`cty: JWT`, RFC 7519 5.2).
    Nested,
    /// No key has its `kid`.
    UnknownKey,
    /// The key that it names is for another algorithm (RFC 8725 3.1).
    KeyForAnother,
    /// It names no key, and more keys would have to be tried than are.
    KeyNotNamed,
    /// The signature is not the key's.
    Signature,
    /// A claim is not of the type that it must be of.
    Claim(&'static str),
    /// A claim that must be there is not.
    Missing(Box<str>),
    /// It is of another issuer.
    Issuer,
    /// It is for others.
    Audience,
    /// It is over, since so long.
    Expired(Duration),
    /// It is not valid yet, for so long.
    NotYet(Duration),
}

impl Flaw {
    /// A word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Flaw::TooLong => "too_long",
            Flaw::Shape => "shape",
            Flaw::Encrypted => "encrypted",
            Flaw::Base64(_) => "base64",
            Flaw::Json(..) => "json",
            Flaw::Header(_) => "header",
            Flaw::Unsigned => "unsigned",
            Flaw::UnknownAlgorithm => "unknown_algorithm",
            Flaw::Algorithm(_) => "algorithm",
            Flaw::Critical(_) => "critical",
            Flaw::Type => "type",
            Flaw::Nested => "nested",
            Flaw::UnknownKey => "unknown_key",
            Flaw::KeyForAnother => "key_for_another",
            Flaw::KeyNotNamed => "key_not_named",
            Flaw::Signature => "signature",
            Flaw::Claim(_) => "claim",
            Flaw::Missing(_) => "missing",
            Flaw::Issuer => "issuer",
            Flaw::Audience => "audience",
            Flaw::Expired(_) => "expired",
            Flaw::NotYet(_) => "not_yet",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Header => "header",
            Part::Payload => "payload",
            Part::Signature => "signature",
        })
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::TooLong => write!(f, "the token has more than {} bytes", crate::LONGEST),
            Flaw::Shape => f.write_str("the token has not three parts"),
            Flaw::Encrypted => f.write_str("the token is encrypted"),
            Flaw::Base64(part) => write!(f, "the token's {part} is no canonical base64url"),
            Flaw::Json(part, fault) => write!(f, "the token's {part}: {fault}"),
            Flaw::Header(name) => write!(f, "the header's `{name}` is missing, or not what it must be"),
            Flaw::Unsigned => f.write_str("the token says that it is not signed"),
            Flaw::UnknownAlgorithm => f.write_str("the token's algorithm is none that there is"),
            Flaw::Algorithm(algorithm) => write!(f, "tokens by {algorithm} are not taken"),
            Flaw::Critical(name) => write!(f, "the header has `{name}`, which is not understood"),
            Flaw::Type => f.write_str("the token's `typ` says that it is for something else"),
            Flaw::Nested => f.write_str("the token holds another token"),
            Flaw::UnknownKey => f.write_str("no key has the token's `kid`"),
            Flaw::KeyForAnother => f.write_str("the token's key is for another algorithm"),
            Flaw::KeyNotNamed => f.write_str("the token has no `kid`, and many keys may be its own"),
            Flaw::Signature => f.write_str("the signature is not the key's"),
            Flaw::Claim(name) => write!(f, "the claim `{name}` is not of its type"),
            Flaw::Missing(name) => write!(f, "the claim `{name}` is missing"),
            Flaw::Issuer => f.write_str("the token is of another issuer"),
            Flaw::Audience => f.write_str("the token is for others"),
            Flaw::Expired(since) => write!(f, "the token expired {} s ago", since.as_secs_f64().ceil()),
            Flaw::NotYet(still) => write!(f, "the token is valid in {} s", still.as_secs_f64().ceil()),
        }
    }
}

impl std::error::Error for Flaw {}
