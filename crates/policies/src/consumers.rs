//! `consumers`: the people and programs that the configuration knows, and how each is recognised. Owns the names and what
//! finds them; what credentials look like in a request is for the policies that read them.
//!
//! What finds a consumer finds one: a key, a user name, a claim, a certificate that two consumers have is a mistake.

mod build;
mod known_by;
mod lines;
#[cfg(test)]
mod tests;

pub use known_by::OwnLimit;
pub(crate) use known_by::{Algorithm, AlternativeName, Fingerprint, SigningKeyOf, Subject};
use known_by::{ApiKeyOf, BasicAuthOf, CertificateOf, TokenOf};
use lines::FileOfConsumers;

use crate::basic_auth::PasswordHash;
use crate::digest::Digest;
use crate::hmac::SigningKey;
use pintle_core::certificate::Holder;
use pintle_core::config::{ConfigPath, Map, OneOrMany, Read, SecretSource, Spanned};
use pintle_core::template::{Entries, Value};
use pintle_core::{Consumer, exchange};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// An entry of `consumers`: a person or a program that routes know by name and groups, or the path of a file of them.
///
/// ```yaml
/// consumers:
///   - name: acme
///     groups: [partners]
///     api_keys: [{sha256: 4f2d5cb01ef1e0fbb8f4f7c2b1a3a0b5e8a4fbd47b54a7f2f80a7c6d2f7b1a9e}, {env: ACME_KEY}, {file: keys/acme-old}]
///     hmac: {key_id: acme-1, secret: {env: ACME_SIGNING}}
///     limits: {partner-rate: {rate: 5000/min, burst: 100}, partner-places: {max: 20}}
///   - name: ops
///     basic_auth: {username: ops, password: {argon2: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$0b1w2mUg9Ck0l2i9S0qkQw"}}
///     client_certificate: [{san: ops.example.com}, {subject: "CN=ops, O=Example"}]
///     hmac: {key_id: ops-1, algorithm: ed25519, public_key: keys/ops.pem}
///   - name: night
///     basic_auth: {username: night, password: {bcrypt: "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"}}
///     client_certificate: {fingerprint: 4f2d5cb01ef1e0fbb8f4f7c2b1a3a0b5e8a4fbd47b54a7f2f80a7c6d2f7b1a9e}
///   - name: shop
///     jwt: {issuer: https://login.example.com/, claim: {sub: 7d1c}}
/// policies:
///   partner-rate: {rate_limit: {rate: 1000/min, key: consumer.name}}
///   partner-places: {concurrency: {max: 5, key: consumer.name}}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(forms, expected = "a consumer, or the path of a file with consumers")]
#[expect(clippy::large_enum_variant, reason = "files are few")]
pub enum ConsumerEntry {
    /// A file with a consumer on each line, as JSON with the same keys: for many thousands, where YAML would take its
    /// time. It is watched as the configuration is. Secrets of `hmac` have no place in it.
    #[read(text)]
    File(FileOfConsumers),
    /// A consumer.
    #[read(map)]
    One(Spanned<ConsumerConfig>),
}

impl ConsumerEntry {
    /// The files that it names.
    pub fn files(&self) -> impl Iterator<Item = &ConfigPath> {
        let (file, one) = match self {
            ConsumerEntry::File(file) => (Some(&file.0.value), None),
            ConsumerEntry::One(one) => (None, Some(one)),
        };
        file.into_iter().chain(one.into_iter().flat_map(|one| one.files()))
    }
}

/// A person or a program that routes know by name and groups.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "consumer")]
pub struct ConsumerConfig {
    /// The unique name: what logs say, and expressions as `consumer.name`.
    pub name: Spanned<String>,
    /// Groups, which expressions know as `consumer.groups`.
    #[read(default)]
    pub groups: Vec<String>,
    /// Keys, any of which makes it this one where the policy `api_key` asks. Several, so that an old one stays good while
    /// a new one is handed out.
    #[read(default)]
    pub api_keys: Vec<Spanned<ApiKeyOf>>,
    /// Name and password, for the policy `basic_auth`.
    pub basic_auth: Option<Spanned<BasicAuthOf>>,
    /// Tokens that make it this one. Without it no token does, whatever it says.
    #[read(default)]
    pub jwt: OneOrMany<Spanned<TokenOf>>,
    /// Client certificates, for the policy `client_certificate`.
    #[read(default)]
    pub client_certificate: OneOrMany<Spanned<CertificateOf>>,
    /// Keys that sign its requests, for the policy `hmac`.
    #[read(default)]
    pub hmac: OneOrMany<Spanned<SigningKeyOf>>,
    /// Limits of its own, by the name of a policy under the top-level `policies`: `{rate, burst}` for a `rate_limit` (without
    /// `burst` it is the number of this rate), `{max}` for a `concurrency`, and for a `quota` in place of its `limit`.
    #[read(default)]
    pub limits: Map<OwnLimit>,
}

impl ConsumerConfig {
    /// The kinds of what it is recognised by, as they are called here and, but for keys, as policies are called.
    pub fn credentials(&self) -> Vec<&'static str> {
        let all = [
            ("api_key", !self.api_keys.is_empty()),
            ("basic_auth", self.basic_auth.is_some()),
            ("jwt", !self.jwt.is_empty()),
            ("client_certificate", !self.client_certificate.is_empty()),
            ("hmac", !self.hmac.is_empty()),
        ];
        all.into_iter().filter(|(_, has)| *has).map(|(kind, _)| kind).collect()
    }

    /// The files that it names.
    pub fn files(&self) -> impl Iterator<Item = &ConfigPath> {
        let keys = self.api_keys.iter().filter_map(|key| match &key.value {
            ApiKeyOf::Secret(SecretSource::File(path)) => Some(path),
            _ => None,
        });
        keys.chain(self.hmac.iter().filter_map(|key| key.file()))
    }
}

