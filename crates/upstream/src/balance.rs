//! Which endpoint gets the next request.

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
    /// By their latest answers' times.
    #[read(later)]
    PeakEwma,
    /// At random.
    #[read(later)]
    Random,
}

/// Endpoints and the state of choosing among them.
#[derive(Debug)]
pub(crate) struct Balancer {
    endpoints: Vec<Arc<Endpoint>>,
    balance: Balance,
    /// Running sums of the weights: a number below the last picks its endpoint.
    sums: Vec<u64>,
    turn: AtomicU64,
    /// For round robin: the endpoints in an order where each stands as often as its weight, spread evenly.
    order: Vec<u32>,
}

/// The longest written-out round robin order; heavier weights are scaled down to it.
const ORDER: u64 = 4096;

impl Balancer {
    pub(crate) fn new(endpoints: Vec<Arc<Endpoint>>, balance: Balance) -> Self {
        let mut sum = 0;
        let sums: Vec<u64> = endpoints
            .iter()
            .map(|e| {
                sum += u64::from(e.weight);
                sum
            })
            .collect();
        let order = if balance == Balance::RoundRobin { smooth_order(&endpoints, sum) } else { Vec::new() };
        Balancer { endpoints, balance, sums, turn: AtomicU64::new(0), order }
    }

    pub(crate) fn endpoints(&self) -> &[Arc<Endpoint>] {
        &self.endpoints
    }

    /// The next endpoint, another than `but` if there is another.
    pub(crate) fn pick(&self, but: Option<&Arc<Endpoint>>) -> Option<&Arc<Endpoint>> {
        let (first, rest) = self.endpoints.split_first()?;
        if rest.is_empty() {
            return Some(first);
        }
        let mut picked = self.pick_any();
        for _ in 0..self.endpoints.len() {
            if !but.is_some_and(|but| Arc::ptr_eq(but, picked)) {
                break;
            }
            picked = self.pick_any();
        }
        if but.is_some_and(|but| Arc::ptr_eq(but, picked)) {
            return self.endpoints.iter().find(|e| !Arc::ptr_eq(e, picked));
        }
        Some(picked)
    }

    fn pick_any(&self) -> &Arc<Endpoint> {
        match self.balance {
            Balance::RoundRobin => {
                let turn = self.turn.fetch_add(1, Ordering::Relaxed) as usize % self.order.len();
                &self.endpoints[self.order[turn] as usize]
            }
            _ => {
                let (a, b) = (self.random(), self.random());
                // active/weight compared without dividing; an idle endpoint counts as its next request would.
                let cost = |e: &Endpoint, other: &Endpoint| (e.active() as u64 + 1) * u64::from(other.weight);
                if cost(b, a) < cost(a, b) { b } else { a }
            }
        }
    }

    fn random(&self) -> &Arc<Endpoint> {
        let total = self.sums.last().copied().unwrap_or(1);
        let number = fastrand::u64(..total);
        let index = self.sums.partition_point(|&sum| sum <= number);
        &self.endpoints[index.min(self.endpoints.len() - 1)]
    }
}

/// nginx's smooth weighted round robin, written out once: at each step everyone gains its weight and the richest, who
/// stands here, pays the total.
fn smooth_order(endpoints: &[Arc<Endpoint>], sum: u64) -> Vec<u32> {
    let scale = sum.div_ceil(ORDER).max(1);
    let weights: Vec<i64> = endpoints.iter().map(|e| (u64::from(e.weight) / scale).max(1) as i64).collect();
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
