//! `concurrency: {max, key}`: how many requests may be under way at once.
//!
//! All levels apply. A request holds its place from here until its answer's last byte has gone, or until nobody reads any
//! more; a tunnel (WebSocket) until it ends. One too many is refused with 429: to wait for a place is for the upstream's
//! own queue. One whose key asks who it is stands right before the action (`concurrency.identity`), others after
//! `rate_limit.request`. The places are the instance's: a named one's are shared, and what is held is held over reloads.

use crate::Consumers;
use crate::build::Building;
use crate::key::{self, Key, names_identity};
use crate::layers::{Layers, Levels, Origin};
use foldhash::quality::RandomState;
use parking_lot::Mutex;
use pintle_core::config::{ExpressionText, Node, Read, Reader};
use pintle_core::counters::{Count, Family};
use pintle_core::step::Step;
use pintle_core::{Exchange, Reason, Refusal};
use smallvec::SmallVec;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

pub(crate) const LEVELS: Levels = Levels::All;

/// How many requests may be under way at once; 429 beyond that, at once. A place is held from the request's head to its
/// answer's last byte. All levels apply.
///
/// ```yaml
/// policies: {reports: {concurrency: {max: 4}}}
/// routes:
///   - {match: /reports/**, policies: [reports], proxy: orders}
///   - {match: /**, policies: [{concurrency: {max: 20, key: client.ip}}], proxy: orders}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "concurrency limit", check)]
pub struct Concurrency {
    /// How many.
    pub max: u32,
    /// What requests are counted by; without it all together. One that names `claims` or `consumer` counts after
    /// authentication. An IPv6 client counts as its /64. Where it fails or gives nothing the client's address stands for it.
    pub key: Option<ExpressionText>,
}

impl Concurrency {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        if self.max == 0 {
            reader.zero(node, "max");
            return None;
        }
        Some(self)
    }
}

static REQUESTS: Family = Family::counter(
    "pintle_concurrency_requests_total",
    "Requests that a limit of concurrency decided, by what it decided.",
    &["policy", "decision"],
);
static KEY_FAILED: Family = Family::counter(
    "pintle_concurrency_key_failures_total",
    "Requests whose key failed to evaluate or was empty, and that were counted by their client's address.",
    &["policy"],
);

/// All that is counted here.
pub(crate) static FAMILIES: &[&Family] = &[&REQUESTS, &KEY_FAILED];

/// Which of its two places a limit stands in.
pub(crate) fn part(settings: &Node, part: &str) -> Option<Node> {
    key::part(settings, part, &["key"])
}

/// Parts of the places, so that workers seldom wait for each other.
const SHARDS: usize = 16;

/// The places that are held, by key. There are never more keys than requests under way.
#[derive(Default)]
struct Places {
    salt: RandomState,
    held: [Mutex<HashMap<u64, u32, foldhash::fast::RandomState>>; SHARDS],
}

/// A place that is held, until it is dropped.
struct Held {
    places: Arc<Places>,
    fingerprint: u64,
}

impl Places {
    fn shard(&self, fingerprint: u64) -> &Mutex<HashMap<u64, u32, foldhash::fast::RandomState>> {
        &self.held[fingerprint as usize % SHARDS]
    }

