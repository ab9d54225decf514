//! `consumers`: the people and programs that the configuration knows, and how each is recognised. Owns the names and what
//! finds them; what credentials look like in a request is for the policies that read them.

use pintle_core::Consumer;
use pintle_core::config::{Diagnostic, Map, Read, Reader, Spanned};
use pintle_core::template::{Entries, Value};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::Arc;

/// A person or a program that routes know by name and groups.
///
/// ```yaml
/// consumers:
///   - name: acme
///     groups: [partners]
///     jwt: {issuer: https://login.example.com/, claim: {sub: 7d1c}}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "consumer")]
pub struct ConsumerConfig {
    /// The unique name: what logs say, and expressions as `consumer.name`.
    pub name: Spanned<String>,
    /// Groups, which expressions know as `consumer.groups`.
    #[read(default)]
    pub groups: Vec<String>,
    /// The token that makes it this one. Without it no token does, whatever it says.
    pub jwt: Option<Spanned<TokenOf>>,
}

/// What a token must say to be of a consumer.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "token's description")]
pub struct TokenOf {
    /// Who issued it: the token's `iss`, to the letter.
    pub issuer: String,
    /// A claim and its value, as `{sub: 7d1c}`.
    pub claim: Map<String>,
}

/// Every consumer, by what each is recognised by.
#[derive(Default)]
pub struct Consumers {
    /// By issuer and claim, then by the claim's value.
    by_claim: HashMap<(Box<str>, Box<str>), HashMap<Box<str>, Arc<Consumer>>>,
    count: usize,
}

impl Consumers {
    /// Puts them together; two that could not be told apart are reported.
    pub fn new<'c>(
        configs: impl IntoIterator<Item = &'c Spanned<ConsumerConfig>>,
        reader: &mut Reader,
    ) -> Option<Arc<Self>> {
        let mut consumers = Consumers::default();
        let mut names = HashMap::new();
        let mut good = true;
        for config in configs {
            match names.entry(config.name.as_str()) {
                Entry::Vacant(free) => drop(free.insert(&config.name.span)),
                Entry::Occupied(taken) => {
                    let message = format!("two consumers are named `{}`", config.name.value);
                    let twice = Diagnostic::error("same-name", message, &config.name.span);
                    reader.report(twice.also(taken.get(), "the other one").help("give one of them another name"));
                    good = false;
                    continue;
                }
            }
            let consumer = Arc::new(Consumer {
                name: config.name.as_str().into(),
                groups: config.groups.iter().map(|group| group.as_str().into()).collect(),
            });
            consumers.count += 1;
            if let Some(token) = &config.jwt {
                good &= consumers.add_claims(token, &consumer, reader);
            }
        }
        good.then(|| Arc::new(consumers))
    }

    fn add_claims(&mut self, token: &Spanned<TokenOf>, consumer: &Arc<Consumer>, reader: &mut Reader) -> bool {
        let mut claims = token.claim.iter();
        let (Some((claim, value)), None) = (claims.next(), claims.next()) else {
            let message = "a consumer is known by one claim";
            reader.report(Diagnostic::error("consumer", message, &token.span).help("write `claim: {sub: VALUE}`"));
            return false;
        };
        let key = (token.issuer.as_str().into(), claim.as_str().into());
        let others = self.by_claim.entry(key).or_default();
        if let Some(other) = others.insert(value.as_str().into(), Arc::clone(consumer)) {
            let message = format!("`{}` and `{}` are known by the same token", other.name, consumer.name);
            reader.report(Diagnostic::error("same-credentials", message, &token.span));
            return false;
        }
        true
    }

    /// Whose token says so: one of this issuer, with these claims.
    pub fn of_claims(&self, issuer: &str, claims: &dyn Entries) -> Option<Arc<Consumer>> {
        self.by_claim.iter().filter(|((of, _), _)| **of == *issuer).find_map(|((_, claim), known)| {
            let Value::Text(value) = claims.get(claim)? else { return None };
            known.get(&*value).cloned()
        })
    }
}

impl fmt::Debug for Consumers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Consumers({})", self.count)
    }
}
