//! From the lists around a route to the steps of its chain.

use crate::chain::Effective;
use crate::{NamedPolicies, PolicyEntry, PolicyList, compress};
use pintle_core::config::{ByteSize, Reader};
use pintle_core::counters::Counters;
use pintle_core::step::{PolicyStep, Step};
use pintle_core::template::Declared;
use std::sync::Arc;

/// What holds where no policy says otherwise.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// The top-level `limits.body`; none is no limit.
    pub body_limit: Option<ByteSize>,
    /// What policies count by.
    pub counts: Counts,
}

/// The counters of the policies that count: found once for a configuration, held by the routes that use them.
#[derive(Clone, Debug)]
pub struct Counts {
    pub(crate) compress: Arc<compress::Counts>,
}

impl Counts {
    /// Finds them.
    pub fn new(counters: &dyn Counters) -> Self {
        Counts { compress: Arc::new(compress::Counts::new(counters)) }
    }
}

/// What the policies of one route are built with, and the steps so far.
pub(crate) struct Building<'b, 'd> {
    pub(crate) place: &'b Declared<'d>,
    pub(crate) defaults: &'b Defaults,
    pub(crate) reader: &'b mut Reader,
    pub(crate) steps: Vec<Step>,
    /// The steps that have their place.
    placed: Vec<PolicyStep>,
}

impl Building<'_, '_> {
    /// Gives the steps that were added since the last call their place.
    pub(crate) fn settle(&mut self, policy: &'static str) {
        self.placed.extend(self.steps.drain(..).map(|step| PolicyStep { policy, step }));
    }
}

/// Builds the steps of a route. `levels` are the lists that hold for it, outer to inner: of `defaults`, its listener,
/// its groups, its own; `place` says what its expressions may name. `None` says that something was reported.
///
/// A list that several routes share is built for each, and its mistakes are reported by each at the same places in the
/// same words, which [`pintle_core::config::Diagnostics::sort`] makes one of.
pub fn build(
    levels: &[&PolicyList],
    named: &NamedPolicies,
    place: &Declared<'_>,
    defaults: &Defaults,
    reader: &mut Reader,
) -> Option<Vec<PolicyStep>> {
    let mut effective = Effective::default();
    let mut good = true;
    for (level, list) in levels.iter().enumerate() {
        for entry in list.iter() {
            let (policy, span) = match entry {
                PolicyEntry::Named(name) => (named.find(name, reader), &name.span),
                PolicyEntry::Inline(policy) => (Some(&policy.value), &policy.span),
            };
            let taken = policy.and_then(|policy| effective.take(policy, (level, span), named, reader));
            good &= taken.is_some();
        }
    }
    let mut building = Building { place, defaults, reader, steps: Vec::new(), placed: Vec::new() };
    good &= effective.steps(&mut building);
    good.then_some(building.placed)
}

#[cfg(test)]
mod tests;
