//! From what is written to what finds a consumer. Each thing that finds finds one consumer; what two have is reported
//! with both names.

use super::known_by::{ApiKeyOf, BasicAuthOf, CertificateOf, SigningKeyOf, TokenOf};
use super::{ConsumerConfig, ConsumerEntry, Consumers, Random, User};
use crate::digest::Digest;
use crate::hmac::SigningKey;
use pintle_core::Consumer;
use pintle_core::config::{Diagnostic, Reader, Span, Spanned};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::Arc;

/// It goes into headers and logs.
const LONGEST_NAME: usize = 128;
/// What one consumer may have of keys, tokens, certificates each.
const MOST_OF_ONE: usize = 64;

impl Consumers {
    /// Puts them together, and reads the files that entries name. What is wrong is reported; a secret that is not there is a
    /// mistake where somebody is served.
    pub fn new<'c>(
        entries: impl IntoIterator<Item = &'c ConsumerEntry>,
        serves: bool,
        reader: &mut Reader,
    ) -> Option<Arc<Self>> {
        let mut building = Build { serves, ..Build::default() };
        for entry in entries {
            let good = match entry {
                ConsumerEntry::One(one) => building.add(&one.value, &one.span, reader),
                ConsumerEntry::File(file) => {
                    file.each(reader, &mut |one, span, reader| building.add(one, span, reader)).is_some()
                }
            };
            building.broken |= !good;
        }
        let Build { mut consumers, broken, .. } = building;
        consumers.all.shrink_to_fit();
        (!broken).then(|| Arc::new(consumers))
    }
}

#[derive(Default)]
struct Build {
    consumers: Consumers,
    /// Where each name stands.
    names: HashMap<Box<str>, Span, Random>,
    broken: bool,
    serves: bool,
}

impl Build {
    /// Adds one; false if something was reported.
    fn add(&mut self, config: &ConsumerConfig, at: &Span, reader: &mut Reader) -> bool {
        if !self.take_name(&config.name, reader) {
            return false;
        }
        let number = self.consumers.all.len() as u32;
        self.consumers.all.push(Arc::new(Consumer {
            name: config.name.as_str().into(),
            groups: config.groups.iter().map(|group| group.as_str().into()).collect(),
        }));
        let counts = [config.api_keys.len(), config.jwt.len(), config.client_certificate.len(), config.hmac.len()];
        if counts.into_iter().any(|count| count > MOST_OF_ONE) {
            let message = format!("`{}` has more than {MOST_OF_ONE} of one kind of credentials", config.name.value);
            reader.error("consumer", message, at);
            return false;
        }
        let mut good = true;
        for key in &config.api_keys {
            good &= self.key(number, key, reader);
        }
        if let Some(user) = &config.basic_auth {
            good &= self.user(number, user, reader);
        }
        for token in &config.jwt {
            good &= self.token(number, token, reader);
        }
        for certificate in &config.client_certificate {
            good &= self.certificate(number, certificate, reader);
        }
        for key in &config.hmac {
            good &= self.signing_key(number, key, reader);
        }
        for (policy, limit) in &config.limits {
            let of_policy = self.consumers.limits.entry(policy.as_str().into()).or_default();
            of_policy.insert(config.name.as_str().into(), limit.clone());
        }
        good
    }

