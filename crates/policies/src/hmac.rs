//! `hmac: {covers: […]}`: a request is signed by a consumer's key (RFC 9421), whether that is a secret that both sides have
//! or a public key. Verifies; signs nothing.
//!
//! Order: the signature's own claims (who, when, over what) are looked at before anything is computed, the signature
//! before any content is read, and content only against a digest that the signature covers (RFC 9530). What is wrong is
//! 401 with the reason `bad_credentials`; content that is larger than `body` 413. Paths and hosts are signed in their
//! normalised form, which is what the service gets.
//!
//! Long because its order is what matters, and stands in one piece.

mod base;
mod content;
mod key;
mod nonces;
mod structured;
#[cfg(test)]
mod tests;

pub(crate) use key::SigningKey;

use crate::Consumers;
use crate::authenticate::{Authenticate, Credentials, Verdict};
use crate::build::Building;
use crate::held::{self, Account};
use crate::layers::{Levels, Origin};
use base::Component;
use nonces::{Nonces, Reused};
use pintle_core::config::{ByteSize, Diagnostic, Map, Node, Read, Reader, Spanned, TemplateText};
use pintle_core::fields::is_token;
use pintle_core::step::{BoxFuture, Outcome};
use pintle_core::{Exchange, Identity, Name, Reason, Refusal, Request, names};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use structured::{Item, Member, Parameters, dictionary};

pub(crate) const LEVELS: Levels = Levels::Authentication;

/// No request needs more signatures; each is looked at until one is of a consumer.
const MOST_SIGNATURES: usize = 8;
/// No signature needs to cover more.
const MOST_COVERED: usize = 64;

/// Verifies who signed a request (RFC 9421, HTTP Message Signatures), by the keys that consumers have under `hmac`. A
/// signature has `keyid` and `created`, and covers what is said here at least.
///
/// ```yaml
/// consumers:
///   - {name: acme, hmac: {key_id: acme-1, secret: {env: ACME_KEY}}}
///   - {name: ops, hmac: {key_id: ops-1, algorithm: ed25519, public_key: keys/ops.pem}}
/// routes:
///   - {match: /hooks/**, policies: [{hmac: {covers: ["@method", "@target-uri"], max_age: 1m, skew: 5s, nonce: true}}], proxy: orders}
///   - match: /files/**
///     policies: [{hmac: {content: false, body: 64KiB, tag: files, optional: true, forward: {x-signer: "${consumer.name}"}}}]
///     proxy: orders
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "way to verify signatures", check)]
pub struct Hmac {
    /// What a signature must cover: fields, and `@method`, `@authority`, `@scheme`, `@target-uri`, `@request-target`,
    /// `@path`, `@query` (RFC 9421 2.2). `@target-uri` covers all of a URL's parts, `@request-target` path and query.
    #[read(default = "['@method', '@authority', '@path', '@query']")]
    pub covers: Vec<Spanned<String>>,
    /// Content must be covered too, by `content-digest` (RFC 9530), and be what that says: a request with content that a
    /// signature does not cover is refused. Content is held in memory until it is known to be right.
    #[read(default = "true")]
    pub content: bool,
    /// The most content that is held; more is 413.
    #[read(default = "1MiB")]
    pub body: ByteSize,
    /// How old a signature may be, by its `created`. Its own `expires` may end it earlier.
    #[read(default = "5m")]
    pub max_age: Duration,
    /// By how much clocks may differ.
    #[read(default = "30s")]
    pub skew: Duration,
    /// The `tag` that a signature must have; others are passed over.
    pub tag: Option<Spanned<String>>,
    /// A signature must have a `nonce`, and is good once. What was seen is known to this process alone.
    #[read(default = "false")]
    pub nonce: bool,
    /// Lets a request without a signature through, as nobody. A wrong one is refused all the same.
    #[read(default = "false")]
    pub optional: bool,
    /// Fields for the service, with values that may name `consumer`. A client's own of those names are dropped, in
    /// whatever spelling.
    #[read(default)]
    pub forward: Map<TemplateText>,
}

impl Hmac {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let mut good = true;
        if let Some(covers) = node.get("covers").filter(|_| self.covers.is_empty()) {
            reader.expected("what a signature must cover", covers, "such as `[\"@method\", \"@target-uri\"]`");
            good = false;
        }
        for name in &self.covers {
            let derived = base::DERIVED.contains(&name.as_str());
            let field = !name.is_empty() && name.bytes().all(|byte| is_token(byte) && !byte.is_ascii_uppercase());
            if !derived && !field {
                let message = format!("`{name}` is nothing that a signature covers here");
                let help = format!("a field's name in small letters, or one of {}", base::DERIVED.join(", "));
                reader.report(Diagnostic::error("hmac", message, &name.span).help(help));
                good = false;
            }
        }
        if let Some(tag) = self.tag.as_ref().filter(|tag| !tag.bytes().all(|byte| (0x20..0x7f).contains(&byte))) {
            reader.error("hmac", "a tag is text in ASCII", &tag.span);
            good = false;
        }
        good.then_some(self)
    }
}

