//! `jwt: {issuer, audience, …}`: a request comes from whoever its token says, if the token is signed by the issuer's keys
//! and holds here and now (RFC 7519, RFC 8725; what is refused is in `pintle-jose`).
//!
//! An inner authentication replaces all outer ones. Keys come from the issuer, in the background (`issuer.rs`), or from
//! files; a token that was taken is remembered by its digest until it is over, its keys change or these settings do. A
//! request waits for keys where there are none yet, and where its token's `kid` is new; everything else is decided at once.

mod config;
mod counts;
mod keys;

pub(crate) use config::Jwt;
pub(crate) use counts::{Counts, FAMILIES};

use crate::Consumers;
use crate::authenticate::{Authenticate, Verdict};
use crate::bearer::{self, Sent, TokenPlace};
use crate::build::Building;
use crate::layers::{Levels, Origin};
use crate::remembered::{Digest, Digester, Remembered};
use keys::Keys;
use pintle_core::json::Object;
use pintle_core::step::BoxFuture;
use pintle_core::{Exchange, Identity, Reason, Refusal};
use pintle_jose::{Algorithms, Compact, Flaw, KeySet, Rules};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub(crate) const LEVELS: Levels = Levels::Authentication;

/// How long a request waits for keys.
const PATIENCE: Duration = Duration::from_secs(5);

/// How much the tokens of one policy may take in memory while they are remembered.
const MEMORY: usize = 32 << 20;

/// A tree of claims takes about so many times what its token has in letters.
const TREE: usize = 4;

/// What an instance of the policy remembers, over reloads too while its settings are the same.
struct Memory {
    rules: Rules,
    algorithms: Algorithms,
    digester: Digester,
    tokens: Remembered<Arc<Object>>,
}

/// The policy, ready to run.
struct Reader {
    at: TokenPlace,
    keys: Keys,
    memory: Arc<Memory>,
    consumers: Arc<Consumers>,
    counts: Arc<Counts>,
}

/// Builds it; what is wrong is reported.
pub(crate) fn make(
    settings: &Jwt,
    origin: Origin<'_>,
    building: &mut Building<'_, '_>,
) -> Option<Arc<dyn Authenticate>> {
    let at =
        TokenPlace::build(settings.header.as_ref(), settings.cookie.as_ref(), settings.query.as_ref(), building.reader);
    let keys = Keys::build(settings, building);
    let (at, keys) = (at?, keys?);
    let (rules, algorithms) = (settings.rules(), settings.algorithms());
    let same = |known: &Memory| known.rules == rules && known.algorithms == algorithms;
    let make = || {
        let (digester, tokens) = (Digester::new(), Remembered::new(MEMORY));
        Arc::new(Memory { rules: rules.clone(), algorithms: algorithms.clone(), digester, tokens })
    };
    let memory = building.around.lasting.find("jwt", &origin.to_string(), same, make);
    let consumers = Arc::clone(&building.around.consumers);
    let counts = Arc::clone(&building.around.defaults.counts.jwt);
    Some(Arc::new(Reader { at, keys, memory, consumers, counts }))
}

impl Reader {
    /// Judges a token by these keys.
    fn judge(&self, token: &str, digest: Digest, keys: &KeySet, number: u64, now: Duration) -> Result<Verdict, Flaw> {
        let compact = Compact::read(token)?;
        let claims = compact.verified(keys, &self.memory.algorithms)?;
        let until = self.memory.rules.check(compact.header(), &claims, now)?;
        let claims = Arc::new(claims);
        self.memory.tokens.put(digest, number, until, Arc::clone(&claims), token.len() * TREE);
        self.counts.verified.add(1);
        Ok(self.somebody(claims))
    }

    fn somebody(&self, claims: Arc<Object>) -> Verdict {
        let consumer = self.consumers.of_claims(&self.memory.rules.issuer, &*claims);
        Verdict::Somebody(Identity { consumer, claims: Some(claims) })
    }

    fn refused(&self, flaw: &Flaw) -> Verdict {
        self.counts.refused(flaw);
        let why = format!("jwt: {flaw} ({})", flaw.word());
        Verdict::Refused(match flaw {
            Flaw::Expired(_) | Flaw::NotYet(_) => bearer::untimely(why),
            _ => bearer::invalid(why),
        })
    }

    /// Judges a token, waiting for keys where that may help.
    async fn judged(&self, token: &str, deadline: Instant) -> Verdict {
        let digest = self.memory.digester.of(token);
        let Some(found) = self.keys.first(deadline).await else {
            self.counts.keyless.add(1);
            return Verdict::Refused(Refusal::new(Reason::AuthUnavailable).internal(self.keys.why()));
        };
        let judged = self.judge(token, digest, found.keys(), found.number(), now());
        let Err(Flaw::UnknownKey) = judged else { return judged.unwrap_or_else(|flaw| self.refused(&flaw)) };
        match self.keys.newer(deadline).await {
            None => self.refused(&Flaw::UnknownKey),
            Some(found) => {
                let judged = self.judge(token, digest, found.keys(), found.number(), now());
                judged.unwrap_or_else(|flaw| self.refused(&flaw))
            }
        }
    }
}

impl Authenticate for Reader {
    fn now(&self, exchange: &mut Exchange) -> Option<Verdict> {
        let token = match self.at.read(exchange) {
            Sent::Nothing => return Some(Verdict::Nobody),
            Sent::Wrong(why) => {
                self.counts.malformed.add(1);
                return Some(Verdict::Refused(bearer::malformed(why)));
            }
            Sent::Token(token) => token,
        };
        let found = self.keys.now()?;
        let (digest, now) = (self.memory.digester.of(&token), now());
        if let Some(claims) = self.memory.tokens.get(&digest, found.number(), now) {
            self.counts.remembered.add(1);
            return Some(self.somebody(claims));
        }
        match self.judge(&token, digest, found.keys(), found.number(), now) {
            Err(Flaw::UnknownKey) if self.keys.may_be_newer() => None,
            judged => Some(judged.unwrap_or_else(|flaw| self.refused(&flaw))),
        }
    }

    fn may_wait(&self) -> bool {
        self.keys.may_change()
    }

    fn wait<'a>(&'a self, exchange: &'a mut Exchange) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            let own = Instant::now() + PATIENCE;
            let deadline = exchange.deadline.map_or(own, |deadline| deadline.min(own));
            match self.at.read(exchange) {
                Sent::Token(token) => self.judged(&token, deadline).await,
                // `now` has seen to the others.
                _ => Verdict::Nobody,
            }
        })
    }

    fn challenge(&self) -> Option<&str> {
        Some(bearer::CHALLENGE)
    }
}

/// The time since 1970, by the system's clock. Before 1970 no token is valid.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
