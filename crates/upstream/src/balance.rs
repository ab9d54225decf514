//! Which of the endpoints that take part gets the next request. Who takes part, and with what weight, is decided in
//! `members.rs`; here one is chosen among them, without a lock and mostly without a write.

mod hash;
#[cfg(test)]
mod tests;

use crate::endpoint::Endpoint;
use pintle_core::config::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How requests are spread over an upstream's endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(word)]
pub enum Balance {
    /// Each in turn, as often as its weight.
    RoundRobin,
    /// Of two random ones the one with fewer requests under way for its weight.
    LeastRequests,
    /// Of two random ones the one that is likely to answer sooner: by the time that its answers took of late, slow ones
    /// above all, and by the requests under way.
    PeakEwma,
    /// At random by weight.
    Random,
}

/// How an upstream chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Balance(Balance),
    /// By the hash of a key, where there is one.
    Hash,
}

impl Way {
    /// The word for it where a request is told of.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Way::Hash => "hash",
            Way::Balance(Balance::RoundRobin) => "round_robin",
            Way::Balance(Balance::LeastRequests) => "least_requests",
            Way::Balance(Balance::PeakEwma) => "peak_ewma",
            Way::Balance(Balance::Random) => "random",
        }
    }
}

/// One that takes part.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    pub(crate) endpoint: Arc<Endpoint>,
    /// Its weight at present; never 0.
    pub(crate) weight: u32,
}

/// What a request wants of the choice.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wish<'a> {
    /// The hash of its key.
    pub(crate) key: Option<u64>,
    /// Those that it was tried at before.
    pub(crate) tried: &'a [Arc<Endpoint>],
    /// Now, as `clock` has it.
    pub(crate) now: u64,
}

/// Those that take part, laid out for choosing.
#[derive(Debug)]
pub(crate) struct Choice {
    way: Way,
    seats: Box<[Seat]>,
    /// Running sums of the weights: a number below the last picks its seat.
    sums: Box<[u64]>,
    /// For round robin: the seats in an order where each stands as often as its weight, spread evenly.
    order: Box<[u32]>,
}

/// The longest written-out round robin order; heavier weights are scaled down to it.
const ORDER: u64 = 4096;

impl Choice {
    pub(crate) fn new(way: Way, seats: Vec<Seat>) -> Self {
        let mut sum = 0;
        let sums: Box<[u64]> = seats
            .iter()
            .map(|seat| {
                sum += u64::from(seat.weight);
                sum
            })
            .collect();
        let order = match way {
            Way::Balance(Balance::RoundRobin) => smooth_order(&seats, sum),
            _ => Box::default(),
        };
        Choice { way, seats: seats.into(), sums, order }
    }

    /// Those that take part.
    pub(crate) fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// The endpoint for a request: one that it was not tried at, while there is one. `turn` counts requests.
    pub(crate) fn pick(&self, wish: &Wish<'_>, turn: &AtomicU64) -> Option<&Arc<Endpoint>> {
        if let [only] = &*self.seats {
            return Some(&only.endpoint);
        }
        if self.seats.is_empty() {
            return None;
        }
        if wish.tried.is_empty() {
            return Some(&self.any(wish, turn).endpoint);
        }
        let fresh = |seat: &Seat| !wish.tried.iter().any(|tried| tried.name == seat.endpoint.name);
        if let (Way::Hash, Some(key)) = (self.way, wish.key) {
            return hash::pick(&self.seats, key, fresh).or_else(|| hash::pick(&self.seats, key, |_| true));
        }
        if !self.order.is_empty() {
            // The next in turn that it was not at; whose turn it is stays for the requests that come.
            let next = turn.load(Ordering::Relaxed) as usize % self.order.len();
            let in_turn = self.order[next..].iter().chain(&self.order[..next]).map(|at| &self.seats[*at as usize]);
            let other = { in_turn }.find(|seat| fresh(seat)).unwrap_or(&self.seats[self.order[next] as usize]);
            return Some(&other.endpoint);
        }
        for _ in 0..self.seats.len() {
            let seat = self.any(wish, turn);
            if fresh(seat) {
                return Some(&seat.endpoint);
            }
        }
        let other = self.seats.iter().find(|seat| fresh(seat)).unwrap_or_else(|| self.any(wish, turn));
        Some(&other.endpoint)
    }

    fn any(&self, wish: &Wish<'_>, turn: &AtomicU64) -> &Seat {
        match (self.way, wish.key) {
            (Way::Hash, Some(key)) => {
                let at = hash::place(&self.seats, key, |_| true).unwrap_or(0);
                &self.seats[at]
            }
            (Way::Balance(Balance::RoundRobin), _) => {
                let turn = turn.fetch_add(1, Ordering::Relaxed) as usize % self.order.len();
                &self.seats[self.order[turn] as usize]
            }
            (Way::Balance(Balance::Random), _) => self.random(),
            (Way::Balance(Balance::PeakEwma), _) => {
                let (a, b) = self.two();
                let cost = |seat: &Seat| seat.endpoint.standing.cost(wish.now) / f64::from(seat.weight);
                if cost(b) < cost(a) { b } else { a }
            }
            (Way::Balance(Balance::LeastRequests) | Way::Hash, _) => {
                let (a, b) = self.two();
                // active/weight compared without dividing; an idle endpoint counts as its next request would.
                let cost = |one: &Seat, other: &Seat| (one.endpoint.active() as u64 + 1) * u64::from(other.weight);
                if cost(b, a) < cost(a, b) { b } else { a }
            }
        }
    }

    fn random(&self) -> &Seat {
        &self.seats[self.at(fastrand::u64(..self.total()))]
    }

    /// Two different ones by weight.
    fn two(&self) -> (&Seat, &Seat) {
        let first = self.at(fastrand::u64(..self.total()));
        let before = if first == 0 { 0 } else { self.sums[first - 1] };
        let own = self.sums[first] - before;
        // A number of those that are not the first one's.
        let mut number = fastrand::u64(..self.total() - own);
        if number >= before {
            number += own;
        }
        (&self.seats[first], &self.seats[self.at(number)])
    }

    fn total(&self) -> u64 {
        self.sums[self.sums.len() - 1]
    }

    fn at(&self, number: u64) -> usize {
        // A few are looked through faster than halved.
        let at = match self.sums.len() {
            ..=8 => self.sums.iter().position(|&sum| sum > number).unwrap_or(0),
            _ => self.sums.partition_point(|&sum| sum <= number),
        };
        at.min(self.seats.len() - 1)
    }
}

/// nginx's smooth weighted round robin, written out once: at each step everyone gains its weight and the richest, who
/// stands here, pays the total.
fn smooth_order(seats: &[Seat], sum: u64) -> Box<[u32]> {
    let common = seats.iter().fold(0, |divisor, seat| gcd(divisor, u64::from(seat.weight))).max(1);
    let scale = (sum / common).div_ceil(ORDER).max(1);
    let weights: Vec<i64> = seats.iter().map(|seat| (u64::from(seat.weight) / common / scale).max(1) as i64).collect();
    let total: i64 = weights.iter().sum();
    let mut current = vec![0i64; weights.len()];
    (0..total)
        .map(|_| {
            for (value, weight) in current.iter_mut().zip(&weights) {
                *value += weight;
            }
            let richest = (0..current.len()).rev().max_by_key(|&i| current[i]).unwrap_or(0);
            current[richest] -= total;
            richest as u32
        })
        .collect()
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
