//! What happened between looks: rates of the last interval, percentiles of the last requests, and the last minute. Owns
//! over which time what is said; knows no terminal.

use super::look::{Counts, Look, Named, Program, Standing};
use super::quantile::{Quantile, quantile};
use super::shown;
use std::collections::VecDeque;
use std::time::Duration;

/// As many requests have to be in the last interval for its percentiles to be told; with fewer they are of a longer time.
const ENOUGH: u64 = 100;
/// That time, and the longest one.
const WINDOWS: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(60)];

/// Looks so far.
#[derive(Default)]
pub(super) struct Model {
    last: Option<Look>,
    /// Earlier ones, the oldest first, ten seconds apart: each may be of ten thousand routes.
    kept: VecDeque<Look>,
    minute: VecDeque<Moment>,
}

/// One interval of all requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moment {
    /// When it ended, since the program began.
    pub(super) at: Duration,
    pub(super) rate: f64,
    /// 5xx a second.
    pub(super) errors: f64,
}

/// What is shown.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    pub(super) program: Program,
    /// The time of which rates are; none after a first look, when nothing is known of what happens.
    pub(super) interval: Option<Duration>,
    /// All routes together.
    pub(super) all: Row,
    /// CPU time a second.
    pub(super) cpu: Option<f64>,
    pub(super) minute: Vec<Moment>,
    pub(super) routes: Vec<Row>,
    pub(super) upstreams: Vec<Row>,
}

/// A route or an upstream.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Row {
    /// Fit for a terminal; empty for requests that no route took.
    pub(super) name: String,
    /// Requests a second.
    pub(super) rate: f64,
    /// 4xx a second.
    pub(super) client_errors: f64,
    /// 5xx a second.
    pub(super) server_errors: f64,
    /// 5xx of all.
    pub(super) share: f64,
    pub(super) p50: Option<Quantile>,
    pub(super) p99: Option<Quantile>,
    /// The time of which the percentiles are.
    pub(super) over: Duration,
    pub(super) asked: Option<Asked>,
}

/// What an upstream has beside requests.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Asked {
    /// Attempts that failed, a second.
    pub(super) failures: f64,
    /// Attempts after a request's first, a second.
    pub(super) retries: f64,
    pub(super) standing: Standing,
}

impl Model {
    /// Takes a look: what happened since the one before.
    pub(super) fn take(&mut self, look: Look) -> View {
        let before = self.last.take().filter(|before| before.program.instance == look.program.instance);
        let view = match before {
            Some(before) if look.program.uptime > before.program.uptime => {
                self.keep(before, look.program.uptime);
                self.between(&look)
            }
            _ => {
                // Another run of the program counts from 0 again.
                self.kept.clear();
                self.minute.clear();
                View { program: look.program.clone(), ..View::default() }
            }
        };
        self.last = Some(look);
        view
    }

    /// Keeps a look: the newest one always, of the others one each ten seconds, and one that is a minute old.
    fn keep(&mut self, look: Look, now: Duration) {
        if let [.., second, newest] = self.kept.make_contiguous()
            && newest.program.uptime.saturating_sub(second.program.uptime) < WINDOWS[0]
        {
            self.kept.pop_back();
        }
        self.kept.push_back(look);
        while self.kept.get(1).is_some_and(|look| now.saturating_sub(look.program.uptime) >= WINDOWS[1]) {
            self.kept.pop_front();
        }
    }

    fn between(&mut self, now: &Look) -> View {
        let uptime = now.program.uptime;
        let age = |look: &Look| uptime.saturating_sub(look.program.uptime);
        // Of each time the shortest that is at least as long, or the longest there is.
        let of = |least| self.kept.iter().rev().find(|look| age(look) >= least).or(self.kept.front());
        let windows: Vec<(Duration, &Look)> =
            [Duration::ZERO, WINDOWS[0], WINDOWS[1]].into_iter().filter_map(of).map(|look| (age(look), look)).collect();
        let Some((interval, before)) = windows.first().copied() else { return View::default() };
        let rows = |side: fn(&Look) -> &[Named]| -> Vec<Row> {
            let row = |one: &Named| {
                let since = |look: &Look| one.counts.since(find(side(look), &one.name));
                row(one, &windows, since, &now.bounds)
            };
            side(now).iter().map(row).collect()
        };
        let all = |look: &Look| {
            let mut sum = Counts::default();
            now.routes.iter().for_each(|one| sum.add(&one.counts.since(find(&look.routes, &one.name))));
            sum
        };
        let cpu = now.program.cpu.zip(before.program.cpu).map(|(now, before)| now.saturating_sub(before));
        let (routes, upstreams) = (rows(|look| &look.routes), rows(|look| &look.upstreams));
        let all = row(&Named::default(), &windows, all, &now.bounds);
        self.minute.push_back(Moment { at: uptime, rate: all.rate, errors: all.server_errors });
        while self.minute.front().is_some_and(|moment| uptime.saturating_sub(moment.at) >= WINDOWS[1]) {
            self.minute.pop_front();
        }
        View {
            program: now.program.clone(),
            interval: Some(interval),
            all,
            cpu: cpu.map(|cpu| cpu.as_secs_f64() / interval.as_secs_f64()),
            minute: self.minute.iter().copied().collect(),
            routes,
            upstreams,
        }
    }
}

fn find<'l>(list: &'l [Named], name: &str) -> Option<&'l Counts> {
    let at = list.binary_search_by(|one| one.name.as_str().cmp(name)).ok()?;
    Some(&list[at].counts)
}

/// One row: rates of the first window, percentiles of the first one with requests enough.
fn row(one: &Named, windows: &[(Duration, &Look)], since: impl Fn(&Look) -> Counts, bounds: &[Duration]) -> Row {
    let Some((interval, before)) = windows.first() else { return Row::default() };
    let counts = since(before);
    let seconds = interval.as_secs_f64();
    let a_second = |count: u64| count as f64 / seconds;
    let asked = one.standing.map(|standing| Asked {
        failures: a_second(counts.failures),
        retries: a_second(counts.retries),
        standing,
    });
    let mut row = Row {
        name: shown::name(&one.name),
        rate: a_second(counts.requests),
        client_errors: a_second(counts.client_errors),
        server_errors: a_second(counts.server_errors),
        share: if counts.requests == 0 { 0.0 } else { counts.server_errors as f64 / counts.requests as f64 },
        asked,
        ..Row::default()
    };
    let (mut durations, mut over) = (counts.durations, *interval);
    for (age, look) in &windows[1..] {
        if durations.iter().sum::<u64>() >= ENOUGH {
            break;
        }
        (durations, over) = (since(look).durations, *age);
    }
    (row.p50, row.p99) = (quantile(50.0, &durations, bounds), quantile(99.0, &durations, bounds));
    row.over = over;
    row
}

#[cfg(test)]
mod tests;
