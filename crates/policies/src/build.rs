//! From the lists around a route to the steps of its chain.

use crate::chain::Effective;
use crate::layers::At;
use crate::{
    Consumers, Files, NamedPolicies, PolicyEntry, PolicyList, authorize, compress, forward_auth, geo, introspect,
    issuer, jwt, oidc,
};
use pintle_core::Lasting;
use pintle_core::config::{ByteSize, Reader};
use pintle_core::counters::Counters;
use pintle_core::step::{Brought, PolicyStep, Step};
use pintle_core::template::Declared;
use pintle_store::{Durable, Store};
use pintle_upstream::Services;
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
    pub(crate) authorize: Arc<authorize::Counts>,
    pub(crate) compress: Arc<compress::Counts>,
    pub(crate) introspect: Arc<introspect::Counts>,
    pub(crate) issuer: Arc<issuer::Counts>,
    pub(crate) jwt: Arc<jwt::Counts>,
    pub(crate) oidc: Arc<oidc::Counts>,
    pub(crate) forward_auth: Arc<forward_auth::Counts>,
}

impl Counts {
    /// Finds them.
    pub fn new(counters: &dyn Counters) -> Self {
        Counts {
            authorize: Arc::new(authorize::Counts::new(counters)),
            compress: Arc::new(compress::Counts::new(counters)),
            introspect: Arc::new(introspect::Counts::new(counters)),
            issuer: Arc::new(issuer::Counts::new(counters)),
            jwt: Arc::new(jwt::Counts::new(counters)),
            oidc: Arc::new(oidc::Counts::new(counters)),
            forward_auth: Arc::new(forward_auth::Counts::new(counters)),
        }
    }
}

/// What all policies of a configuration are built with.
pub struct Surroundings<'s> {
    /// Those that have names.
    pub named: &'s NamedPolicies,
    /// What holds where none says otherwise.
    pub defaults: Defaults,
    /// People and programs.
    pub consumers: Arc<Consumers>,
    /// What outlives the configuration.
    pub lasting: Arc<Lasting>,
    /// The files that policies name.
    pub files: Arc<Files>,
    /// Where addresses are.
    pub geo: geo::Given,
    /// What replicas share, where the configuration names it.
    pub store: Option<Arc<Store>>,
    /// Where counts that outlive the process are kept, where there is a state folder.
    pub counts_kept: Option<Arc<Durable>>,
    /// Where counters are found that have a policy's name.
    pub counters: Arc<dyn Counters + Send + Sync>,
}

/// A list of policies, and what it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Level<'l> {
    /// What it belongs to, the same over reloads: `defaults`, `listener public`, `route orders`.
    pub name: &'l str,
    /// The list.
    pub list: &'l PolicyList,
}

/// What the policies of one route are built with, and the steps so far.
pub(crate) struct Building<'b, 'd> {
    pub(crate) place: &'b Declared<'d>,
    pub(crate) around: &'b Surroundings<'b>,
    pub(crate) services: &'b mut dyn Services,
    pub(crate) reader: &'b mut Reader,
    pub(crate) steps: Vec<Step>,
    /// The routes that policies bring along.
    pub(crate) brought: Vec<Brought>,
    /// Whether who it is is asked for, and what goes by that.
    pub(crate) asks_who: bool,
    /// The steps that have their place.
    placed: Vec<PolicyStep>,
}

impl Building<'_, '_> {
    /// Gives the steps that were added since the last call their place.
    pub(crate) fn settle(&mut self, policy: &'static str) {
        self.placed.extend(self.steps.drain(..).map(|step| PolicyStep { policy, step }));
    }
}

/// What policies come to.
#[derive(Default)]
pub struct Built {
    /// Their steps, outer to inner.
    pub steps: Vec<PolicyStep>,
    /// The routes that they bring along.
    pub brought: Vec<Brought>,
}

/// Builds the steps of a route. `levels` are the lists that hold for it, outer to inner: of `defaults`, its listener,
/// its groups, its own; `place` says what its expressions may name. `None` says that something was reported.
///
/// A list that several routes share is built for each, and its mistakes are reported by each at the same places in the
/// same words, which [`pintle_core::config::Diagnostics::sort`] makes one of.
pub fn build(
    levels: &[Level<'_>],
    around: &Surroundings<'_>,
    place: &Declared<'_>,
    services: &mut dyn Services,
    reader: &mut Reader,
) -> Option<Built> {
    built(levels, around, place, true, services, reader)
}

/// As [`build`], for a route that a policy brings along: nobody is asked there who it is, and nothing goes by that.
pub fn build_brought(
    levels: &[Level<'_>],
    around: &Surroundings<'_>,
    place: &Declared<'_>,
    services: &mut dyn Services,
    reader: &mut Reader,
) -> Option<Vec<PolicyStep>> {
    built(levels, around, place, false, services, reader).map(|built| built.steps)
}

fn built(
    levels: &[Level<'_>],
    around: &Surroundings<'_>,
    place: &Declared<'_>,
    asks_who: bool,
    services: &mut dyn Services,
    reader: &mut Reader,
) -> Option<Built> {
    let mut effective = Effective::default();
    let mut good = true;
    let named = around.named;
    for (number, level) in levels.iter().enumerate() {
        for entry in level.list.iter() {
            let (policy, name, span) = match entry {
                PolicyEntry::Named(name) => (named.find(name, reader), Some(name.as_str()), &name.span),
                PolicyEntry::Inline(policy) => (Some(&policy.value), None, &policy.span),
            };
            let at = At { level: number, name: level.name, policy: name, span };
            let taken = policy.and_then(|policy| effective.take(policy, at, named, reader));
            good &= taken.is_some();
        }
    }
    let (steps, brought, placed) = (Vec::new(), Vec::new(), Vec::new());
    let mut building = Building { place, around, services, reader, steps, brought, asks_who, placed };
    good &= effective.steps(&mut building);
    good.then_some(Built { steps: building.placed, brought: building.brought })
}

#[cfg(test)]
mod tests;
