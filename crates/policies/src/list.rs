//! A `policies:` list as it is written.

use crate::Policy;
use pintle_core::config::{ConfigPath, Node, Read, Reader, Shape, Spanned};
use std::ops::Deref;

/// The policies of one level: of `defaults`, a listener, a group or a route.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyList(pub Vec<PolicyEntry>);

/// An entry of a `policies:` list.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(forms, expected = "a named policy, or a map with the policy as its key")]
#[expect(clippy::large_enum_variant, reason = "it is there once for what is written, and not for routes")]
pub enum PolicyEntry {
    /// A policy of the top-level `policies` by its name.
    #[read(text)]
    Named(Spanned<String>),
    /// A policy here: `{timeout: 5s}`.
    #[read(map)]
    Inline(Spanned<Policy>),
}

impl PolicyList {
    /// Adds the files that the settings of its policies name; those of named ones stand elsewhere.
    pub fn files(&self, found: &mut Vec<ConfigPath>) {
        for entry in &self.0 {
            if let PolicyEntry::Inline(policy) = entry {
                policy.files(found);
            }
        }
    }
}

impl Deref for PolicyList {
    type Target = [PolicyEntry];

    fn deref(&self) -> &[PolicyEntry] {
        &self.0
    }
}

impl Read for PolicyList {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Some(items) = node.as_list() else { return Vec::read(node, reader).map(PolicyList) };
        // What is broken was reported, and refuses the configuration; the rest of it is looked at all the same.
        Some(PolicyList(items.iter().filter_map(|item| PolicyEntry::read(item, reader)).collect()))
    }

    fn shape() -> Shape {
        Vec::<PolicyEntry>::shape()
    }
}
