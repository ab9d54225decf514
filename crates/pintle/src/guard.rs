//! Whether a change does harm: by what becomes of requests after it, beside what became of them before. Counts nothing
//! itself and changes nothing; time and numbers come from the caller.

use pintle_telemetry::Outcomes;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Fewer requests say nothing about a change.
const ENOUGH: u64 = 20;
/// How many looks a time is divided into: those from which the time before a change is known.
const LOOKS_BEFORE: u32 = 10;
/// The same after a change, when harm is to be found soon.
const LOOKS_AFTER: u32 = 60;

/// What the configuration says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Settings {
    /// How long a change is watched.
    pub(crate) time: Duration,
    /// Which share of requests may fail.
    pub(crate) errors: f64,
}

/// What became of requests lately, and the change that is watched.
pub(crate) struct Guard<G> {
    settings: Settings,
    /// The oldest first.
    looks: VecDeque<(Instant, Outcomes)>,
    watch: Option<Watch<G>>,
}

struct Watch<G> {
    since: Instant,
    at_change: Outcomes,
    /// What became of requests before the first of the changes that are watched.
    before: Outcomes,
    /// What to go back to.
    good: G,
}

/// What a look found.
#[derive(Debug, PartialEq)]
pub(crate) enum Found<G> {
    /// Nothing.
    Nothing,
    /// The change has stood its time.
    Stood,
    /// It does harm: why, and what to go back to.
    Harm(String, G),
}

impl<G> Guard<G> {
    pub(crate) fn new(settings: Settings) -> Self {
        Guard { settings, looks: VecDeque::new(), watch: None }
    }

    /// Other settings, for changes from now on.
    pub(crate) fn set(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// When to look again.
    pub(crate) fn pause(&self) -> Duration {
        match &self.watch {
            Some(_) => (self.settings.time / LOOKS_AFTER).min(Duration::from_secs(1)),
            None => self.settings.time / LOOKS_BEFORE,
        }
    }

    /// Whether a change is watched.
    pub(crate) fn watches(&self) -> bool {
        self.watch.is_some()
    }

    /// A change has come in force; `good` is what was before. While one is watched, the next begins a time of its own, but
    /// what to go back to, and what to measure by, is what was before the first: none since has stood its time.
    pub(crate) fn changed(&mut self, now: Instant, outcomes: Outcomes, good: G) {
        let (before, good) = match self.watch.take() {
            Some(watch) => (watch.before, watch.good),
            None => (self.lately(now, outcomes), good),
        };
        self.watch = Some(Watch { since: now, at_change: outcomes, before, good });
    }

    /// What is in force now is known to be good, or wanted by somebody.
    pub(crate) fn trust(&mut self) {
        self.watch = None;
    }

    /// Looks at what has become of requests.
    pub(crate) fn look(&mut self, now: Instant, outcomes: Outcomes) -> Found<G> {
        self.remember(now, outcomes);
        let Some(watch) = self.watch.take() else { return Found::Nothing };
        let after = outcomes.since(&watch.at_change);
        if after.requests >= ENOUGH && after.share() > self.settings.errors && after.share() > watch.before.share() {
            return Found::Harm(self.why(after, watch.before), watch.good);
        }
        if now.duration_since(watch.since) >= self.settings.time {
            return Found::Stood;
        }
        self.watch = Some(watch);
        Found::Nothing
    }

    fn why(&self, after: Outcomes, before: Outcomes) -> String {
        let percent = |share: f64| share * 100.0;
        format!(
            "{} of {} requests failed since the change ({:.1}%; {:.1}% before it, {:.1}% are allowed)",
            after.failed,
            after.requests,
            percent(after.share()),
            percent(before.share()),
            percent(self.settings.errors),
        )
    }

    fn remember(&mut self, now: Instant, outcomes: Outcomes) {
        let newest =
            self.looks.back().is_none_or(|(at, _)| now.duration_since(*at) >= self.settings.time / LOOKS_BEFORE);
        if newest {
            self.looks.push_back((now, outcomes));
        }
        // One that is older than the time stays, to measure from.
        while self.looks.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= self.settings.time) {
            self.looks.pop_front();
        }
    }

    /// What became of requests in the time before now, or since the start if that is not as long ago.
    fn lately(&self, now: Instant, outcomes: Outcomes) -> Outcomes {
        let past = self.looks.iter().rev().find(|(at, _)| now.duration_since(*at) >= self.settings.time);
        let base = past.or(self.looks.front()).map_or(Outcomes::default(), |(_, outcomes)| *outcomes);
        outcomes.since(&base)
    }
}

#[cfg(test)]
mod tests;