impl Credentials for Hmac {
    fn optional(&self) -> bool {
        self.optional
    }

    fn forward(&self) -> &Map<TemplateText> {
        &self.forward
    }
}

/// Builds the policy.
pub(crate) fn make(
    config: &Hmac,
    origin: Origin<'_>,
    building: &mut Building<'_, '_>,
) -> Option<Arc<dyn Authenticate>> {
    let lasting = &building.around.lasting;
    let covers: Box<[Box<str>]> = config.covers.iter().map(|name| name.as_str().into()).collect();
    let nonces =
        config.nonce.then(|| lasting.find("nonces", &origin.to_string(), |_| true, || Arc::new(Nonces::new())));
    Some(Arc::new(Signatures {
        wanted: wanted(config, &covers),
        covers,
        content: config.content,
        body: config.body,
        max_age: seconds(config.max_age),
        skew: seconds(config.skew),
        tag: config.tag.as_ref().map(|tag| tag.as_str().into()),
        nonces,
        account: Account::find(lasting),
        consumers: Arc::clone(&building.around.consumers),
    }))
}

fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX / 4)
}

/// What a client is told of the signature that is wanted (RFC 9421 5.1).
fn wanted(config: &Hmac, covers: &[Box<str>]) -> String {
    let mut all: Vec<String> = covers.iter().map(|name| format!("\"{name}\"")).collect();
    if config.content {
        all.push("\"content-digest\"".into());
    }
    let tag = config.tag.as_ref().map_or(String::new(), |tag| format!(";tag={:?}", tag.value));
    format!("sig=({});created{}{tag}", all.join(" "), if config.nonce { ";nonce" } else { "" })
}

struct Signatures {
    covers: Box<[Box<str>]>,
    content: bool,
    body: ByteSize,
    max_age: i64,
    skew: i64,
    tag: Option<Box<str>>,
    nonces: Option<Arc<Nonces>>,
    account: Arc<Account>,
    consumers: Arc<Consumers>,
    wanted: String,
}

const INPUT: &str = "signature-input";
const SIGNATURE: &str = "signature";
const DIGEST: &str = "content-digest";

/// Why a signature is not good; for the operator.
type Wrong = String;

/// A signature that verifies: whose, and whether it covers the content's digest.
struct Signed {
    identity: Identity,
    covers_content: bool,
}

impl Authenticate for Signatures {
    fn now(&self, exchange: &mut Exchange) -> Option<Verdict> {
        let request = &exchange.request;
        if !request.fields.contains(INPUT) && !request.fields.contains(SIGNATURE) {
            return Some(Verdict::Nobody);
        }
        // Then content may have to be read.
        if !request.body.is_empty() {
            return None;
        }
        Some(match self.verify(request, SystemTime::now()) {
            Ok(signed) => match content::matches(signed.covers_content, &request.fields, &[]) {
                Ok(()) => Verdict::Somebody(signed.identity),
                Err(why) => self.refused(why),
            },
            Err(why) => self.refused(why),
        })
    }

    fn may_wait(&self) -> bool {
        true
    }

    fn wait<'a>(&'a self, exchange: &'a mut Exchange) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            let signed = match self.verify(&exchange.request, SystemTime::now()) {
                Ok(signed) => signed,
                Err(why) => return self.refused(why),
            };
            if !signed.covers_content {
                return Verdict::Somebody(signed.identity);
            }
            let content = match held::take(exchange, self.body, &self.account).await {
                Ok(content) => content,
                Err(refusal) => return Verdict::Refused(refusal),
            };
            match content::matches(true, &exchange.request.fields, &content) {
                Ok(()) => Verdict::Somebody(signed.identity),
                Err(why) => self.refused(why),
            }
        })
    }

    fn challenge(&self) -> Option<&str> {
        Some("Signature")
    }

    fn reads(&self, _: &str) -> bool {
        // A signature may cover any.
        true
    }

    fn nobody(&self, _: &Exchange) -> Outcome {
        Err(self.told(Refusal::new(Reason::NoCredentials)))
    }
}

