//! Keys, and which of them a token may be signed by. A key is for one algorithm (RFC 8725 3.1): the one that it says, or
//! the first that its reader takes and that it can be used with.

use crate::{Algorithm, Algorithms};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm,
};
use std::fmt;

/// So many keys are tried for a token that does not say which is its own.
const MOST_TRIED: usize = 4;

/// The most bits of an RSA key: beyond it a signature costs more than a request should.
const MOST_RSA_BITS: usize = 4096;

/// A key by which tokens may be signed: a public one, or a shared secret.
#[derive(Clone)]
pub struct Key {
    id: Option<Box<str>>,
    /// A way for each algorithm that it may be used with; one alone if the key says which.
    ways: Box<[Way]>,
}

/// A key made ready for an algorithm.
#[derive(Clone)]
pub(crate) struct Way {
    algorithm: Algorithm,
    verifier: Verifier,
}

#[derive(Clone)]
enum Verifier {
    Public(ParsedPublicKey),
    Secret(Box<hmac::Key>),
}

impl Way {
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.verifier {
            Verifier::Public(key) => key.verify_sig(message, signature).is_ok(),
            // In constant time.
            Verifier::Secret(key) => hmac::verify(key, message, signature).is_ok(),
        }
    }
}

/// Why something is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// It is no key of a kind that is known.
    Unknown,
    /// A member is missing, or is not what it must be.
    Member(&'static str),
    /// It is an RSA key of fewer than 2048 bits (RFC 7518 3.3), or of more than 4096.
    RsaSize(usize),
    /// It is a secret shorter than its algorithm's hash (RFC 7518 3.2).
    ShortSecret(usize),
    /// Its numbers are no key.
    Invalid,
    /// It is not for that algorithm.
    NotFor(Algorithm),
    /// It is a private key, which only its owner should have.
    Private,
    /// It is a shared secret, where only public keys are taken.
    Secret,
    /// It is for something else than checking signatures.
    OtherUse,
}

impl Key {
    /// An RSA key by its numbers, big-endian and without leading zeros.
    pub fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyFault> {
        let bits = modulus.len() * 8 - modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
        if !(2048..=MOST_RSA_BITS).contains(&bits) {
            return Err(KeyFault::RsaSize(bits));
        }
        // An even exponent is none, and 1 would let everything pass for a signature.
        let is_odd = exponent.last().is_some_and(|last| last & 1 == 1);
        if !is_odd || exponent == [1] || exponent.len() > 4 {
            return Err(KeyFault::Invalid);
        }
        let components = RsaPublicKeyComponents { n: modulus, e: exponent };
        let way = |(algorithm, parameters): (Algorithm, &'static RsaParameters)| {
            let key = components.to_parsed_public_key(parameters).map_err(|_| KeyFault::Invalid)?;
            Ok(Way { algorithm, verifier: Verifier::Public(key) })
        };
        Ok(Key { id: None, ways: RSA.into_iter().map(way).collect::<Result<_, _>>()? })
    }

    /// A key on a curve, or of Ed25519: `bytes` are its point (SEC 1), its 32 bytes, or a SubjectPublicKeyInfo.
    pub(crate) fn of_curve(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, KeyFault> {
        let of: &'static dyn VerificationAlgorithm = match algorithm {
            Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
            Algorithm::Es384 => &ECDSA_P384_SHA384_FIXED,
            Algorithm::Es512 => &ECDSA_P521_SHA512_FIXED,
            Algorithm::EdDsa => &ED25519,
            _ => return Err(KeyFault::Unknown),
        };
        let key = ParsedPublicKey::new(of, bytes).map_err(|_| KeyFault::Invalid)?;
        Ok(Key { id: None, ways: [Way { algorithm, verifier: Verifier::Public(key) }].into() })
    }

    /// A shared secret.
    pub fn secret(bytes: &[u8]) -> Result<Self, KeyFault> {
        const KINDS: [(Algorithm, hmac::Algorithm, usize); 3] = [
            (Algorithm::Hs256, hmac::HMAC_SHA256, 32),
            (Algorithm::Hs384, hmac::HMAC_SHA384, 48),
            (Algorithm::Hs512, hmac::HMAC_SHA512, 64),
        ];
        let fit = KINDS.into_iter().filter(|(.., least)| bytes.len() >= *least);
        let way =
            |(algorithm, kind, _)| Way { algorithm, verifier: Verifier::Secret(Box::new(hmac::Key::new(kind, bytes))) };
        let ways: Box<[Way]> = fit.map(way).collect();
        if ways.is_empty() { Err(KeyFault::ShortSecret(bytes.len())) } else { Ok(Key { id: None, ways }) }
    }

