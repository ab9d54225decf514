//! Keys of every kind, made anew, and tokens that are signed by them: sound ones, and such as only an attacker makes.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaKeyPair, RsaSignatureEncoding,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Who issues the tokens, and for whom.
pub(crate) const ISSUER: &str = "https://login.example.com/";
/// Whom they are for.
pub(crate) const AUDIENCE: &str = "shop";

/// Keys of every kind. `rsa` says RS256, `any` is RSA and says nothing, the others are for what they are called by.
pub(crate) struct Signers {
    pub(crate) rsa: RsaKeyPair,
    pub(crate) any: RsaKeyPair,
    pub(crate) strange: RsaKeyPair,
    pub(crate) p256: EcdsaKeyPair,
    pub(crate) p384: EcdsaKeyPair,
    pub(crate) p521: EcdsaKeyPair,
    pub(crate) ed: Ed25519KeyPair,
}

/// How a token is signed.
#[derive(Clone, Copy)]
pub(crate) enum By<'s> {
    Rsa(&'s RsaKeyPair, &'static RsaSignatureEncoding),
    Ec(&'s EcdsaKeyPair),
    Ed(&'s Ed25519KeyPair),
    Secret(&'s [u8], hmac::Algorithm),
    Bytes(&'s [u8]),
}

impl Signers {
    pub(crate) fn new() -> Self {
        let rsa = || RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
        Signers {
            rsa: rsa(),
            any: rsa(),
            strange: rsa(),
            p256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key"),
            p384: EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).expect("a key"),
            p521: EcdsaKeyPair::generate(&ECDSA_P521_SHA512_FIXED_SIGNING).expect("a key"),
            ed: Ed25519KeyPair::generate().expect("a key"),
        }
    }

    /// The public keys, as an issuer would show them. `strange` is none of them.
    pub(crate) fn jwks(&self) -> String {
        let ec = |id: &str, curve: &str, key: &EcdsaKeyPair| {
            let point = &key.public_key().as_ref()[1..];
            let (x, y) = point.split_at(point.len() / 2);
            format!(r#"{{"kty":"EC","kid":"{id}","crv":"{curve}","x":"{}","y":"{}"}}"#, encode(x), encode(y))
        };
        let keys = [
            jwk(&self.rsa, r#""kid":"rsa","alg":"RS256","use":"sig","#),
            jwk(&self.any, r#""kid":"any","#),
            ec("p256", "P-256", &self.p256),
            ec("p384", "P-384", &self.p384),
            ec("p521", "P-521", &self.p521),
            format!(r#"{{"kty":"OKP","kid":"ed","crv":"Ed25519","x":"{}"}}"#, encode(self.ed.public_key().as_ref())),
        ];
        format!(r#"{{"keys":[{}]}}"#, keys.join(","))
    }

    pub(crate) fn rs256(&self) -> By<'_> {
        By::Rsa(&self.rsa, &RSA_PKCS1_SHA256)
    }

    /// A way to sign for each algorithm with a public key, and the name of its key.
    pub(crate) fn all(&self) -> Vec<(&'static str, &'static str, By<'_>)> {
        let ec = |name, id, key| (name, id, By::Ec(key));
        vec![
            ("RS256", "rsa", self.rs256()),
            ("RS384", "any", By::Rsa(&self.any, &RSA_PKCS1_SHA384)),
            ("RS512", "any", By::Rsa(&self.any, &RSA_PKCS1_SHA512)),
            ("PS256", "any", By::Rsa(&self.any, &RSA_PSS_SHA256)),
            ("PS384", "any", By::Rsa(&self.any, &RSA_PSS_SHA384)),
            ("PS512", "any", By::Rsa(&self.any, &RSA_PSS_SHA512)),
            ec("ES256", "p256", &self.p256),
            ec("ES384", "p384", &self.p384),
            ec("ES512", "p521", &self.p521),
            ("EdDSA", "ed", By::Ed(&self.ed)),
            ("Ed25519", "ed", By::Ed(&self.ed)),
        ]
    }
}

/// A public RSA key of 2048 bits as JSON, with more members before it.
pub(crate) fn jwk(key: &RsaKeyPair, more: &str) -> String {
    let (n, e) = numbers(key);
    format!(r#"{{{more}"kty":"RSA","n":"{}","e":"{}"}}"#, encode(&n), encode(&e))
}

/// Modulus and exponent: where they stand in an RSAPublicKey of that size (RFC 8017 A.1.1).
pub(crate) fn numbers(key: &RsaKeyPair) -> (Vec<u8>, Vec<u8>) {
    let der = key.public_key().as_ref();
    assert_eq!((der.len(), &der[der.len() - 5..]), (270, &[2, 3, 1, 0, 1][..]));
    (der[9..265].to_vec(), vec![1, 0, 1])
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A signature over a message.
pub(crate) fn sign(message: &[u8], by: By<'_>) -> Vec<u8> {
    let random = SystemRandom::new();
    match by {
        By::Rsa(key, encoding) => {
            let mut signature = vec![0; key.public_modulus_len()];
            key.sign(encoding, &random, message, &mut signature).expect("it signs");
            signature
        }
        By::Ec(key) => key.sign(&random, message).expect("it signs").as_ref().to_vec(),
        By::Ed(key) => key.sign(message).as_ref().to_vec(),
        By::Secret(secret, algorithm) => hmac::sign(&hmac::Key::new(algorithm, secret), message).as_ref().to_vec(),
        By::Bytes(bytes) => bytes.to_vec(),
    }
}

/// A token of these two texts, encoded.
pub(crate) fn token(header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>, by: By<'_>) -> String {
    of_parts(&encode(header), &encode(claims), by)
}

/// A token of two parts as they stand.
pub(crate) fn of_parts(header: &str, claims: &str, by: By<'_>) -> String {
    let signed = format!("{header}.{claims}");
    let signature = encode(sign(signed.as_bytes(), by));
    format!("{signed}.{signature}")
}
