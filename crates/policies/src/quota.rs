//! `quota: {limit, per, zone, key, …}`: how many requests may be made in an hour, a day or a month of the calendar.
//!
//! All levels apply, outer ones first; what one refuses has been counted by those before it. They stand behind authentication and `authorize`. What is
//! used up outlives the process: in the state folder, or with `shared` in the store that replicas share. Nothing here
//! waits for either: counts are told in the background.

mod calendar;
mod keep;
mod ledger;
mod zone;

use crate::Consumers;
use crate::build::Building;
use crate::key::Key;
use crate::layers::{Layers, Levels, Origin};
use crate::rate_limit::tell::{Said, Told, quoted, tell};
use crate::rate_limit::{Cost, WhenStoreFails};
use calendar::{Per, Period};
use keep::{Keep, Kept};
use ledger::Verdict;
use pintle_core::config::{Diagnostic, ExpressionText, Node, Read, Reader, Spanned};
use pintle_core::counters::{Count, Family};
use pintle_core::step::Step;
use pintle_core::{Exchange, Reason, Refusal, names};
use smallvec::SmallVec;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use zone::Zone;

pub(crate) const LEVELS: Levels = Levels::All;

/// The place of quotas among those that tell clients of limits.
const PLACE: u8 = 2;

/// How many requests may be made in an hour, a day or a month of the calendar; 429 beyond that, with `Retry-After`. All
/// levels apply. What is used up outlives the process: it is kept in the state folder (`state`), or with `shared` in the store.
///
/// ```yaml
/// state: /var/lib/pintle
/// policies:
///   plan: {quota: {limit: 100000, per: month, zone: Europe/Berlin, key: 'request.headers["x-account"]'}}
///   pages:
///     quota: {limit: 5000, per: day, cost: int(request.query.pages), headers: false, shared: true, when_store_fails: open}
/// stores: {shared: "redis://127.0.0.1:6379"}
/// routes:
///   - {match: /api/**, policies: [plan], proxy: orders}
///   - {match: /print, policies: [pages], proxy: orders}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "quota", check)]
pub struct Quota {
    /// How many.
    pub limit: u64,
    /// In which time: from one full hour, midnight or first of a month to the next.
    pub per: Per,
    /// Whose clocks say when a day or a month begins: `UTC`, an offset such as `+02:00`, or a name such as `Europe/Berlin`, by
    /// the system's own zones (`/usr/share/zoneinfo`).
    #[read(default = "UTC")]
    pub zone: Spanned<String>,
    /// What requests are counted by. Where it fails or gives nothing the client's address stands for it; an IPv6 client
    /// counts as its /64.
    #[read(default = "client.ip")]
    pub key: ExpressionText,
    /// What a request uses: a whole number, 0 for nothing. Where it fails it is 1.
    #[read(default = "1")]
    pub cost: ExpressionText,
    /// Whether the answer tells what is left, in `RateLimit` and `RateLimit-Policy`.
    #[read(default = "true")]
    pub headers: bool,
    /// Counts together with all replicas that have the same `stores.shared`.
    #[read(default = "false")]
    pub shared: Spanned<bool>,
    /// With `shared`: what holds while the store cannot be asked. What is used meanwhile is told when it can.
    pub when_store_fails: Option<WhenStoreFails>,
}

impl Quota {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let mut good = true;
        if self.limit == 0 {
            reader.zero(node, "limit");
            good = false;
        }
        if self.when_store_fails.is_some() && !*self.shared {
            let at = node.get("when_store_fails").unwrap_or(node).span();
            let message = "`when_store_fails` is for quotas that replicas share";
            let help = "add `shared: true`, or leave `when_store_fails` out";
            reader.report(Diagnostic::error("not-shared", message, at).help(help));
            good = false;
        }
        good.then_some(self)
    }
}

static REQUESTS: Family = Family::counter(
    "pintle_quota_requests_total",
    "Requests that a quota decided, by what it decided.",
    &["policy", "decision"],
);
static KEY_FAILED: Family = Family::counter(
    "pintle_quota_key_failures_total",
    "Requests whose key failed to evaluate or was empty, and that were counted by their client's address.",
    &["policy"],
);
static KEEP_FAILED: Family = Family::counter(
    "pintle_quota_keep_failures_total",
    "Times that what was used of a quota could not be written to where it is kept; it is tried again.",
    &["policy"],
);

/// All that is counted here.
pub(crate) static FAMILIES: &[&Family] = &[&REQUESTS, &KEY_FAILED, &KEEP_FAILED];

/// A quota of a route.
struct Limit {
    key: Key,
    cost: Cost,
    limit: u64,
    /// The policy's name, where consumers have limits of their own under it.
    own: Option<(Arc<Consumers>, Box<str>)>,
    per: Per,
    zone: Zone,
    told: Option<Arc<str>>,
    name: Box<str>,
    keep: Arc<Keep>,
    when: WhenStoreFails,
    passed: Arc<dyn Count>,
    refused: Arc<dyn Count>,
    key_failed: Arc<dyn Count>,
}

/// What a quota is asked of a request.
struct Asked {
    limit: u64,
    period: Period,
    verdict: Option<Verdict>,
}

