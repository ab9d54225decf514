//! The keys that verify signatures (RFC 9421 3.3). Which algorithm a key is for is the configuration's to say, never the
//! signature's.

use crate::consumers::{Algorithm, SigningKeyOf};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{self, ParsedPublicKey, VerificationAlgorithm};
use pintle_core::config::read_file;
use pintle_core::secret::Secret;
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject;
use std::fmt;
use std::path::Path;

/// A key that verifies.
pub(crate) struct SigningKey {
    algorithm: Algorithm,
    key: Key,
}

enum Key {
    Secret(Box<hmac::Key>),
    Public(ParsedPublicKey),
}

/// RFC 2104 3: shorter than its digest makes HMAC weaker; this is what cannot be guessed.
const SHORTEST_SECRET: usize = 16;
const LARGEST_FILE: u64 = 64 * 1024;

impl SigningKey {
    /// Makes it of its secret, or reads its file. The error names the file.
    pub(crate) fn new(config: &SigningKeyOf, secret: Option<&Secret>) -> Result<Self, String> {
        let key = match (secret, &config.public_key) {
            (Some(secret), _) => {
                if secret.len() < SHORTEST_SECRET {
                    return Err(format!("a secret of under {SHORTEST_SECRET} bytes can be guessed"));
                }
                Key::Secret(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret.expose_bytes())))
            }
            (None, Some(path)) => Key::Public(public(path, config.algorithm)?),
            (None, None) => return Err("the key has neither `secret` nor `public_key`".into()),
        };
        Ok(SigningKey { algorithm: config.algorithm, key })
    }

    /// The algorithm as signatures name it.
    pub(crate) fn algorithm(&self) -> &'static str {
        self.algorithm.name()
    }

    /// Whether the signature is one of this text by this key. Takes up to 70 us.
    pub(crate) fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        match &self.key {
            Key::Secret(key) => hmac::verify(key, text, signature).is_ok(),
            Key::Public(key) => key.verify_sig(text, signature).is_ok(),
        }
    }
}

fn public(path: &Path, algorithm: Algorithm) -> Result<ParsedPublicKey, String> {
    let by: &'static dyn VerificationAlgorithm = match algorithm {
        Algorithm::Ed25519 => &signature::ED25519,
        Algorithm::EcdsaP256Sha256 => &signature::ECDSA_P256_SHA256_FIXED,
        Algorithm::RsaPssSha512 => &signature::RSA_PSS_2048_8192_SHA512,
        Algorithm::RsaV15Sha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::HmacSha256 => return Err("`hmac-sha256` has no public key".into()),
    };
    let shown = path.display();
    let bytes = read_file(path, LARGEST_FILE).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    let der = SubjectPublicKeyInfoDer::from_pem_slice(&bytes);
    let der = der.map_err(|_| format!("`{shown}` has no `-----BEGIN PUBLIC KEY-----`"))?;
    let wrong = |_| format!("the key in `{shown}` is none for `{}`", algorithm.name());
    ParsedPublicKey::new(by, der).map_err(wrong)
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.algorithm.name())
    }
}