    /// The same key under a name, which tokens give as `kid`.
    pub fn named(mut self, id: &str) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The same key, for one algorithm alone.
    pub fn only(mut self, algorithm: Algorithm) -> Result<Self, KeyFault> {
        let way = self.ways.iter().find(|way| way.algorithm == algorithm).ok_or(KeyFault::NotFor(algorithm))?;
        self.ways = [way.clone()].into();
        Ok(self)
    }

    /// Its name.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The algorithms that it may be used with.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.ways.iter().map(|way| way.algorithm)
    }

    /// The one way to use it for a reader that takes these.
    fn way(&self, allowed: &Algorithms) -> Option<&Way> {
        allowed.iter().find_map(|algorithm| self.ways.iter().find(|way| way.algorithm == algorithm))
    }
}

const RSA: [(Algorithm, &RsaParameters); 6] = [
    (Algorithm::Rs256, &RSA_PKCS1_2048_8192_SHA256),
    (Algorithm::Rs384, &RSA_PKCS1_2048_8192_SHA384),
    (Algorithm::Rs512, &RSA_PKCS1_2048_8192_SHA512),
    (Algorithm::Ps256, &RSA_PSS_2048_8192_SHA256),
    (Algorithm::Ps384, &RSA_PSS_2048_8192_SHA384),
    (Algorithm::Ps512, &RSA_PSS_2048_8192_SHA512),
];

/// The keys of an issuer.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: Vec<Key>,
}

/// What a key set has for a token.
pub(crate) enum Found<'k> {
    /// Keys that may have signed it.
    Keys(Vec<&'k Way>),
    /// None of that name.
    None,
    /// One of that name, for another algorithm.
    ForAnother,
    /// More than are tried.
    TooMany,
}

impl KeySet {
    /// A set of these keys.
    pub fn new(keys: impl IntoIterator<Item = Key>) -> Self {
        KeySet { keys: keys.into_iter().collect() }
    }

    /// Its keys.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The keys for a token of that `kid` that says it is by `algorithm`. A key without a name may be any token's.
    pub(crate) fn find(&self, id: Option<&str>, algorithm: Algorithm, allowed: &Algorithms) -> Found<'_> {
        let named = |key: &&Key| id.is_none() || key.id.is_none() || key.id() == id;
        let ways = || self.keys.iter().filter(named).filter_map(|key| key.way(allowed));
        let found: Vec<&Way> = ways().filter(|way| way.algorithm == algorithm).take(MOST_TRIED + 1).collect();
        match (found.len(), self.keys.iter().any(|key| named(&key))) {
            (0, true) => Found::ForAnother,
            (0, false) => Found::None,
            (count, _) if count > MOST_TRIED => Found::TooMany,
            _ => Found::Keys(found),
        }
    }
}

/// A secret is never shown; a public key would tell nobody anything.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?}, {:?})", self.id, self.algorithms().collect::<Vec<_>>())
    }
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyFault::Unknown => f.write_str("it is no key of a kind that is known"),
            KeyFault::Member(name) => write!(f, "its `{name}` is missing, or not what it must be"),
            KeyFault::RsaSize(bits) => write!(f, "it is an RSA key of {bits} bits: 2048 to 4096 are taken"),
            KeyFault::ShortSecret(bytes) => write!(f, "it is a secret of {bytes} bytes: at least 32 are taken"),
            KeyFault::Invalid => f.write_str("its numbers are no key"),
            KeyFault::NotFor(algorithm) => write!(f, "it is not for {algorithm}"),
            KeyFault::Private => f.write_str("it is a private key, which nobody but its owner should have"),
            KeyFault::Secret => f.write_str("it is a shared secret, and only public keys are taken here"),
            KeyFault::OtherUse => f.write_str("it is for something else than checking signatures"),
        }
    }
}

impl std::error::Error for KeyFault {}