impl Limit {
    fn build(origin: Origin<'_>, config: &Quota, building: &mut Building<'_, '_>) -> Option<Self> {
        let key = Key::build(&config.key, building);
        let cost = Cost::build(&config.cost, building);
        let wrong = |why: String, reader: &mut Reader| {
            let message = format!("there is no time zone `{}`", config.zone.value);
            reader.report(Diagnostic::error("time-zone", message, &config.zone.span).help(why));
        };
        let zone = Zone::find(&config.zone).map_err(|why| wrong(why, building.reader)).ok();
        let kept = kept(config, building);
        let name = origin.to_string();
        let around = building.around;
        let (key, cost, zone, kept) = (key?, cost?, zone?, kept?);
        let called = match origin {
            Origin::Named(name) => quoted(name),
            Origin::Placed { .. } => quoted(&format!("{} a {}", config.limit, config.per.word())),
        };
        let own = match origin {
            Origin::Named(name) if around.consumers.limits_under(name) => {
                Some((Arc::clone(&around.consumers), name.into()))
            }
            _ => None,
        };
        let decision = |decision| around.counters.counter(&REQUESTS, &[&name, decision]);
        let failed = around.counters.counter(&KEEP_FAILED, &[&name]);
        Some(Limit {
            key,
            cost,
            limit: config.limit,
            own,
            per: config.per,
            zone,
            told: config.headers.then_some(called),
            keep: Keep::find(&name, &kept, &around.lasting, failed),
            when: config.when_store_fails.unwrap_or_default(),
            passed: decision("passed"),
            refused: decision("refused"),
            key_failed: around.counters.counter(&KEY_FAILED, &[&name]),
            name: name.into(),
        })
    }

    /// What the request's consumer has in place of what the policy says.
    fn own(&self, exchange: &Exchange) -> Option<u64> {
        let (consumers, policy) = self.own.as_ref()?;
        let own = consumers.limit_of(policy, exchange.identity.name()?)?;
        own.max.map(|max| u64::from(max.get().get()))
    }

    /// Uses what the request costs, if it goes.
    fn take(&self, exchange: &Exchange, now: i64) -> Asked {
        let period = self.per.around(now, &self.zone);
        let cost = self.cost.of(exchange).unwrap_or(1);
        let limit = self.own(exchange).unwrap_or(self.limit);
        let verdict = match self.when {
            WhenStoreFails::Open if self.keep.is_gone() => Some(Verdict::Goes(limit)),
            WhenStoreFails::Closed if self.keep.is_gone() => None,
            _ => {
                let (keyed, failed) = self.key.of(exchange);
                if failed {
                    self.key_failed.add(1);
                }
                let ledger = &self.keep.ledger;
                let fingerprint = keyed.fingerprint(&ledger.salt);
                Some(ledger.decide(fingerprint, || keyed.name(), period, limit, cost.into()))
            }
        };
        match verdict {
            Some(Verdict::Goes(_)) => self.passed.add(1),
            _ => self.refused.add(1),
        }
        Asked { limit, period, verdict }
    }

    fn said(&self, asked: &Asked, now: i64) -> Option<Said> {
        let (Verdict::Goes(left) | Verdict::Exceeds(left)) = asked.verdict?;
        let full = u64::try_from(asked.period.ends - now).unwrap_or(0);
        Some(Said { name: Arc::clone(self.told.as_ref()?), quota: asked.limit, window: self.per.seconds(), left, full })
    }

    fn refusal(&self, asked: &Asked, now: i64) -> Option<Refusal> {
        match asked.verdict {
            Some(Verdict::Goes(_)) => None,
            Some(Verdict::Exceeds(_)) => {
                let internal = format!("{}: {} a {}", self.name, asked.limit, self.per.word());
                let wait = (asked.period.ends - now).max(1).to_string();
                Some(Refusal::new(Reason::QuotaExceeded).internal(internal).field(names::RETRY_AFTER, wait))
            }
            None => {
                let internal = format!("{}: `when_store_fails: closed`, and the store is down", self.name);
                Some(Refusal::new(Reason::StoreUnavailable).internal(internal).field(names::RETRY_AFTER, "1"))
            }
        }
    }
}

/// Where a quota is kept, by its settings.
fn kept(config: &Quota, building: &mut Building<'_, '_>) -> Option<Kept> {
    let around = building.around;
    let (message, help) = match (*config.shared, &around.store, &around.counts_kept) {
        (true, Some(store), _) => return Some(Kept::Shared(Arc::clone(store))),
        (false, _, Some(file)) => return Some(Kept::Here(Arc::clone(file))),
        (true, None, _) => {
            ("there is no store for replicas to share", "name one at the top: `stores: {shared: redis://HOST}`")
        }
        (false, _, None) => (
            "what is used of a quota must outlive the process, and there is nowhere to keep it",
            "name a folder at the top: `state: /var/lib/pintle`, or add `shared: true`",
        ),
    };
    building.reader.report(Diagnostic::error("no-store", message, &config.shared.span).help(help));
    None
}

/// Adds the quotas.
pub(crate) fn check(layers: &Layers<'_, Quota>, building: &mut Building<'_, '_>) -> Option<()> {
    let (mut limits, mut good) = (Vec::new(), true);
    for (origin, config) in layers.instances() {
        match Limit::build(origin, config, building) {
            Some(limit) => limits.push(limit),
            None => good = false,
        }
    }
    if limits.is_empty() || !good {
        return good.then_some(());
    }
    if limits.iter().any(|limit| limit.told.is_some()) {
        building.steps.push(Step::Edit(Box::new(|exchange, response| tell::<PLACE>(exchange, &mut response.fields))));
    }
    let limits: Box<[Limit]> = limits.into();
    building.steps.push(Step::Check(Box::new(move |exchange| {
        if exchange.rehearsed {
            return Ok(());
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs() as i64);
        let mut said = SmallVec::new();
        let mut outcome = Ok(());
        for limit in &limits {
            let asked = limit.take(exchange, now);
            said.extend(limit.said(&asked, now));
            if let Some(refusal) = limit.refusal(&asked, now) {
                outcome = Err(refusal);
                break;
            }
        }
        if !said.is_empty() {
            exchange.kept.put(Told::<PLACE>(said));
        }
        outcome
    })));
    Some(())
}
