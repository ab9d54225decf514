//! Refusals by the policy that made them and the reason, and answers that were cut by reason.

use super::REASONS;
use super::cell::PerWorker;
use super::families::{CUT, REFUSALS};
use super::visit::{Value, Visit};
use pintle_core::Reason;
use std::sync::OnceLock;

/// The numbers. The names of policies are the program's own, so there are few.
pub(super) struct Refusals {
    workers: usize,
    /// A list that only grows, read without a lock.
    first: OnceLock<Box<ByPolicy>>,
    cut: PerWorker<REASONS>,
}

/// The refusals of one policy.
struct ByPolicy {
    /// Empty for those that none made.
    policy: &'static str,
    reasons: PerWorker<REASONS>,
    next: OnceLock<Box<ByPolicy>>,
}

impl Refusals {
    pub(super) fn new(workers: usize) -> Self {
        Refusals { workers, first: OnceLock::new(), cut: PerWorker::new(workers) }
    }

    pub(super) fn refused(&self, policy: Option<&'static str>, reason: Reason) {
        let policy = policy.unwrap_or_default();
        let mut place = &self.first;
        loop {
            // When two threads add at once, the later one finds the other's here and goes on.
            let here = place.get_or_init(|| {
                Box::new(ByPolicy { policy, reasons: PerWorker::new(self.workers), next: OnceLock::new() })
            });
            if here.policy == policy {
                return here.reasons.mine().add(reason as usize, 1);
            }
            place = &here.next;
        }
    }

    pub(super) fn cut(&self, reason: Reason) {
        self.cut.mine().add(reason as usize, 1);
    }

    fn policies(&self) -> impl Iterator<Item = &ByPolicy> {
        std::iter::successors(self.first.get(), |one| one.next.get()).map(|one| &**one)
    }

    /// All refusals by reason.
    pub(super) fn by_reason(&self) -> [u64; REASONS] {
        let totals = self.policies().filter_map(|one| one.reasons.totals());
        totals.fold([0; REASONS], |sum, one| std::array::from_fn(|at| sum[at].wrapping_add(one[at])))
    }

    pub(super) fn visit(&self, to: &mut dyn Visit) {
        for ByPolicy { policy, reasons, .. } in self.policies() {
            for (reason, count) in hit(reasons) {
                to.sample(&REFUSALS, &[("policy", policy), ("reason", reason.code())], Value::Count(count));
            }
        }
        for (reason, count) in hit(&self.cut) {
            to.sample(&CUT, &[("reason", reason.code())], Value::Count(count));
        }
    }
}

fn hit(reasons: &PerWorker<REASONS>) -> impl Iterator<Item = (Reason, u64)> {
    Reason::ALL.iter().copied().zip(reasons.totals().unwrap_or([0; REASONS])).filter(|(_, count)| *count > 0)
}
