//! One limit of a route: what it asks of a request, and what it says.

use super::clock;
use super::config::{Mode, RateLimit, WhenStoreFails};
use super::cost::Cost;
use super::counts::Counts;
use super::exact;
use super::gcra::{Gcra, Ticks, Verdict, seconds};
use super::replicated::Replicated;
use super::table::Table;
use super::tell::{Said, quoted};
use crate::Consumers;
use crate::build::Building;
use crate::key::{Key, Keyed, names_identity};
use crate::layers::Origin;
use foldhash::quality::RandomState;
use pintle_core::config::{Diagnostic, Rate};
use pintle_core::{Exchange, Reason, Refusal, names};
use std::sync::Arc;
use std::time::Instant;

/// What outlives a configuration: who owes what.
pub(super) struct Own {
    salt: RandomState,
    table: Table,
}

/// Whose debts they are.
enum Debts {
    /// This replica's.
    Own(Arc<Own>),
    /// Those of all that have the same store. With `exact` these here hold while the store fails.
    Replicated(Arc<Replicated>, WhenStoreFails),
}

/// A limit of a route.
pub(super) struct Limit {
    key: Key,
    cost: Cost,
    limit: Gcra,
    rate: Rate,
    pub(super) mode: Mode,
    asks_identity: bool,
    /// The policy's name, where consumers have limits of their own under it.
    own: Option<(Arc<Consumers>, Box<str>)>,
    /// What it is called towards clients, where it tells them of itself.
    told: Option<Arc<str>>,
    name: Box<str>,
    debts: Debts,
    /// The store is asked each time.
    exact: bool,
    counts: Counts,
}

/// What a limit is asked of a request.
pub(super) struct Asked<'a> {
    keyed: Keyed<'a>,
    fingerprint: u64,
    cost: u32,
    limit: Gcra,
}

impl Limit {
    /// Builds a limit of its settings; what is wrong with them is reported.
    pub(super) fn build(origin: Origin<'_>, config: &RateLimit, building: &mut Building<'_, '_>) -> Option<Self> {
        // Looked at before any request is, so that every moment is after it.
        clock::at(Instant::now());
        let key = Key::build(&config.key, building);
        let cost = Cost::build(&config.cost, building);
        let (key, cost) = (key?, cost?);
        let by_key = matches!(&key, Key::Expression(expression) if names_identity(expression));
        let by_cost = cost.asks_identity();
        let name = origin.to_string();
        let around = building.around;
        let debts = match (*config.shared, &around.store) {
            (true, Some(store)) => Debts::Replicated(
                Replicated::find(&name, store, &around.lasting),
                config.when_store_fails.unwrap_or_default(),
            ),
            (true, None) => {
                let message = "there is no store for replicas to share";
                let help = "name one at the top: `stores: {shared: redis://HOST}`";
                building.reader.report(Diagnostic::error("no-store", message, &config.shared.span).help(help));
                return None;
            }
            (false, _) => {
                let make = || Arc::new(Own { salt: RandomState::default(), table: Table::new() });
                Debts::Own(around.lasting.find("rate_limit", &name, |_| true, make))
            }
        };
        let called = match origin {
            Origin::Named(name) => quoted(name),
            // Where it stands is the operator's; what it says is told anyway.
            Origin::Placed { .. } => quoted(&config.rate.to_string()),
        };
        let own = match origin {
            Origin::Named(name) if around.consumers.limits_under(name) => {
                Some((Arc::clone(&around.consumers), name.into()))
            }
            _ => None,
        };
        Some(Limit {
            key,
            cost,
            limit: Gcra::new(config.rate, config.burst()),
            rate: config.rate,
            mode: config.mode,
            // Whose limits they are is not known before.
            asks_identity: by_key || by_cost || own.is_some(),
            own,
            told: (config.headers && config.mode == Mode::Enforce).then_some(called),
            debts,
            exact: config.exact,
            counts: Counts::new(&name, &*around.counters),
            name: name.into(),
        })
    }

    /// Whether it asks who it is.
    pub(super) fn asks_identity(&self) -> bool {
        self.asks_identity
    }

    /// Whether it tells clients of itself.
    pub(super) fn tells(&self) -> bool {
        self.told.is_some()
    }

    /// Whether it waits for the store.
    pub(super) fn waits(&self) -> bool {
        self.exact
    }

    /// What the request's consumer has in place of what the policy says.
    fn own(&self, exchange: &Exchange) -> Option<Gcra> {
        let (consumers, policy) = self.own.as_ref()?;
        let own = consumers.limit_of(policy, exchange.identity.name()?)?;
        let rate = own.rate.unwrap_or(self.rate);
        let burst = own.burst.map_or(rate.count, |burst| burst.get());
        Some(Gcra::new(rate, burst))
    }

    pub(super) fn ask<'a>(&'a self, exchange: &'a Exchange) -> Asked<'a> {
        let (keyed, failed) = self.key.of(exchange);
        if failed {
            self.counts.key_failed.add(1);
        }
        let cost = self.cost.of(exchange).unwrap_or_else(|| {
            self.counts.cost_failed.add(1);
            1
        });
        let salt = match &self.debts {
            Debts::Own(own) => &own.salt,
            Debts::Replicated(replicated, _) => &replicated.salt,
        };
        let limit = self.own(exchange).unwrap_or(self.limit);
        Asked { fingerprint: keyed.fingerprint(salt), keyed, cost, limit }
    }