    fn take(self: &Arc<Self>, fingerprint: u64, max: u32) -> Option<Held> {
        let mut held = self.shard(fingerprint).lock();
        let count = held.entry(fingerprint).or_default();
        if *count >= max {
            return None;
        }
        *count += 1;
        Some(Held { places: Arc::clone(self), fingerprint })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = self.places.shard(self.fingerprint).lock();
        if let Entry::Occupied(mut count) = held.entry(self.fingerprint) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// A limit of a route.
struct Limit {
    key: Key,
    max: u32,
    /// Where consumers have limits of their own, and its name there.
    own: Option<(Box<str>, Arc<Consumers>)>,
    name: Box<str>,
    places: Arc<Places>,
    passed: Arc<dyn Count>,
    refused: Arc<dyn Count>,
    key_failed: Arc<dyn Count>,
}

/// What the limits of one place hold for a request.
struct Holds<const IDENTITY: bool>(#[allow(dead_code, reason = "it is held")] SmallVec<[Held; 2]>);

impl Limit {
    /// How many there may be for whoever asks.
    fn max(&self, exchange: &Exchange) -> u32 {
        let own = || {
            let (policy, consumers) = self.own.as_ref()?;
            consumers.limit_of(policy, exchange.identity.name()?)?.max
        };
        own().map_or(self.max, |max| max.get().get())
    }

    fn take(&self, exchange: &Exchange) -> Result<Held, Refusal> {
        let (keyed, failed) = self.key.of(exchange);
        if failed {
            self.key_failed.add(1);
        }
        let max = self.max(exchange);
        match self.places.take(keyed.fingerprint(&self.places.salt), max) {
            Some(held) => {
                self.passed.add(1);
                Ok(held)
            }
            None => {
                self.refused.add(1);
                let internal = format!("{}: {max} are under way", self.name);
                Err(Refusal::new(Reason::ConcurrencyLimited).internal(internal))
            }
        }
    }
}

/// Adds the limits that need no more than the request.
pub(crate) fn request(layers: &Layers<'_, Concurrency>, building: &mut Building<'_, '_>) -> Option<()> {
    steps::<false>(layers, building)
}

/// Adds the limits that ask who it is.
pub(crate) fn identity(layers: &Layers<'_, Concurrency>, building: &mut Building<'_, '_>) -> Option<()> {
    steps::<true>(layers, building)
}

fn steps<const IDENTITY: bool>(layers: &Layers<'_, Concurrency>, building: &mut Building<'_, '_>) -> Option<()> {
    let (mut limits, mut good) = (Vec::new(), true);
    for (origin, config) in layers.instances() {
        let key = match &config.key {
            None => Some(Key::Everyone),
            Some(key) => Key::build(key, building),
        };
        let Some(key) = key else {
            good = false;
            continue;
        };
        let around = building.around;
        let own = match origin {
            Origin::Named(name) if around.consumers.limits_under(name) => {
                Some((name.into(), Arc::clone(&around.consumers)))
            }
            _ => None,
        };
        // Whose limit it is, is known behind authentication.
        let asks = own.is_some() || matches!(&key, Key::Expression(expression) if names_identity(expression));
        if IDENTITY != asks {
            continue;
        }
        let name = origin.to_string();
        let decision = |decision| around.counters.counter(&REQUESTS, &[&name, decision]);
        limits.push(Limit {
            key,
            max: config.max,
            own,
            places: around.lasting.find("concurrency", &name, |_| true, Arc::default),
            passed: decision("passed"),
            refused: decision("refused"),
            key_failed: around.counters.counter(&KEY_FAILED, &[&name]),
            name: name.as_str().into(),
        });
    }
    if !limits.is_empty() && good {
        let limits: Box<[Limit]> = limits.into();
        building.steps.push(Step::Check(Box::new(move |exchange| {
            if exchange.rehearsed {
                return Ok(());
            }
            // With the exchange they go when the last byte has gone, or nobody reads any more.
            let held = limits.iter().map(|limit| limit.take(exchange)).collect::<Result<_, _>>()?;
            exchange.kept.put(Holds::<IDENTITY>(held));
            Ok(())
        })));
    }
    good.then_some(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{chain, exchange, now, said_of};
    use pintle_core::Reason;
    use std::sync::Arc;

    #[test]
    fn a_place_is_held_for_as_long_as_the_request_lives() {
        let chain = chain(&["[{concurrency: {max: 2}}]"], "{}", &Arc::default());
        let ask = || {
            let mut exchange = exchange(&[]);
            let outcome = now(chain.run(&mut exchange)).map(drop);
            (exchange, outcome)
        };
        let (first, _second) = (ask(), ask());
        assert!(first.1.is_ok());
        let third = ask().1.expect_err("two are under way");
        assert_eq!((third.reason, third.fields.is_none()), (Reason::ConcurrencyLimited, true));
        drop(first);
        assert!(ask().1.is_ok());
    }

    #[test]
    fn each_key_has_places_of_its_own_and_all_levels_hold() {
        let levels = ["[{concurrency: {max: 3}}]", "[{concurrency: {max: 1, key: request.headers.who}}]"];
        let chain = chain(&levels, "{}", &Arc::default());
        let mut under_way = Vec::new();
        let mut goes = |who: &str| {
            let mut exchange = exchange(&[("who", who)]);
            let goes = now(chain.run(&mut exchange)).is_ok();
            under_way.push(exchange);
            goes
        };
        assert!(goes("a") && !goes("a") && goes("b"));
        assert!(goes("c"), "what was refused further in holds no place");
        assert!(!goes("d"));
    }

    #[test]
    fn no_place_at_all_is_no_limit_to_want() {
        assert_eq!(said_of(&["[{concurrency: {max: 0}}]"], "{}"), ["1:22 expected more than 0, found `0`"]);
        assert_eq!(
            said_of(&["[{concurrency: {max: 1, key: request.nope}}]"], "{}").first().map(|said| &said[..20]),
            Some("1:38 `request` has n")
        );
    }
}
