//! `introspect: {url, client_id, client_secret, …}`: a request comes from whoever its token is of, as the service says that
//! issued it (RFC 7662). For tokens that say nothing by themselves, and for those that can be revoked.
//!
//! An inner authentication replaces all outer ones. What the service says is remembered by the token's digest, within a
//! bound: that it holds for `cache` at most, and never past its `exp`; that it does not for a few seconds. The request
//! waits for the service, no longer than `timeout`; without an answer it is refused with 503.

mod ask;
mod config;

pub(crate) use config::Introspect;

use crate::Consumers;
use crate::authenticate::{Authenticate, Verdict};
use crate::bearer::{self, Sent, TokenPlace};
use crate::build::Building;
use crate::layers::{Levels, Origin};
use crate::remembered::{Digest, Digester, Remembered};
use ask::Asking;
use pintle_core::counters::{Count, Counters, Family};
use pintle_core::json::Object;
use pintle_core::step::BoxFuture;
use pintle_core::{Exchange, Identity, Reason, Refusal};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub(crate) const LEVELS: Levels = Levels::Authentication;

/// How much the good tokens of one policy may take in memory while they are remembered.
const MEMORY: usize = 32 << 20;
/// The same for those that are not: anybody can make them.
const MEMORY_OF_BAD: usize = 2 << 20;
/// How long it is remembered that a token is not good. Shortly: it may be one that the service learns of only now.
const BAD_FOR: Duration = Duration::from_secs(5);
/// The longest token that is asked about.
const LONGEST: usize = 16 * 1024;

static TOKENS: Family = Family::counter(
    "pintle_introspect_tokens_total",
    "Tokens that `introspect` looked at, by what came of it.",
    &["result"],
);

/// All that is counted here.
pub(crate) const FAMILIES: &[&Family] = &[&TOKENS];

/// The counters.
pub(crate) struct Counts {
    remembered: Arc<dyn Count>,
    active: Arc<dyn Count>,
    refused: Arc<dyn Count>,
    unanswered: Arc<dyn Count>,
}

impl Counts {
    pub(crate) fn new(counters: &dyn Counters) -> Self {
        let counter = |result| counters.counter(&TOKENS, &[result]);
        Counts {
            remembered: counter("remembered"),
            active: counter("active"),
            refused: counter("refused"),
            unanswered: counter("no_answer"),
        }
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counts")
    }
}

/// What an instance of the policy remembers, over reloads too while its settings are the same.
struct Memory {
    /// The settings that what is remembered depends on.
    of: String,
    digester: Digester,
    good: Remembered<Arc<Object>>,
    bad: Remembered<Bad>,
}

/// Why a token is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bad {
    /// The service says so.
    Inactive,
    /// Its time is over, or has not begun.
    Untimely,
    /// It is of another issuer, for others, or lacks what is required.
    NotForUs(&'static str),
}

/// The policy, ready to run.
struct Reader {
    at: TokenPlace,
    asking: Asking,
    /// What must hold beside that it is active.
    wanted: Wanted,
    cache: Duration,
    memory: Arc<Memory>,
    consumers: Arc<Consumers>,
    counts: Arc<Counts>,
}

/// What an answer must say beside that the token is active.
struct Wanted {
    issuer: Option<Box<str>>,
    audience: Box<[Box<str>]>,
    required: Box<[Box<str>]>,
}

/// Builds it; what is wrong is reported.
pub(crate) fn make(
    settings: &Introspect,
    origin: Origin<'_>,
    building: &mut Building<'_, '_>,
) -> Option<Arc<dyn Authenticate>> {
    let at =
        TokenPlace::build(settings.header.as_ref(), settings.cookie.as_ref(), settings.query.as_ref(), building.reader);
    let asking = Asking::build(settings, building);
    let (at, asking) = (at?, asking?);
    let all = |names: &[String]| names.iter().map(|name| name.as_str().into()).collect();
    let wanted = Wanted {
        issuer: settings.issuer.as_deref().map(Into::into),
        audience: all(&settings.audience),
        required: all(&settings.require),
    };
    let of = settings.identity();
    let make = || {
        let (good, bad) = (Remembered::new(MEMORY), Remembered::new(MEMORY_OF_BAD));
        Arc::new(Memory { of: of.clone(), digester: Digester::new(), good, bad })
    };
    let memory = building.around.lasting.find("introspect", &origin.to_string(), |known: &Memory| known.of == of, make);
    let consumers = Arc::clone(&building.around.consumers);
    let counts = Arc::clone(&building.around.defaults.counts.introspect);
    Some(Arc::new(Reader { at, asking, wanted, cache: settings.cache, memory, consumers, counts }))
}

impl Reader {
    fn somebody(&self, claims: Arc<Object>) -> Verdict {
        let issuer = claims.text("iss").or(self.wanted.issuer.as_deref());
        let consumer = issuer.and_then(|issuer| self.consumers.of_claims(issuer, &*claims));
        Verdict::Somebody(Identity { consumer, claims: Some(claims) })
    }

