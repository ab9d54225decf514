//! One of the two configurations: its table, and what its routes do.

use super::effect::Effect;
use crate::describe::{Description, ListenerDescription, PolicyDescription, RouteDescription};
use pintle_core::config::{ByteSize, Node, Read, Reader};
use pintle_engine::Runtime;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// A configuration that requests can be asked of.
pub struct Side<'c> {
    pub(super) description: &'c Description,
    pub(super) runtime: &'c Runtime,
    /// Made when first asked for: a log may meet ten of ten thousand routes.
    effects: RefCell<HashMap<usize, Option<Rc<Effect>>>>,
}

impl<'c> Side<'c> {
    /// Of a configuration and its description, which must be of the same document.
    pub fn new(description: &'c Description, runtime: &'c Runtime) -> Self {
        Side { description, runtime, effects: RefCell::default() }
    }

    pub(super) fn route(&self, entry: usize) -> &'c RouteDescription {
        &self.description.routes[entry]
    }

    /// What a route does; none where its action is not known here.
    pub(super) fn effect(&self, entry: usize) -> Option<Rc<Effect>> {
        let mut effects = self.effects.borrow_mut();
        effects.entry(entry).or_insert_with(|| Effect::of(self.route(entry)).map(Rc::new)).clone()
    }

    pub(super) fn listener(&self, name: &str) -> Option<(u32, &'c ListenerDescription)> {
        (0..).zip(&self.description.listeners).find(|(_, listener)| listener.name == name)
    }

    pub(super) fn setting(&self, key: &str) -> Option<&'c Node> {
        self.description.settings.iter().find(|(name, _)| *name == key).map(|(_, node)| node)
    }

    /// How much content a request may have where these policies hold; none is any.
    pub(super) fn body_limit(&self, policies: &[PolicyDescription]) -> Option<u64> {
        let bytes = |node: &Node| ByteSize::read(node, &mut Reader::new()).map(ByteSize::bytes);
        match policies.iter().rfind(|policy| policy.kind == "body_limit") {
            Some(policy) if policy.settings.as_plain() == Some("none") => None,
            Some(policy) => bytes(&policy.settings),
            None => bytes(self.setting("limits")?.get("body")?),
        }
    }
}
