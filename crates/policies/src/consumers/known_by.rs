//! What a consumer is recognised by, as it is written. A secret never stands here: digests do, or the place where the
//! secret is kept.

use crate::basic_auth::PasswordHash;
use crate::digest::Digest;
use crate::issuer::IssuerName;
use pintle_core::certificate::canonical_subject;
use pintle_core::config::{
    ConfigPath, Diagnostic, Field, Form, Map, Node, Rate, Read, Reader, SecretSource, Shape, Spanned,
};
use std::net::IpAddr;
use std::num::NonZeroU32;

/// A key of a consumer.
#[derive(Clone, Debug, PartialEq)]
pub enum ApiKeyOf {
    /// Known by its SHA-256.
    Sha256(KeyDigest),
    /// Kept elsewhere.
    Secret(SecretSource),
}

/// The SHA-256 of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyDigest(pub(crate) Digest);

const KEY: &str = "a key as {sha256: DIGEST}, {env: NAME} or {file: PATH}";

impl Read for ApiKeyOf {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let help = "`pintle hash api-key` makes the digest of a key, or a new key with its digest";
        let Some(entries) = node.as_map() else {
            // What stands here may be the key, so it is never shown.
            reader.diagnostics.hide(node.span());
            if !node.is_broken() && !node.is_cut() {
                let found = if matches!(node.form(), Form::Scalar { .. }) { "plain text".into() } else { node.found() };
                let message = format!("expected {KEY}, found {found}");
                reader.report(Diagnostic::error("plain-secret", message, node.span()).help(help));
            }
            return None;
        };
        match entries {
            [entry] if &**entry.key == "sha256" => {
                reader.diagnostics.hide(entry.value.span());
                let digest = entry.value.as_text().and_then(Digest::parse);
                if digest.is_none() && !entry.value.is_broken() && !node.is_cut() {
                    let message = "a SHA-256 has 64 hexadecimal digits, and this is none";
                    reader.report(Diagnostic::error("bad-hash", message, entry.value.span()).help(help));
                }
                digest.map(|digest| ApiKeyOf::Sha256(KeyDigest(digest)))
            }
            _ => SecretSource::read(node, reader).map(ApiKeyOf::Secret),
        }
    }

    fn shape() -> Shape {
        let Shape::Kinds { kinds: secret, .. } = SecretSource::shape() else { return SecretSource::shape() };
        let doc = "The SHA-256 of the key, in hexadecimal digits.";
        let own = Field { key: "sha256", doc, required: false, default: None, later: false, shape: String::shape };
        let doc = "An API key, by its digest or by where it is kept. A key itself is refused: `pintle hash api-key` makes \
                   its digest.";
        Shape::Kinds { name: "ApiKeyOf", doc, secret: true, kinds: std::iter::once(own).chain(secret).collect() }
    }
}

/// Name and password of a consumer (RFC 7617).
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "name with a password", check)]
pub struct BasicAuthOf {
    /// The name that a client sends; unique, and without a colon.
    pub username: Spanned<String>,
    /// The password's hash.
    pub password: PasswordHash,
}

impl BasicAuthOf {
    fn check(self, _: &Node, reader: &mut Reader) -> Option<Self> {
        if self.username.contains(':') || self.username.chars().any(char::is_control) || self.username.is_empty() {
            let message = "this name cannot be sent";
            let help = "a name is not empty, and has neither a colon nor control characters (RFC 7617 2)";
            reader.report(Diagnostic::error("consumer", message, &self.username.span).help(help));
            return None;
        }
        Some(self)
    }
}

/// What a token must say to be of a consumer.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "token's description")]
pub struct TokenOf {
    /// Who issued it: the token's `iss`, to the letter.
    pub issuer: IssuerName,
    /// A claim and its value, as `{sub: 7d1c}`. The value is a text.
    pub claim: Map<String>,
}

/// What a client certificate must have to be of a consumer. That the listener's `client_auth` took it goes without saying.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(kind, called = "certificate's description")]
pub enum CertificateOf {
    /// The SHA-256 of the certificate, in hexadecimal digits, with or without colons between them.
    Fingerprint(Fingerprint),
    /// The whole subject, as `CN=ops,O=Example` (RFC 4514), the last part first.
    Subject(Subject),
    /// One of the alternative names: a host, a URI, an address of mail, an IP address.
    San(AlternativeName),
}

/// A certificate's SHA-256.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(text, expected = "a SHA-256 in hexadecimal digits")]
pub struct Fingerprint(pub(crate) Digest);

impl pintle_core::config::Text for Fingerprint {
    fn parse(text: &str) -> Result<Self, String> {
        Digest::parse(text).map(Self).ok_or_else(|| "`openssl x509 -noout -fingerprint -sha256` prints it".into())
    }
}

