//! `api_key: {header: x-api-key}`, or `query:`, or `cookie:`: a key says which consumer it is. Keys are known by their
//! SHA-256; looking for one takes no longer the more of it is right.
//!
//! The key is taken off the request, so that no service sees it, unless `keep: true`. One that nobody has, and several
//! of one name, are 401 with the reason `bad_credentials`.

mod carrier;
#[cfg(test)]
mod tests;

use crate::Consumers;
use crate::authenticate::{Authenticate, Credentials, Verdict};
use crate::build::Building;
use crate::layers::{Levels, Origin};
use carrier::{Carrier, Found};
use pintle_core::config::{Diagnostic, Map, Node, Read, Reader, Span, Spanned, TemplateText};
use pintle_core::{Exchange, Identity, Reason, Refusal, names};
use std::sync::Arc;

pub(crate) const LEVELS: Levels = Levels::Authentication;

/// No key is longer: `pintle hash` makes none of them.
const LONGEST: usize = 512;

/// Finds the consumer whose key the request carries. One of `header`, `query` and `cookie` says where; a request may have
/// one key there. The service does not see it.
///
/// ```yaml
/// consumers:
///   - {name: acme, groups: [partners], api_keys: [{sha256: 4f2d5cb01ef1e0fbb8f4f7c2b1a3a0b5e8a4fbd47b54a7f2f80a7c6d2f7b1a9e}]}
/// policies: {partner-key: {api_key: {header: x-api-key, forward: {x-partner: "${consumer.name}"}}}}
/// routes:
///   - {match: /partners/**, policies: [partner-key], proxy: orders}
///   - {match: /feed, policies: [{api_key: {query: key, keep: true}}], proxy: orders}
///   - {match: /news, policies: [{api_key: {cookie: key, optional: true}}], proxy: orders}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "way to send a key", check)]
pub struct ApiKey {
    /// The header that has the key and nothing else.
    pub header: Option<Spanned<String>>,
    /// The parameter of the query that has it. It stands in the URL, which clients and others on the way may write down.
    pub query: Option<Spanned<String>>,
    /// The cookie that has it.
    pub cookie: Option<Spanned<String>>,
    /// Leaves the key on the request, for the service.
    #[read(default = "false")]
    pub keep: bool,
    /// Lets a request without a key through, as nobody. A wrong one is refused all the same.
    #[read(default = "false")]
    pub optional: bool,
    /// Fields for the service, with values that may name `consumer`. A client's own of those names are dropped, in
    /// whatever spelling.
    #[read(default)]
    pub forward: Map<TemplateText>,
    #[read(span)]
    at: Span,
}

impl ApiKey {
    fn check(self, _: &Node, reader: &mut Reader) -> Option<Self> {
        let given = [&self.header, &self.query, &self.cookie].into_iter().flatten().count();
        if given != 1 {
            let message = match given {
                0 => "where the key is found is not said",
                _ => "a key is found in one place",
            };
            let help = "write one of `header`, `query` and `cookie`; for several, `any: [{api_key: …}, {api_key: …}]`";
            reader.report(Diagnostic::error("api-key", message, &self.at).help(help));
            return None;
        }
        Carrier::new(&self, reader).is_some().then_some(self)
    }

    /// The keys that say where the key is found.
    pub(crate) const PLACES: [&'static str; 3] = ["header", "query", "cookie"];

    /// The name under which the key comes: what must not be shown of requests.
    pub(crate) fn name(&self) -> Option<&str> {
        let mut all = [&self.header, &self.query, &self.cookie].into_iter().flatten();
        all.next().map(|name| name.as_str())
    }
}

impl Credentials for ApiKey {
    fn optional(&self) -> bool {
        self.optional
    }

    fn forward(&self) -> &Map<TemplateText> {
        &self.forward
    }
}

/// Builds the policy.
pub(crate) fn make(config: &ApiKey, _: Origin<'_>, building: &mut Building<'_, '_>) -> Option<Arc<dyn Authenticate>> {
    let carrier = Carrier::new(config, building.reader)?;
    let challenge = carrier.challenge();
    let consumers = Arc::clone(&building.around.consumers);
    Some(Arc::new(Keys { carrier, keep: config.keep, challenge, consumers }))
}

struct Keys {
    carrier: Carrier,
    keep: bool,
    challenge: String,
    consumers: Arc<Consumers>,
}

impl Authenticate for Keys {
    fn now(&self, exchange: &mut Exchange) -> Option<Verdict> {
        let request = &mut exchange.request;
        let consumer = match self.carrier.find(request) {
            Found::Nothing => {
                // Not one that nobody looked at either: a trailer, another spelling.
                if !self.keep {
                    self.carrier.remove_unread(request);
                }
                return Some(Verdict::Nobody);
            }
            Found::Several => Err("there are several keys"),
            Found::Key(key) if key.is_empty() => Err("the key is empty"),
            Found::Key(key) if key.len() > LONGEST => Err("the key is longer than any"),
            Found::Key(key) => self.consumers.of_key(&key).cloned().ok_or("no consumer has this key"),
        };
        // Wrong ones too: with `any`, something else may let the request through.
        if !self.keep {
            self.carrier.remove(request);
        }
        Some(match consumer {
            Ok(consumer) => Verdict::Somebody(Identity::of(consumer)),
            Err(why) => {
                let refusal = Refusal::new(Reason::BadCredentials).internal(why);
                Verdict::Refused(refusal.field(names::WWW_AUTHENTICATE, &self.challenge))
            }
        })
    }

    fn challenge(&self) -> Option<&str> {
        Some(&self.challenge)
    }

    fn reads(&self, name: &str) -> bool {
        self.carrier.is_in(name)
    }
}
