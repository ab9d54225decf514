//! What is known by name for as long as somebody holds it.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

/// The fewest names worth sweeping.
const FEW: usize = 64;

/// Names and what they stand for, in the names' order. Does not keep anything alive; names without a holder are swept
/// out as more come, so a stream of names that come and go takes no room.
pub(super) struct Held<T> {
    members: BTreeMap<Box<str>, Weak<T>>,
    sweep_at: usize,
}

impl<T> Held<T> {
    pub(super) const fn new() -> Self {
        Held { members: BTreeMap::new(), sweep_at: FEW }
    }

    pub(super) fn get(&self, name: &str) -> Option<Arc<T>> {
        self.members.get(name).and_then(Weak::upgrade)
    }

    /// Takes up a new one.
    pub(super) fn add(&mut self, name: &str, member: T) -> Arc<T> {
        if self.members.len() >= self.sweep_at {
            self.members.retain(|_, member| member.strong_count() > 0);
            self.sweep_at = FEW.max(self.members.len() * 2);
        }
        let member = Arc::new(member);
        self.members.insert(name.into(), Arc::downgrade(&member));
        member
    }

    /// All that somebody holds.
    pub(super) fn alive(&self) -> Vec<Arc<T>> {
        self.members.values().filter_map(Weak::upgrade).collect()
    }

    /// How many names there are, held or not.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }
}
