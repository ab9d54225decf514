//! Path patterns as a trie of segments. All hosts' tries share one arena, one hash table of edges, one text.

use crate::pattern::{PathPattern, Segment};
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use pintle_core::exchange::Captures;
use std::cmp::Ordering;
use std::hash::{BuildHasher, Hasher};
use std::ops::ControlFlow;

const NONE: u32 = u32::MAX;

#[derive(Debug)]
pub(super) struct Trie {
    nodes: Vec<Node>,
    /// Literal segments: from a node to another.
    edges: HashTable<Edge>,
    /// The literals' texts.
    text: String,
    /// Where in `rules` each leaf's list begins; one more at the end.
    starts: Box<[u32]>,
    /// The leaves' lists.
    rules: Box<[u32]>,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    /// Whether an edge leaves it.
    literals: bool,
    /// The node behind a `{name}`.
    name: u32,
    /// The leaf of the patterns that end here.
    end: u32,
    /// The leaf of the patterns that go on with `**`.
    rest: u32,
}

#[derive(Clone, Copy, Debug)]
struct Edge {
    from: u32,
    to: u32,
    text: u32,
    len: u32,
}

fn hash(from: u32, segment: &str) -> u64 {
    // Attackers choose no edges, so a fixed seed is no risk.
    let mut hasher = FixedState::default().build_hasher();
    hasher.write_u32(from);
    hasher.write(segment.as_bytes());
    hasher.finish()
}

impl Edge {
    fn is(&self, text: &str, from: u32, segment: &str) -> bool {
        self.from == from && self.text(text) == segment.as_bytes()
    }

    fn text<'t>(&self, text: &'t str) -> &'t [u8] {
        &text.as_bytes()[self.text as usize..(self.text + self.len) as usize]
    }
}

impl Trie {
    fn child(&self, from: u32, segment: &str) -> Option<u32> {
        let found = self.edges.find(hash(from, segment), |edge| edge.is(&self.text, from, segment));
        found.map(|edge| edge.to)
    }

    /// The rules of a leaf, the best first.
    pub(super) fn list(&self, leaf: u32) -> &[u32] {
        let at = leaf as usize;
        &self.rules[self.starts[at] as usize..self.starts[at + 1] as usize]
    }

    /// Every leaf.
    pub(super) fn leaves(&self) -> impl Iterator<Item = u32> + use<> {
        0..self.starts.len() as u32 - 1
    }

    /// Shows `visit` the leaves of all patterns below `root` that the path matches, the most specific first: segment by
    /// segment from the left a literal, `{name}`, `**`.
    pub(super) fn walk<V>(&self, root: u32, path: &str, visit: &mut V) -> ControlFlow<()>
    where
        V: FnMut(u32, &mut Captures) -> ControlFlow<()>,
    {
        if !path.starts_with('/') {
            return ControlFlow::Continue(());
        }
        Walk { trie: self, path, visit, captures: Captures::default() }.descend(root, 1)
    }
}

struct Walk<'w, V> {
    trie: &'w Trie,
    path: &'w str,
    visit: &'w mut V,
    captures: Captures,
}

impl<V: FnMut(u32, &mut Captures) -> ControlFlow<()>> Walk<'_, V> {
    /// Goes on from a node; `at` is where the next segment begins, past the path's end if there is none. As deep as the
    /// longest pattern; each node is seen once at most.
    fn descend(&mut self, node: u32, at: usize) -> ControlFlow<()> {
        let Node { literals, name, end, rest } = self.trie.nodes[node as usize];
        match self.path.get(at..) {
            Some(tail) => {
                let length = memchr::memchr(b'/', tail.as_bytes()).unwrap_or(tail.len());
                let next = at + length + 1;
                if literals && let Some(child) = self.trie.child(node, &tail[..length]) {
                    self.descend(child, next)?;
                }
                if name != NONE && length > 0 {
                    self.captures.segments.push(at as u32..(at + length) as u32);
                    self.descend(name, next)?;
                    self.captures.segments.pop();
                }
            }
            None if end != NONE => (self.visit)(end, &mut self.captures)?,
            None => {}
        }
        if rest != NONE {
            self.captures.rest = Some(at.min(self.path.len()) as u32);
            (self.visit)(rest, &mut self.captures)?;
            self.captures.rest = None;
        }
        ControlFlow::Continue(())
    }
}

/// A trie that still grows.
#[derive(Default)]
pub(super) struct Builder {
    nodes: Vec<Node>,
    edges: HashTable<Edge>,
    text: String,
    leaves: u32,
    /// Which rule is in which leaf.
    members: Vec<(u32, u32)>,
}

impl Builder {
    /// A new root.
    pub(super) fn node(&mut self) -> u32 {
        self.nodes.push(Node { literals: false, name: NONE, end: NONE, rest: NONE });
        self.nodes.len() as u32 - 1
    }

    /// Puts a rule at the end of a path below `root`.
    pub(super) fn insert(&mut self, root: u32, path: &PathPattern, rule: u32) {
        let mut node = root;
        let mut rest = false;
        for segment in path.segments() {
            match segment {
                Segment::Literal(text) => node = self.literal(node, text),
                Segment::Name(_) => {
                    if self.nodes[node as usize].name == NONE {
                        self.nodes[node as usize].name = self.node();
                    }
                    node = self.nodes[node as usize].name;
                }
                Segment::Rest => rest = true,
            }
        }
        let node = &mut self.nodes[node as usize];
        let leaf = if rest { &mut node.rest } else { &mut node.end };
        if *leaf == NONE {
            *leaf = self.leaves;
            self.leaves += 1;
        }
        self.members.push((*leaf, rule));
    }

    fn literal(&mut self, from: u32, segment: &str) -> u32 {
        let at = hash(from, segment);
        if let Some(edge) = self.edges.find(at, |edge| edge.is(&self.text, from, segment)) {
            return edge.to;
        }
        let to = self.node();
        let edge = Edge { from, to, text: self.text.len() as u32, len: segment.len() as u32 };
        self.text.push_str(segment);
        self.nodes[from as usize].literals = true;
        let text = &self.text;
        let rehash = |edge: &Edge| {
            let (start, end) = (edge.text as usize, (edge.text + edge.len) as usize);
            hash(edge.from, &text[start..end])
        };
        self.edges.insert_unique(at, edge, rehash);
        to
    }

    /// The finished trie, each leaf's list sorted by `order`.
    pub(super) fn finish(mut self, order: impl Fn(u32, u32) -> Ordering) -> Trie {
        self.members.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| order(a.1, b.1)));
        // One route may come to one leaf by two of its own paths that differ in names alone.
        self.members.dedup();
        let mut starts = Vec::with_capacity(self.leaves as usize + 1);
        for (at, &(leaf, _)) in self.members.iter().enumerate() {
            if leaf as usize == starts.len() {
                starts.push(at as u32);
            }
        }
        starts.push(self.members.len() as u32);
        let rules: Box<[u32]> = self.members.iter().map(|&(_, rule)| rule).collect();
        self.nodes.shrink_to_fit();
        self.text.shrink_to_fit();
        Trie { nodes: self.nodes, edges: self.edges, text: self.text, starts: starts.into(), rules }
    }
}