/// A certificate's subject.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(text, expected = "a subject such as CN=ops,O=Example")]
pub struct Subject(pub(crate) Box<str>);

impl pintle_core::config::Text for Subject {
    fn parse(text: &str) -> Result<Self, String> {
        if !text.contains('=') || text.starts_with('/') {
            return Err("`openssl x509 -noout -subject -nameopt RFC2253` prints it".into());
        }
        Ok(Self(canonical_subject(text)))
    }
}

/// An alternative name of a certificate.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(text, expected = "a name such as ops.example.com")]
pub struct AlternativeName(pub(crate) Box<str>);

impl pintle_core::config::Text for AlternativeName {
    fn parse(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self(address.to_string().into()));
        }
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("a host, a URI, an address of mail or an IP address, without its kind before it".into());
        }
        if let Some((kind, rest)) = text.split_once(':')
            && ["dns", "uri", "email", "ip"].contains(&&*kind.to_ascii_lowercase())
        {
            return Err(format!("without its kind: write `{rest}`"));
        }
        let is_host = !text.contains([':', '@', '/']);
        Ok(Self(if is_host { text.to_ascii_lowercase() } else { text.to_owned() }.into()))
    }
}

/// A key that signs requests (RFC 9421).
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "key", check)]
pub struct SigningKeyOf {
    /// What signatures call it (`keyid`); unique.
    pub key_id: Spanned<String>,
    /// How it signs.
    #[read(default = "hmac-sha256")]
    pub algorithm: Algorithm,
    /// The secret of `hmac-sha256`, as bytes.
    pub secret: Option<Spanned<SecretSource>>,
    /// A file in PEM with the public key (`BEGIN PUBLIC KEY`), for the other algorithms.
    pub public_key: Option<Spanned<ConfigPath>>,
}

/// An algorithm of RFC 9421 3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(word)]
pub enum Algorithm {
    /// HMAC with SHA-256: both sides have the same secret.
    #[read(key = "hmac-sha256")]
    HmacSha256,
    /// EdDSA with curve 25519.
    #[read(key = "ed25519")]
    Ed25519,
    /// ECDSA with P-256 and SHA-256.
    #[read(key = "ecdsa-p256-sha256")]
    EcdsaP256Sha256,
    /// RSASSA-PSS with SHA-512.
    #[read(key = "rsa-pss-sha512")]
    RsaPssSha512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[read(key = "rsa-v1_5-sha256")]
    RsaV15Sha256,
}

impl Algorithm {
    /// As signatures name it (`alg`).
    pub(crate) fn name(self) -> &'static str {
        match self {
            Algorithm::HmacSha256 => "hmac-sha256",
            Algorithm::Ed25519 => "ed25519",
            Algorithm::EcdsaP256Sha256 => "ecdsa-p256-sha256",
            Algorithm::RsaPssSha512 => "rsa-pss-sha512",
            Algorithm::RsaV15Sha256 => "rsa-v1_5-sha256",
        }
    }
}

impl SigningKeyOf {
    fn check(self, _: &Node, reader: &mut Reader) -> Option<Self> {
        let (is_there, other, wanted) = match self.algorithm {
            Algorithm::HmacSha256 => (self.secret.is_some(), self.public_key.is_some(), "`secret`"),
            _ => (self.public_key.is_some(), self.secret.is_some(), "`public_key`"),
        };
        if is_there && !other {
            return Some(self);
        }
        let message = format!("a key of `{}` has {wanted}, and nothing else", self.algorithm.name());
        reader.error("consumer", message, &self.key_id.span);
        None
    }

    /// The file that it names, if it does.
    pub(crate) fn file(&self) -> Option<&ConfigPath> {
        let secret = self.secret.as_ref().and_then(|secret| match &secret.value {
            SecretSource::File(path) => Some(path),
            SecretSource::Env(_) => None,
        });
        secret.or(self.public_key.as_ref().map(|path| &path.value))
    }
}

/// A limit of a consumer's own: what is said stands in place of what the policy says.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "limit")]
pub struct OwnLimit {
    /// For `rate_limit`: how many requests in what time.
    pub rate: Option<Rate>,
    /// For `rate_limit`: how many at once; without it the rate's count.
    pub burst: Option<NonZeroCount>,
    /// For `quota` and `concurrency`: how many.
    pub max: Option<NonZeroCount>,
}

/// A whole number of at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(transparent, check)]
pub struct NonZeroCount(u32);

impl NonZeroCount {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        if self.0 == 0 {
            reader.expected("a whole number of at least 1", node, "");
            return None;
        }
        Some(self)
    }

    /// The number.
    pub fn get(self) -> NonZeroU32 {
        NonZeroU32::new(self.0).unwrap_or(NonZeroU32::MIN)
    }
}
