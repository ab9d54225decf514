//! Keys as JSON (RFC 7517 4 and 5, RFC 7518 6, RFC 8037 2). A set's keys that cannot be used are passed over and told of
//! (RFC 7517 5): an issuer may have keys for others too.

use crate::{Algorithm, Key, KeyFault, KeySet, decode_base64url};
use pintle_core::json::{Fault, Limits, Object};
use std::fmt;

/// The most that a key set may have.
const LIMITS: Limits = Limits { bytes: 256 * 1024, depth: 16 };
/// The most keys of a set.
const MOST: usize = 200;
/// The longest name of a key; with a longer one no token is read.
const LONGEST_ID: usize = 512;

/// A key of a set that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its place in the set, from 0.
    pub at: usize,
    /// Why.
    pub why: KeyFault,
}

/// Why a text is no key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySetFault {
    /// It is no strict JSON object, or too large.
    Json(Fault),
    /// It has no list `keys`.
    NoKeys,
    /// It has more keys than are taken.
    TooMany,
}

impl KeySet {
    /// The most bytes of a key set's text.
    pub const MOST_BYTES: usize = LIMITS.bytes;

    /// Reads a key set. Shared secrets are passed over unless `secrets` are taken: what can be fetched is none.
    pub fn parse(text: &[u8], secrets: bool) -> Result<(Self, Vec<Skipped>), KeySetFault> {
        let set = Object::parse(text, LIMITS).map_err(KeySetFault::Json)?;
        let keys = set.array("keys").ok_or(KeySetFault::NoKeys)?;
        let (mut taken, mut skipped) = (Vec::new(), Vec::new());
        for (at, jwk) in keys.objects().enumerate() {
            if at == MOST {
                return Err(KeySetFault::TooMany);
            }
            match Key::of_jwk(jwk, secrets) {
                Ok(key) => taken.push(key),
                Err(why) => skipped.push(Skipped { at, why }),
            }
        }
        Ok((KeySet::new(taken), skipped))
    }
}

impl Key {
    /// Reads a key.
    pub fn of_jwk(jwk: &Object, secrets: bool) -> Result<Self, KeyFault> {
        let key = match jwk.text("kty") {
            // A private part that was given away: whoever has it signs as the issuer does.
            Some("RSA" | "EC" | "OKP") if jwk.has("d") => return Err(KeyFault::Private),
            Some("RSA") => Key::rsa(&number(jwk, "n")?, &number(jwk, "e")?)?,
            Some("EC") => on_curve(jwk)?,
            Some("OKP") if jwk.text("crv") == Some("Ed25519") => {
                Key::of_curve(Algorithm::EdDsa, &exactly(jwk, "x", 32)?)?
            }
            Some("oct") if !secrets => return Err(KeyFault::Secret),
            Some("oct") => Key::secret(&bytes(jwk, "k")?)?,
            _ => return Err(KeyFault::Unknown),
        };
        if !is_for_signatures(jwk)? {
            return Err(KeyFault::OtherUse);
        }
        let key = match (jwk.has("alg"), jwk.text("alg")) {
            (false, _) => key,
            (true, Some(name)) => key.only(Algorithm::named(name).ok_or(KeyFault::OtherUse)?)?,
            (true, None) => return Err(KeyFault::Member("alg")),
        };
        match (jwk.has("kid"), jwk.text("kid")) {
            (false, _) => Ok(key),
            (true, Some(id)) if id.len() <= LONGEST_ID => Ok(key.named(id)),
            (true, _) => Err(KeyFault::Member("kid")),
        }
    }
}

/// Whether `use` and `key_ops` let it check signatures (RFC 7517 4.2, 4.3).
fn is_for_signatures(jwk: &Object) -> Result<bool, KeyFault> {
    let used = match (jwk.has("use"), jwk.text("use")) {
        (false, _) => true,
        (true, Some(word)) => word == "sig",
        (true, None) => return Err(KeyFault::Member("use")),
    };
    let operations = match jwk.has("key_ops") {
        false => true,
        true => {
            let all = jwk.array("key_ops").and_then(|all| all.texts()).ok_or(KeyFault::Member("key_ops"))?;
            all.contains(&"verify")
        }
    };
    Ok(used && operations)
}

/// A key on a curve; its coordinates have all their bytes (RFC 7518 6.2.1.2).
fn on_curve(jwk: &Object) -> Result<Key, KeyFault> {
    let (algorithm, size) = match jwk.text("crv") {
        Some("P-256") => (Algorithm::Es256, 32),
        Some("P-384") => (Algorithm::Es384, 48),
        Some("P-521") => (Algorithm::Es512, 66),
        _ => return Err(KeyFault::Unknown),
    };
    // SEC 1: an uncompressed point.
    let point = [vec![4], exactly(jwk, "x", size)?, exactly(jwk, "y", size)?].concat();
    Key::of_curve(algorithm, &point)
}

fn bytes(jwk: &Object, name: &'static str) -> Result<Vec<u8>, KeyFault> {
    jwk.text(name).and_then(decode_base64url).ok_or(KeyFault::Member(name))
}

fn exactly(jwk: &Object, name: &'static str, size: usize) -> Result<Vec<u8>, KeyFault> {
    bytes(jwk, name).and_then(|bytes| if bytes.len() == size { Ok(bytes) } else { Err(KeyFault::Member(name)) })
}

/// A number (RFC 7518 2). Zeros before it are wrong there and seen in the field; they change nothing.
fn number(jwk: &Object, name: &'static str) -> Result<Vec<u8>, KeyFault> {
    let bytes = bytes(jwk, name)?;
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    if zeros == bytes.len() { Err(KeyFault::Member(name)) } else { Ok(bytes[zeros..].to_vec()) }
}

impl fmt::Display for KeySetFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeySetFault::Json(fault) => write!(f, "the key set: {fault}"),
            KeySetFault::NoKeys => f.write_str("the key set has no list `keys`"),
            KeySetFault::TooMany => write!(f, "the key set has more than {MOST} keys"),
        }
    }
}

impl std::error::Error for KeySetFault {}
