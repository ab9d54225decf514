//! Who of an upstream takes part, and with what weight: worked out anew when something changes (a check's verdict, an
//! ejection's end, an address found by DNS), and read as it is by every request in between.

use crate::balance::{Choice, Seat, Way, Wish};
use crate::clock::{self, NEVER};
use crate::endpoint::Endpoint;
use crate::event::Event;
use crate::settings::HealthConfig;
use arc_swap::{ArcSwap, Guard};
use parking_lot::Mutex;
use pintle_core::config::Share;
use pintle_core::notes::Chosen;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Weights are held in hundredths while somebody starts slowly, so that a tenth of the smallest is a number.
const FINE: u64 = 100;
/// The least share of its weight that an endpoint has that starts slowly.
const LEAST: f64 = 0.1;
/// In how many steps a slow start goes.
const STEPS: u64 = 20;

/// An upstream's endpoints, and the choice among those that take part.
#[derive(Debug)]
pub(crate) struct Members {
    way: Way,
    rules: Rules,
    /// Counts whatever changes how an endpoint stands.
    pub(crate) changes: Arc<AtomicU64>,
    all: Mutex<Arc<[Member]>>,
    view: ArcSwap<View>,
    /// Counts requests, for those that take turns.
    turn: AtomicU64,
}

/// What decides who takes part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// The share that may be out for failures.
    at_most: Share,
    slow_start: Option<Duration>,
}

/// An endpoint with the weight that was written for it.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) weight: u32,
}

/// Who takes part, as of some moment.
#[derive(Debug)]
struct View {
    choice: Choice,
    /// How that is called.
    by: &'static str,
    /// What `changes` was.
    seen: u64,
    /// When somebody comes back, or a slow start goes on.
    until: u64,
}

impl View {
    /// What there is before anybody has looked.
    fn nothing(way: Way) -> Self {
        View { choice: Choice::new(way, Vec::new()), by: way.word(), seen: NEVER, until: NEVER }
    }
}

impl Rules {
    pub(crate) fn new(health: &HealthConfig) -> Self {
        let half = Share::of_millionths(500_000);
        Rules { at_most: health.eject.map_or(half, |eject| eject.at_most), slow_start: health.slow_start }
    }
}

impl Members {
    pub(crate) fn new(way: Way, rules: Rules, changes: Arc<AtomicU64>) -> Self {
        Members {
            way,
            rules,
            changes,
            all: Mutex::new(Arc::default()),
            view: ArcSwap::from_pointee(View::nothing(way)),
            turn: AtomicU64::new(0),
        }
    }

    /// Everyone, whether it takes part or not.
    pub(crate) fn all(&self) -> Arc<[Member]> {
        Arc::clone(&self.all.lock())
    }

    /// Puts others in place of all that there were.
    pub(crate) fn set(&self, members: Vec<Member>) {
        *self.all.lock() = members.into();
        self.changes.fetch_add(1, Ordering::Release);
        // Those that are gone go with their connections, whether or not a request comes that would look again.
        self.view.store(Arc::new(View::nothing(self.way)));
    }

