//! What an expression reads of its variables: `parts.profile.body.tier` reads `tier` of a part's body. So that who knows
//! what a variable holds can say beforehand that a name is not there.
//!
//! Says what the text tells and nothing more: a name that is computed ends what is known, and what is read behind it is
//! left out. Knows nothing of values.

use std::ops::Range;

use super::node::{Each, Node, Op};
use super::value::Value;
use super::variable::Variable;

/// Something of a variable that is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Access<'e> {
    /// The variable.
    pub variable: &'e Variable,
    /// Where its name stands, in bytes.
    pub range: Range<usize>,
    /// The way from its value to what is read, as far as the text tells.
    pub steps: Vec<Step<'e>>,
}

/// One step from a value into it.
#[derive(Clone, Debug, PartialEq)]
pub struct Step<'e> {
    /// What is taken.
    pub taken: Taken<'e>,
    /// Where it is named, in bytes: for an item of a macro, the list.
    pub range: Range<usize>,
}

/// What a step takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken<'e> {
    /// The value under a name of a map.
    Member(&'e str),
    /// An item of a list: the one at a place that is known, or any. A macro over a map has its keys in place of it.
    Item(Option<u64>),
}

/// One value may come from so many places; of what goes beyond, nothing is said.
const MOST: usize = 64;

/// All that an expression reads, in the order of its text. What is read further is not told of by itself: of `a.b.c` not
/// `a.b`.
pub(super) fn reads(root: &Node) -> Vec<Access<'_>> {
    let mut walk = Walk::default();
    walk.value(root);
    let mut once: Vec<Access<'_>> = Vec::with_capacity(walk.found.len());
    for access in walk.found {
        if once.last() != Some(&access) {
            once.push(access);
        }
    }
    once
}

/// What the value of an expression itself is, where it is taken out of variables and not computed: of `x ? a.b : a.c` both.
pub(super) fn origins(root: &Node) -> Vec<Access<'_>> {
    Walk::default().origins(root)
}

#[derive(Default)]
struct Walk<'e> {
    found: Vec<Access<'e>>,
    /// What the items of the macros around are.
    locals: Vec<Vec<Access<'e>>>,
}

impl<'e> Walk<'e> {
    fn value(&mut self, node: &'e Node) {
        let all = self.origins(node);
        self.found.extend(all);
    }

    fn values(&mut self, nodes: &'e [Node]) {
        nodes.iter().for_each(|node| self.value(node));
    }

    /// Where the value is taken from. What is read besides, to find it or to compute it, is noted.
    fn origins(&mut self, node: &'e Node) -> Vec<Access<'e>> {
        match &node.op {
            Op::Constant(_) => Vec::new(),
            Op::Variable(variable) => vec![Access { variable, range: node.range(), steps: Vec::new() }],
            Op::HasVariable(variable) => {
                self.found.push(Access { variable, range: node.range(), steps: Vec::new() });
                Vec::new()
            }
            Op::Local(slot) => self.locals.get(*slot).cloned().unwrap_or_default(),
            Op::Field(base, name) => self.member(node, base, name),
            Op::HasField(base, name) => {
                let all = self.member(node, base, name);
                self.found.extend(all);
                Vec::new()
            }
            Op::Index(both) => self.index(&both[0], &both[1]),
            Op::If(all) => {
                let [condition, yes, no] = &**all;
                self.value(condition);
                let mut both = self.origins(yes);
                both.extend(self.origins(no));
                both.truncate(MOST);
                both
            }
            Op::Each(each) => self.each(each),
            Op::Not(inner) | Op::Negate(inner) | Op::InTexts(inner, _) | Op::Matches(inner, _) => {
                self.value(inner);
                Vec::new()
            }
            Op::And(both) | Op::Or(both) | Op::Binary(_, both) => {
                self.values(&both[..]);
                Vec::new()
            }
            Op::List(nodes) | Op::Call(_, nodes) => {
                self.values(nodes);
                Vec::new()
            }
            Op::Map(entries) => {
                entries.iter().for_each(|(key, value)| {
                    self.value(key);
                    self.value(value);
                });
                Vec::new()
            }
        }
    }

    fn member(&mut self, node: &'e Node, base: &'e Node, name: &'e str) -> Vec<Access<'e>> {
        // The name is the last that stands there; `has(…)` ends in a bracket more, or not.
        let end = node.range().end;
        let base_end = base.range().end;
        let start = end.saturating_sub(name.len()).max(base_end);
        let step = Step { taken: Taken::Member(name), range: start..end };
        further(self.origins(base), &step)
    }

    fn index(&mut self, base: &'e Node, key: &'e Node) -> Vec<Access<'e>> {
        let taken = match &key.op {
            Op::Constant(Value::Text(name)) => Some(Taken::Member(name)),
            Op::Constant(Value::Int(at)) => Some(Taken::Item(u64::try_from(*at).ok())),
            Op::Constant(Value::Uint(at)) => Some(Taken::Item(Some(*at))),
            _ if key.kind.number() => Some(Taken::Item(None)),
            _ => None,
        };
        let origins = self.origins(base);
        let Some(taken) = taken else {
            self.found.extend(origins);
            self.value(key);
            return Vec::new();
        };
        self.value(key);
        further(origins, &Step { taken, range: key.range() })
    }

    fn each(&mut self, each: &'e Each) -> Vec<Access<'e>> {
        let over = self.origins(&each.over);
        let items = further(over.clone(), &Step { taken: Taken::Item(None), range: each.over.range() });
        let before = self.found.len();
        self.locals.truncate(each.slot);
        self.locals.push(items);
        each.only.iter().for_each(|only| self.value(only));
        // `filter`: the items are those of the list.
        let is_filter = matches!(&each.step.op, Op::Local(slot) if *slot == each.slot) && each.only.is_some();
        if !is_filter {
            self.value(&each.step);
        }
        self.locals.truncate(each.slot);
        if is_filter {
            return over;
        }
        let is_read_further = |one: &Access<'_>| self.found[before..].iter().any(|read| read.goes_beyond(one));
        let rest: Vec<_> = over.into_iter().filter(|one| !is_read_further(one)).collect();
        self.found.extend(rest);
        Vec::new()
    }
}

impl Access<'_> {
    fn goes_beyond(&self, other: &Access<'_>) -> bool {
        self.range == other.range && self.steps.len() > other.steps.len() && self.steps.starts_with(&other.steps)
    }

    /// The same of an expression that begins so many bytes later.
    pub(super) fn shifted(mut self, by: usize) -> Self {
        let shift = |range: &mut Range<usize>| *range = range.start + by..range.end + by;
        shift(&mut self.range);
        self.steps.iter_mut().for_each(|step| shift(&mut step.range));
        self
    }
}

fn further<'e>(mut all: Vec<Access<'e>>, step: &Step<'e>) -> Vec<Access<'e>> {
    all.iter_mut().for_each(|access| access.steps.push(step.clone()));
    all
}
