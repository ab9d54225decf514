//! What becomes of what is read: a tree, or nothing but the knowledge that it is JSON.

use super::{Array, Build, Member, Node, Object, Place, Text};
use std::sync::Arc;
use std::vec::Drain;

/// What is made of values as they are read.
pub(super) trait Form {
    type Value;
    /// Of a list or an object.
    type Values: Default;
    fn scalar(node: Node) -> Self::Value;
    fn push(values: &mut Self::Values, value: Self::Value);
    fn array(source: &Arc<str>, values: Self::Values, place: Place, build: Build) -> Self::Value;
    /// Of as many names as values; `order` is theirs, or empty for a few.
    fn object(
        source: &Arc<str>,
        names: Drain<'_, Name>,
        values: Self::Values,
        order: &[(u32, u32)],
        place: Place,
        build: Build,
    ) -> Self::Value;
}

/// The tree of all values.
pub(super) struct Tree;

impl Form for Tree {
    type Value = Node;
    type Values = Vec<Node>;

    fn scalar(node: Node) -> Node {
        node
    }

    fn push(values: &mut Vec<Node>, value: Node) {
        values.push(value);
    }

    fn array(source: &Arc<str>, values: Vec<Node>, place: Place, build: Build) -> Node {
        Node::Array(Box::new(Array { source: Arc::clone(source), items: values.into(), place, build }))
    }

    fn object(
        source: &Arc<str>,
        names: Drain<'_, Name>,
        values: Vec<Node>,
        order: &[(u32, u32)],
        place: Place,
        build: Build,
    ) -> Node {
        let members = names.zip(values).map(|(name, value)| Member { name: name.text, value }).collect();
        Node::Object(Box::new(Object { source: Arc::clone(source), members, order: order.into(), place, build }))
    }
}

/// Nothing is kept.
pub(super) struct Checked;

impl Form for Checked {
    type Value = ();
    type Values = ();

    fn scalar(_: Node) {}

    fn push((): &mut (), (): ()) {}

    fn array(_: &Arc<str>, (): (), _: Place, _: Build) {}

    fn object(_: &Arc<str>, _: Drain<'_, Name>, (): (), _: &[(u32, u32)], _: Place, _: Build) {}
}

/// The name of a member, and a number that few other names have.
pub(super) struct Name {
    pub(super) text: Text,
    pub(super) hash: u32,
}

/// A number that few other names have. Who makes names that share one gains nothing: they are told apart by their text, in order.
pub(super) fn mixed(name: &str) -> u32 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let (pieces, rest) = name.as_bytes().as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let mut sum = name.len() as u64;
    for piece in pieces.iter().chain([&last]) {
        sum = (sum ^ u64::from_le_bytes(*piece)).wrapping_mul(ODD);
        sum ^= sum >> 32;
    }
    sum as u32
}