impl Signatures {
    fn refused(&self, why: Wrong) -> Verdict {
        Verdict::Refused(self.told(Refusal::new(Reason::BadCredentials).internal(why)))
    }

    fn told(&self, refusal: Refusal) -> Refusal {
        refusal.field(names::WWW_AUTHENTICATE, "Signature").field(Name::from("accept-signature"), &self.wanted)
    }

    /// Verifies the first signature that is of a consumer (RFC 9421 3.2).
    fn verify(&self, request: &Request, now: SystemTime) -> Result<Signed, Wrong> {
        let read = |name: &str| {
            let text = request.fields.joined(name).ok_or_else(|| format!("there is no `{name}`"))?;
            dictionary(&text).ok_or_else(|| format!("`{name}` is no dictionary (RFC 9651)"))
        };
        let (inputs, signatures) = (read(INPUT)?, read(SIGNATURE)?);
        if inputs.len() > MOST_SIGNATURES {
            return Err(format!("there are more than {MOST_SIGNATURES} signatures"));
        }
        for (label, member) in &inputs {
            let Member::List(covered, parameters) = member else { continue };
            if self.tag.is_some() && self.tag.as_deref() != parameters.text("tag") {
                continue;
            }
            let Some((consumer, key)) = parameters.text("keyid").and_then(|id| self.consumers.of_key_id(id)) else {
                continue;
            };
            let signature = signatures.iter().find(|(name, _)| name == label);
            let Some((_, Member::Item(Item { value: structured::Bare::Bytes(signature), .. }))) = signature else {
                return Err(format!("there is no signature `{label}`"));
            };
            let covers_content = self.covered(covered, request)?;
            let until = self.in_time(parameters, now)?;
            if parameters.get("alg").is_some() && parameters.text("alg") != Some(key.algorithm()) {
                return Err(format!("the key is one of `{}`, and `alg` says otherwise", key.algorithm()));
            }
            let base = base::base(covered, parameters, request)?;
            if !key.verifies(&base, signature) {
                return Err(format!("the signature `{label}` is not good"));
            }
            self.once(parameters, until, now)?;
            return Ok(Signed { identity: Identity::of(Arc::clone(consumer)), covers_content });
        }
        Err("no signature names a key that a consumer has".into())
    }

    /// Whether what must be covered is; and whether the content's digest is.
    fn covered(&self, covered: &[Item], request: &Request) -> Result<bool, Wrong> {
        if covered.len() > MOST_COVERED {
            return Err(format!("the signature covers more than {MOST_COVERED} components"));
        }
        let plain: Vec<&str> = covered.iter().filter_map(Component::plain).collect();
        for wanted in &self.covers {
            if !plain.iter().any(|name| base::includes(name, wanted)) {
                return Err(format!("the signature does not cover `{wanted}`"));
            }
        }
        let content = plain.contains(&DIGEST);
        if self.content && !content && !request.body.is_empty() {
            return Err("the signature does not cover the content, by `content-digest`".into());
        }
        Ok(content)
    }

    /// Whether the signature is of now; until when it can be, in seconds since 1970.
    fn in_time(&self, parameters: &Parameters, now: SystemTime) -> Result<i64, Wrong> {
        let now = seconds(now.duration_since(UNIX_EPOCH).unwrap_or_default());
        let created = parameters.integer("created").ok_or("the signature does not say when it was `created`")?;
        if created > now.saturating_add(self.skew) {
            return Err("the signature was `created` later than now".into());
        }
        let mut until = created.saturating_add(self.max_age);
        match (parameters.get("expires"), parameters.integer("expires")) {
            (None, _) => {}
            (Some(_), Some(expires)) => until = until.min(expires),
            (Some(_), None) => return Err("`expires` is no whole number".into()),
        }
        until = until.saturating_add(self.skew);
        if until < now {
            return Err("the signature is too old".into());
        }
        Ok(until)
    }

    /// Whether its nonce is new, where one is asked for.
    fn once(&self, parameters: &Parameters, until: i64, now: SystemTime) -> Result<(), Wrong> {
        let Some(nonces) = &self.nonces else { return Ok(()) };
        let nonce = parameters.text("nonce").filter(|nonce| !nonce.is_empty()).ok_or("the signature has no `nonce`")?;
        let key = parameters.text("keyid").unwrap_or_default();
        let now = seconds(now.duration_since(UNIX_EPOCH).unwrap_or_default());
        nonces.take(key, nonce, until, now).map_err(|reused| match reused {
            Reused::Seen => "the signature's `nonce` was seen before".into(),
            Reused::Full => "too many nonces are remembered".into(),
        })
    }
}