    /// The endpoint for a request, and why that one. `observer` learns if others take part than before.
    pub(crate) fn pick(&self, wish: &Wish<'_>, observer: &dyn Fn(Event<'_>)) -> Option<(Arc<Endpoint>, Chosen)> {
        let view = self.view(wish.now, observer);
        let chosen = Chosen { by: view.by, among: view.choice.seats().len() as u32 };
        view.choice.pick(wish, &self.turn).map(|endpoint| (Arc::clone(endpoint), chosen))
    }

    /// The endpoint of that mark, if it takes part.
    pub(crate) fn marked(&self, mark: u64, now: u64, observer: &dyn Fn(Event<'_>)) -> Option<(Arc<Endpoint>, Chosen)> {
        let view = self.view(now, observer);
        let chosen = Chosen { by: "sticky", among: view.choice.seats().len() as u32 };
        let mut seats = view.choice.seats().iter().map(|seat| &seat.endpoint);
        seats.find(|endpoint| endpoint.mark == mark).map(|endpoint| (Arc::clone(endpoint), chosen))
    }

    /// Another address of the name that the endpoint was found by, which takes part.
    pub(crate) fn sibling(&self, endpoint: &Endpoint) -> Option<Arc<Endpoint>> {
        let is = |other: &&Arc<Endpoint>| other.written == endpoint.written && other.name != endpoint.name;
        self.view.load().choice.seats().iter().map(|seat| &seat.endpoint).find(is).cloned()
    }

    /// Whether a request has another endpoint to go to than those that it was tried at.
    pub(crate) fn has_other(&self, tried: &[Arc<Endpoint>]) -> bool {
        let is_new = |name: &str| !tried.iter().any(|tried| &*tried.name == name);
        self.view.load().choice.seats().iter().any(|seat| is_new(&seat.endpoint.name))
    }

    /// Whether there is more than one endpoint, well or not.
    pub(crate) fn are_several(&self) -> bool {
        self.all.lock().len() > 1
    }

    fn view(&self, now: u64, observer: &dyn Fn(Event<'_>)) -> Guard<Arc<View>> {
        let view = self.view.load();
        if view.seen == self.changes.load(Ordering::Acquire) && now < view.until {
            return view;
        }
        drop(view);
        self.look(now, observer);
        self.view.load()
    }

    /// Works out who takes part.
    pub(crate) fn look(&self, now: u64, observer: &dyn Fn(Event<'_>)) {
        let all = self.all.lock();
        // Read before what it counts: what changes meanwhile is looked at again.
        let seen = self.changes.load(Ordering::Acquire);
        let out = all.iter().filter(|member| member.endpoint.standing.out_until() > now).count();
        let heeded = out as u64 * u64::from(Share::ALL.millionths())
            <= all.len() as u64 * u64::from(self.rules.at_most.millionths());
        let takes_part = |member: &&Member| {
            let standing = &member.endpoint.standing;
            !(standing.is_down() || standing.is_unreachable() || heeded && standing.out_until() > now)
        };
        let mut live: Vec<&Member> = all.iter().filter(takes_part).collect();
        let down = all.iter().filter(|member| member.endpoint.standing.is_down()).count();
        let unreachable = |member: &&Member| {
            let standing = &member.endpoint.standing;
            !standing.is_down() && standing.is_unreachable()
        };
        let unreachable = all.iter().filter(unreachable).count();
        // Each counts once, as what it is first of all.
        let ejected = all.len() - live.len() - down - unreachable;
        observer(Event::Members { live: live.len(), down, ejected, unreachable });
        let mut by = self.way.word();
        if live.is_empty() {
            live.extend(all.iter());
            by = "none_left";
        } else if live.len() == 1 {
            by = "only";
        }
        let mut until =
            all.iter().map(|member| member.endpoint.standing.out_until()).filter(|until| *until > now).min();
        let slow = |member: &Member| self.rules.slow_part(member.endpoint.standing.back_since(), now);
        let starting = live.iter().any(|member| slow(member) < 1.0);
        if starting && let Some(time) = self.rules.slow_start {
            let next = now + (clock::span(time) / STEPS).max(1);
            until = Some(until.map_or(next, |until| until.min(next)));
        }
        let seat = |member: &&Member| {
            let weight = u64::from(member.weight) * if starting { FINE } else { 1 };
            let weight = if starting { (weight as f64 * slow(member)) as u64 } else { weight };
            Seat { endpoint: Arc::clone(&member.endpoint), weight: u32::try_from(weight).unwrap_or(u32::MAX).max(1) }
        };
        let choice = Choice::new(self.way, live.iter().map(seat).collect());
        self.view.store(Arc::new(View { choice, by, seen, until: until.unwrap_or(NEVER) }));
    }
}

impl Rules {
    /// The part of its weight that an endpoint has that came back at that moment.
    fn slow_part(&self, back_since: u64, now: u64) -> f64 {
        match self.slow_start {
            Some(time) if back_since != 0 => {
                (now.saturating_sub(back_since) as f64 / clock::span(time) as f64).clamp(LEAST, 1.0)
            }
            _ => 1.0,
        }
    }
}

#[cfg(test)]
mod tests;
