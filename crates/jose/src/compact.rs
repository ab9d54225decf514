//! A token in its compact form (RFC 7515 7.1): taken apart, and its signature held against keys.

use crate::key::Found;
use crate::{Algorithm, Algorithms, Flaw, KeySet, Part, decode_base64url};
use pintle_core::json::{Limits, Object};

/// The most bytes that a token may have.
pub const LONGEST: usize = 16 * 1024;

const HEADER: Limits = Limits { bytes: 8 * 1024, depth: 8 };
const PAYLOAD: Limits = Limits { bytes: LONGEST, depth: 32 };

/// The longest name of a key.
const LONGEST_KEY_ID: usize = 512;

/// A token taken apart: nothing of it is believed yet.
#[derive(Debug)]
pub struct Compact<'t> {
    header: Header,
    /// What is signed: the first two parts and the dot between them.
    signed: &'t str,
    payload: &'t str,
    signature: Vec<u8>,
}

/// What a token says of itself, as far as it counts here.
#[derive(Debug)]
pub struct Header {
    algorithm: Algorithm,
    all: Object,
}

impl Header {
    /// The algorithm that the token says it is signed by.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The name of its key, if it has one.
    pub fn key_id(&self) -> Option<&str> {
        self.all.text("kid")
    }

    /// What kind of token it says it is: `typ`.
    pub fn kind(&self) -> Option<&str> {
        self.all.text("typ")
    }

    fn read(text: &str) -> Result<Self, Flaw> {
        let bytes = decode_base64url(text).ok_or(Flaw::Base64(Part::Header))?;
        let all = Object::parse(&bytes, HEADER).map_err(|fault| Flaw::Json(Part::Header, fault))?;
        let name = all.text("alg").ok_or(Flaw::Header("alg"))?;
        if name.eq_ignore_ascii_case("none") {
            return Err(Flaw::Unsigned);
        }
        let algorithm = Algorithm::named(name).ok_or(Flaw::UnknownAlgorithm)?;
        // No extension is understood, so none may be critical; an empty list is malformed by itself.
        if let Some(name) = ["crit", "b64"].into_iter().find(|name| all.has(name)) {
            return Err(Flaw::Critical(name));
        }
        for name in ["kid", "typ", "cty"] {
            if all.has(name) && all.text(name).is_none_or(|text| text.len() > LONGEST_KEY_ID) {
                return Err(Flaw::Header(name));
            }
        }
        if all.text("cty").is_some_and(|kind| plain_type(kind).eq_ignore_ascii_case("jwt")) {
            return Err(Flaw::Nested);
        }
        Ok(Header { algorithm, all })
    }
}

/// A media type without `application/`, which may be left out (RFC 7515 4.1.9).
pub(crate) fn plain_type(kind: &str) -> &str {
    const PREFIX: &str = "application/";
    match kind.get(..PREFIX.len()) {
        Some(prefix) if prefix.eq_ignore_ascii_case(PREFIX) => &kind[PREFIX.len()..],
        _ => kind,
    }
}

impl<'t> Compact<'t> {
    /// Takes a token apart.
    pub fn read(token: &'t str) -> Result<Self, Flaw> {
        if token.len() > LONGEST {
            return Err(Flaw::TooLong);
        }
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Flaw::Shape);
        };
        match parts.count() {
            0 => {}
            2 => return Err(Flaw::Encrypted),
            _ => return Err(Flaw::Shape),
        }
        if header.is_empty() {
            return Err(Flaw::Shape);
        }
        let signed = &token[..header.len() + 1 + payload.len()];
        let header = Header::read(header)?;
        let signature = decode_base64url(signature).ok_or(Flaw::Base64(Part::Signature))?;
        Ok(Compact { header, signed, payload, signature })
    }

    /// What it says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The claims, if the signature is by one of the keys and its algorithm is one of those. [`Flaw::UnknownKey`] says
    /// that newer keys might know it.
    pub fn verified(&self, keys: &KeySet, allowed: &Algorithms) -> Result<Object, Flaw> {
        let algorithm = self.header.algorithm;
        if !allowed.has(algorithm) {
            return Err(Flaw::Algorithm(algorithm));
        }
        let found = match keys.find(self.header.key_id(), algorithm, allowed) {
            Found::Keys(found) => found,
            Found::None => return Err(Flaw::UnknownKey),
            Found::ForAnother => return Err(Flaw::KeyForAnother),
            Found::TooMany => return Err(Flaw::KeyNotNamed),
        };
        if !found.iter().any(|key| key.verifies(self.signed.as_bytes(), &self.signature)) {
            return Err(Flaw::Signature);
        }
        let payload = decode_base64url(self.payload).ok_or(Flaw::Base64(Part::Payload))?;
        Object::parse(&payload, PAYLOAD).map_err(|fault| Flaw::Json(Part::Payload, fault))
    }
}