    fn refused(&self, bad: Bad) -> Verdict {
        self.counts.refused.add(1);
        Verdict::Refused(match bad {
            Bad::Inactive => bearer::invalid("introspect: the service says that the token is not active".into()),
            Bad::Untimely => bearer::untimely("introspect: the token's time is over, or has not begun".into()),
            Bad::NotForUs(why) => bearer::invalid(format!("introspect: {why}")),
        })
    }

    /// What an answer is worth at `now`, and until when.
    fn judge(&self, answer: &Object, now: Duration) -> Result<Duration, Bad> {
        use pintle_core::template::{Entries, Value};
        if !matches!(answer.get("active"), Some(Value::Bool(true))) {
            return Err(Bad::Inactive);
        }
        let time = |name| match (answer.has(name), answer.number(name)) {
            (false, _) => Ok(None),
            (true, Some(text)) => match text.parse::<f64>() {
                Ok(seconds) if (0.0..1e12).contains(&seconds) => Ok(Some(Duration::from_secs_f64(seconds))),
                _ => Err(Bad::NotForUs("a time in the answer is none")),
            },
            (true, None) => Err(Bad::NotForUs("a time in the answer is no number")),
        };
        let (ends, begins) = (time("exp")?, time("nbf")?);
        if ends.is_some_and(|ends| now >= ends) || begins.is_some_and(|begins| begins > now + SKEW) {
            return Err(Bad::Untimely);
        }
        if self.wanted.issuer.as_deref().is_some_and(|issuer| answer.text("iss") != Some(issuer)) {
            return Err(Bad::NotForUs("the token is of another issuer"));
        }
        if !self.wanted.audience.is_empty() {
            let named = match (answer.text("aud"), answer.array("aud")) {
                (Some(one), _) => vec![one],
                (None, several) => several.and_then(|several| several.texts()).unwrap_or_default(),
            };
            if !named.iter().any(|name| self.wanted.audience.iter().any(|our| **our == **name)) {
                return Err(Bad::NotForUs("the token is for others"));
            }
        }
        let is_there = |name: &str| !matches!(answer.get(name), None | Some(Value::Null));
        if !self.wanted.required.iter().all(|name| is_there(name)) {
            return Err(Bad::NotForUs("a claim that is required is missing"));
        }
        let cached = now.saturating_add(self.cache);
        Ok(ends.map_or(cached, |ends| cached.min(ends)))
    }

    fn known(&self, digest: &Digest, now: Duration) -> Option<Verdict> {
        if let Some(claims) = self.memory.good.get(digest, 0, now) {
            self.counts.remembered.add(1);
            return Some(self.somebody(claims));
        }
        self.memory.bad.get(digest, 0, now).map(|bad| self.refused(bad))
    }

    async fn asked(&self, token: &str, deadline: Option<Instant>) -> Verdict {
        let digest = self.memory.digester.of(token);
        let answer = match self.asking.ask(token, deadline).await {
            Ok(answer) => answer,
            Err(why) => {
                self.counts.unanswered.add(1);
                return Verdict::Refused(Refusal::new(Reason::AuthUnavailable).internal(format!("introspect: {why}")));
            }
        };
        let now = now();
        match self.judge(&answer, now) {
            Ok(until) => {
                self.counts.active.add(1);
                let answer = Arc::new(answer);
                if !self.cache.is_zero() {
                    let weight = answer.source().len() * 3;
                    self.memory.good.put(digest, 0, until, Arc::clone(&answer), weight);
                }
                self.somebody(answer)
            }
            Err(bad) => {
                self.memory.bad.put(digest, 0, now + BAD_FOR, bad, 0);
                self.refused(bad)
            }
        }
    }
}

/// How far the service's clock and this one may differ where a token has not begun.
const SKEW: Duration = Duration::from_secs(30);

impl Authenticate for Reader {
    fn now(&self, exchange: &mut Exchange) -> Option<Verdict> {
        match self.at.read(exchange) {
            Sent::Nothing => Some(Verdict::Nobody),
            Sent::Wrong(why) => Some(Verdict::Refused(bearer::malformed(why))),
            Sent::Token(token) if token.len() > LONGEST || !token.bytes().all(|byte| byte.is_ascii_graphic()) => {
                self.counts.refused.add(1);
                Some(Verdict::Refused(bearer::invalid("introspect: this can be no token".into())))
            }
            Sent::Token(token) => self.known(&self.memory.digester.of(&token), now()),
        }
    }

    fn may_wait(&self) -> bool {
        true
    }

    fn wait<'a>(&'a self, exchange: &'a mut Exchange) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            let deadline = exchange.deadline;
            match self.at.read(exchange) {
                Sent::Token(token) => self.asked(&token, deadline).await,
                // `now` has seen to the others.
                _ => Verdict::Nobody,
            }
        })
    }

    fn challenge(&self) -> Option<&str> {
        Some(bearer::CHALLENGE)
    }
}

/// The time since 1970, by the system's clock.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