type Random = foldhash::quality::RandomState;

/// A person who logs in by name.
pub(crate) struct User {
    pub(crate) consumer: Arc<Consumer>,
    pub(crate) password: PasswordHash,
}

/// A claim that tells consumers apart, and who they are by its values.
type ByClaim = (Box<str>, HashMap<Box<str>, u32, Random>);

/// Every consumer, by what each is recognised by.
#[derive(Default)]
pub struct Consumers {
    all: Vec<Arc<Consumer>>,
    by_key: HashMap<Digest, u32, Random>,
    users: Vec<User>,
    by_user: HashMap<Box<str>, u32, Random>,
    /// By issuer; then for each claim that tells consumers apart, by its value.
    by_claim: HashMap<Box<str>, Vec<ByClaim>, Random>,
    by_fingerprint: HashMap<Digest, u32, Random>,
    by_subject: HashMap<Box<str>, u32, Random>,
    by_san: HashMap<Box<str>, u32, Random>,
    by_key_id: HashMap<Box<str>, (u32, SigningKey), Random>,
    /// By policy, then by consumer.
    limits: HashMap<Box<str>, HashMap<Box<str>, OwnLimit, Random>, Random>,
}

impl Consumers {
    /// Whose key it is. Takes no longer the more of it is right.
    pub(crate) fn of_key(&self, key: &[u8]) -> Option<&Arc<Consumer>> {
        self.at(*self.by_key.get(&Digest::of(key))?)
    }

    /// Who logs in under that name.
    pub(crate) fn of_user(&self, name: &str) -> Option<&User> {
        self.users.get(*self.by_user.get(name)? as usize)
    }

    /// Somebody whose password is as dear to look at as that of whoever asks might be: for a name that nobody has, always
    /// the same one for the same name, so that time does not tell such names from those of users. None where there are no
    /// users.
    pub(crate) fn decoy(&self, name: &str) -> Option<&PasswordHash> {
        use std::hash::BuildHasher as _;
        let users = self.users.len() as u64;
        let at = self.by_user.hasher().hash_one(name).checked_rem(users)?;
        self.users.get(at as usize).map(|user| &user.password)
    }

    /// Whose token says so: one of this issuer, with these claims. One that would make two consumers makes none.
    pub fn of_claims(&self, issuer: &str, claims: &dyn Entries) -> Option<Arc<Consumer>> {
        let mut found = None;
        for (claim, known) in self.by_claim.get(issuer)? {
            let Some(Value::Text(value)) = claims.get(claim) else { continue };
            let Some(number) = known.get(&*value) else { continue };
            if found.replace(*number).is_some_and(|other| other != *number) {
                return None;
            }
        }
        self.at(found?).cloned()
    }

    /// Whose certificate it is. One that would make two consumers makes none.
    pub(crate) fn of_certificate(&self, tls: &exchange::Tls) -> Option<&Arc<Consumer>> {
        let fingerprint = tls.fingerprint.and_then(|print| self.by_fingerprint.get(&Digest::new(print)));
        let holder: Option<&Holder> = tls.holder.as_ref();
        let subject = holder.and_then(|holder| self.by_subject.get(&holder.subject));
        let names = holder.into_iter().flat_map(|holder| holder.names.iter());
        let sans = names.filter_map(|name| self.by_san.get(name));
        let mut found = fingerprint.into_iter().chain(subject).chain(sans);
        let first = *found.next()?;
        if found.all(|other| *other == first) { self.at(first) } else { None }
    }

    /// Whose key signs under that name, and the key.
    pub(crate) fn of_key_id(&self, id: &str) -> Option<(&Arc<Consumer>, &SigningKey)> {
        let (number, key) = self.by_key_id.get(id)?;
        Some((self.at(*number)?, key))
    }

    /// What a consumer has of its own in place of what a named policy has for everyone.
    pub fn limit_of(&self, policy: &str, consumer: &str) -> Option<&OwnLimit> {
        self.limits.get(policy)?.get(consumer)
    }

    /// Whether any consumer has a limit of its own under that policy.
    pub fn limits_under(&self, policy: &str) -> bool {
        self.limits.contains_key(policy)
    }

    /// The policies under which some consumer has a limit of its own.
    pub fn limited(&self) -> impl Iterator<Item = &str> {
        self.limits.keys().map(|policy| &**policy)
    }

    /// The consumer of that name. Looks at each one.
    pub fn named(&self, name: &str) -> Option<&Arc<Consumer>> {
        self.all.iter().find(|one| *one.name == *name)
    }

    /// Every consumer's name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|one| &*one.name)
    }

    /// Whether the policy of that kind can find anyone among them; true for a kind that needs none.
    pub fn has_any_for(&self, kind: &str) -> bool {
        match kind {
            "api_key" => !self.by_key.is_empty(),
            "basic_auth" => !self.users.is_empty(),
            "hmac" => !self.by_key_id.is_empty(),
            _ => true,
        }
    }

    fn at(&self, number: u32) -> Option<&Arc<Consumer>> {
        self.all.get(number as usize)
    }
}

impl fmt::Debug for Consumers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Consumers({})", self.all.len())
    }
}