    /// What it would say, without taking anything.
    pub(super) fn look(&self, asked: &Asked<'_>, now: Ticks) -> Verdict {
        let debt = match &self.debts {
            Debts::Own(own) => own.table.debt(asked.fingerprint, now).min(asked.limit.whole),
            Debts::Replicated(replicated, when) => match self.failing(replicated, *when) {
                Some(verdict) => return verdict,
                None => replicated.shared.debt(asked.fingerprint, now),
            },
        };
        asked.limit.decide(now.saturating_add(debt), now, asked.cost, 0).0
    }

    /// Takes the request's cost, if it goes.
    pub(super) fn take(&self, asked: &Asked<'_>, now: Ticks) -> Verdict {
        let Asked { keyed, fingerprint, cost, limit } = asked;
        match &self.debts {
            Debts::Own(own) => {
                let found = own.table.find(*fingerprint, now);
                found.decide(limit, now, *cost, limit.charge(*cost), limit.whole)
            }
            Debts::Replicated(replicated, when) => self.failing(replicated, *when).unwrap_or_else(|| {
                let alone = !replicated.store.is_up();
                replicated.shared.decide(*fingerprint, || keyed.name(), limit, now, *cost, alone)
            }),
        }
    }

    /// What holds in place of the limit, where the store is gone and something does.
    fn failing(&self, replicated: &Replicated, when: WhenStoreFails) -> Option<Verdict> {
        match when {
            WhenStoreFails::Local => None,
            _ if replicated.store.is_up() => None,
            WhenStoreFails::Open => Some(Verdict::Goes(0)),
            WhenStoreFails::Closed => Some(Verdict::Unknown),
        }
    }

    /// What is to be asked of the store: as [`Limit::take`], with nothing lent.
    pub(super) fn question(&self, exchange: &Exchange) -> Asked<'static> {
        let asked = self.ask(exchange);
        let keyed = Keyed::Name(asked.keyed.name());
        Asked { keyed, ..asked }
    }

    /// Takes the request's cost in the store itself, if it goes.
    pub(super) async fn take_exactly(&self, asked: Asked<'static>) -> (Option<Said>, Result<(), Refusal>) {
        let verdict = match &self.debts {
            Debts::Replicated(replicated, when) => {
                let answer = exact::decide(replicated, asked.keyed.name(), &asked.limit, asked.cost).await;
                answer.unwrap_or_else(|_| match when {
                    WhenStoreFails::Local => self.take(&asked, clock::at(Instant::now())),
                    WhenStoreFails::Open => Verdict::Goes(0),
                    WhenStoreFails::Closed => Verdict::Unknown,
                })
            }
            Debts::Own(_) => self.take(&asked, clock::at(Instant::now())),
        };
        let refused = self.refuses(&verdict);
        let outcome = if refused { Err(self.refusal(&asked, &verdict)) } else { Ok(()) };
        (self.said(&asked, &verdict), outcome)
    }

    /// Counts what it said, and whether that is a refusal.
    pub(super) fn refuses(&self, verdict: &Verdict) -> bool {
        let goes = matches!(verdict, Verdict::Goes(_));
        match (goes, self.mode) {
            (true, _) => self.counts.passed.add(1),
            (false, Mode::Report) => self.counts.reported.add(1),
            (false, Mode::Enforce) => self.counts.refused.add(1),
        }
        !goes && self.mode == Mode::Enforce
    }

    pub(super) fn said(&self, asked: &Asked<'_>, verdict: &Verdict) -> Option<Said> {
        let debt = match *verdict {
            Verdict::Goes(debt) | Verdict::Waits { debt, .. } => debt,
            Verdict::Never | Verdict::Unknown => 0,
        };
        let limit = &asked.limit;
        Some(Said {
            name: Arc::clone(self.told.as_ref()?),
            quota: limit.burst.into(),
            window: seconds(limit.whole),
            left: limit.left(debt),
            full: seconds(debt),
        })
    }

    pub(super) fn refusal(&self, asked: &Asked<'_>, verdict: &Verdict) -> Refusal {
        let refusal = Refusal::new(Reason::RateLimited);
        match verdict {
            Verdict::Unknown => {
                let internal = format!("{}: `when_store_fails: closed`, and the store is down", self.name);
                Refusal::new(Reason::StoreUnavailable).internal(internal).field(names::RETRY_AFTER, "1")
            }
            Verdict::Waits { wait, .. } => {
                let seconds = seconds(*wait).max(1);
                let internal = format!("{}: {}, and {} at once", self.name, self.rate, asked.limit.burst);
                refusal.internal(internal).field(names::RETRY_AFTER, seconds.to_string())
            }
            _ => refusal
                .detail("One such request is more than the limit allows at once.")
                .internal(format!("{}: it costs {}, and {} is the burst", self.name, asked.cost, asked.limit.burst)),
        }
    }
}