    fn take_name(&mut self, name: &Spanned<String>, reader: &mut Reader) -> bool {
        if name.is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
            let message = "this is no name for a consumer";
            let help = format!("1 to {LONGEST_NAME} bytes of text without control characters");
            reader.report(Diagnostic::error("consumer", message, &name.span).help(help));
            return false;
        }
        match self.names.entry(name.as_str().into()) {
            Entry::Vacant(free) => drop(free.insert(name.span.clone())),
            Entry::Occupied(taken) => {
                let message = format!("two consumers are named `{}`", name.value);
                let twice = Diagnostic::error("same-name", message, &name.span);
                reader.report(twice.also(taken.get(), "the other one").help("give one of them another name"));
                return false;
            }
        }
        true
    }

    fn key(&mut self, number: u32, key: &Spanned<ApiKeyOf>, reader: &mut Reader) -> bool {
        let digest = match &key.value {
            ApiKeyOf::Sha256(digest) => digest.0,
            ApiKeyOf::Secret(secret) => match secret.resolve() {
                Ok(secret) => Digest::of(secret.expose_bytes()),
                Err(why) => return self.missing(why, &key.span, reader),
            },
        };
        only(&mut self.consumers.by_key, digest, number)
            .unless(|other| self.same(number, other, "key", &key.span, reader))
    }

    fn user(&mut self, number: u32, user: &Spanned<BasicAuthOf>, reader: &mut Reader) -> bool {
        let Some(consumer) = self.consumers.at(number).cloned() else { return false };
        let at = self.consumers.users.len() as u32;
        if let Err(other) = only(&mut self.consumers.by_user, user.username.as_str().into(), at) {
            let other = self.consumers.users.get(other as usize).map_or("", |user| &*user.consumer.name);
            let message = format!("`{other}` and `{}` have the same user name", consumer.name);
            reader.error("same-credentials", message, &user.username.span);
            return false;
        }
        self.consumers.users.push(User { consumer, password: user.password.clone() });
        true
    }

    fn token(&mut self, number: u32, token: &Spanned<TokenOf>, reader: &mut Reader) -> bool {
        let mut claims = token.claim.iter();
        let (Some((claim, value)), None) = (claims.next(), claims.next()) else {
            let message = "a consumer is known by one claim";
            reader.report(Diagnostic::error("consumer", message, &token.span).help("write `claim: {sub: VALUE}`"));
            return false;
        };
        let of_issuer = self.consumers.by_claim.entry((*token.issuer).into()).or_default();
        let known = match of_issuer.iter().position(|(name, _)| **name == *claim.value) {
            Some(at) => &mut of_issuer[at].1,
            None => {
                of_issuer.push((claim.as_str().into(), HashMap::default()));
                let last = of_issuer.len() - 1;
                &mut of_issuer[last].1
            }
        };
        only(known, value.as_str().into(), number)
            .unless(|other| self.same(number, other, "token", &token.span, reader))
    }

    fn certificate(&mut self, number: u32, certificate: &Spanned<CertificateOf>, reader: &mut Reader) -> bool {
        let all = &mut self.consumers;
        let taken = match &certificate.value {
            CertificateOf::Fingerprint(print) => only(&mut all.by_fingerprint, print.0, number),
            CertificateOf::Subject(subject) => only(&mut all.by_subject, subject.0.clone(), number),
            CertificateOf::San(name) => only(&mut all.by_san, name.0.clone(), number),
        };
        taken.unless(|other| self.same(number, other, "certificate", &certificate.span, reader))
    }

    fn signing_key(&mut self, number: u32, key: &Spanned<SigningKeyOf>, reader: &mut Reader) -> bool {
        let secret = match key.secret.as_ref().map(|secret| secret.resolve()).transpose() {
            Ok(secret) => secret,
            Err(why) => return self.missing(why, &key.span, reader),
        };
        let made = match SigningKey::new(&key.value, secret.as_ref()) {
            Ok(made) => made,
            Err(why) => {
                reader.error("no-secret", why, &key.span);
                return false;
            }
        };
        let taken = match self.consumers.by_key_id.entry(key.key_id.as_str().into()) {
            Entry::Vacant(free) => {
                free.insert((number, made));
                Ok(())
            }
            Entry::Occupied(taken) => Err(taken.get().0),
        };
        taken.unless(|other| self.same(number, other, "`key_id`", &key.key_id.span, reader))
    }

    /// Reports a secret that cannot be had. What the machine has is no matter of a configuration that serves nobody.
    fn missing(&self, why: String, at: &Span, reader: &mut Reader) -> bool {
        reader.report(match self.serves {
            true => Diagnostic::error("no-secret", why, at),
            false => Diagnostic::warning("no-secret", why, at),
        });
        !self.serves
    }

    /// Reports that two consumers have the same of something; always false.
    fn same(&self, number: u32, other: u32, what: &str, at: &Span, reader: &mut Reader) -> bool {
        let name = |number| self.consumers.at(number).map_or("", |one| &*one.name);
        let message = match number == other {
            true => format!("`{}` has the same {what} twice", name(number)),
            false => format!("`{}` and `{}` have the same {what}", name(other), name(number)),
        };
        reader.error("same-credentials", message, at);
        false
    }
}

/// Puts a number under a key that nothing has; else the number that is there.
fn only<K: Eq + Hash>(map: &mut HashMap<K, u32, Random>, key: K, number: u32) -> Result<(), u32> {
    match map.entry(key) {
        Entry::Vacant(free) => {
            free.insert(number);
            Ok(())
        }
        Entry::Occupied(taken) => Err(*taken.get()),
    }
}

/// What becomes of a number that was there.
trait Unless {
    fn unless(self, taken: impl FnOnce(u32) -> bool) -> bool;
}

impl Unless for Result<(), u32> {
    fn unless(self, taken: impl FnOnce(u32) -> bool) -> bool {
        self.map_or_else(taken, |()| true)
    }
}
