//! From entries to a table.

use super::index::Index;
use super::order::{conflict, order};
use super::rule::{Check, Rule};
use super::{Conflict, Entry, Hosts, Table, trie};
use crate::pattern::{Condition, HostPattern, Test, compile};
use foldhash::fast::FixedState;
use regex::bytes::Regex;
use std::collections::HashMap;

/// Expressions by their text: a thousand routes with the same one share it.
type Compiled = HashMap<Box<str>, Regex, FixedState>;

pub(super) fn build<T>(entries: Vec<Entry<T>>) -> Result<Table<T>, Vec<Conflict>> {
    let mut trie = trie::Builder::default();
    let mut hosts = Hosts::default();
    let mut compiled = Compiled::default();
    let mut rules = Vec::with_capacity(entries.len());
    let mut values = Vec::with_capacity(entries.len());
    let mut patterns = Vec::with_capacity(entries.len());
    for (at, Entry { pattern, listeners, value }) in entries.into_iter().enumerate() {
        for root in hosts.roots_of(pattern.hosts(), &mut trie) {
            pattern.paths().iter().for_each(|path| trie.insert(root, path, at as u32));
        }
        let checks = pattern.conditions().iter().map(|condition| check(condition, &mut compiled)).collect();
        rules.push(Rule::new(pattern.methods().clone(), listeners, checks));
        values.push(value);
        patterns.push(pattern);
    }
    let rule = |at: u32| &rules[at as usize];
    let trie = trie.finish(|a, b| order(rule(a), rule(b)).then(a.cmp(&b)));
    let mut conflicts = Vec::new();
    trie.leaves().for_each(|leaf| conflicting(trie.list(leaf), &rule, &mut conflicts));
    if conflicts.is_empty() {
        let index = |leaf| Some((leaf, Index::new(trie.list(leaf), &rule)?));
        let indexes = trie.leaves().filter_map(index).collect();
        let (values, patterns, rules) = (values.into(), patterns.into(), rules.into());
        return Ok(Table { values, patterns, rules, hosts, trie, indexes });
    }
    conflicts.sort_unstable();
    conflicts.dedup();
    Err(conflicts)
}

/// Adds every rule of a list that conflicts with one before it, with that one. Only equally good ones can, and those
/// stand side by side.
fn conflicting<'r>(list: &[u32], rule: &impl Fn(u32) -> &'r Rule, conflicts: &mut Vec<Conflict>) {
    for equal in list.chunk_by(|&a, &b| rule(a).precedence() == rule(b).precedence()) {
        for (at, &late) in equal.iter().enumerate() {
            if let Some(&early) = equal[..at].iter().find(|&&early| conflict(rule(early), rule(late))) {
                conflicts.push(Conflict { first: early.min(late) as usize, second: early.max(late) as usize });
            }
        }
    }
}

fn check(condition: &Condition, compiled: &mut Compiled) -> Check {
    let Test::Regex(text) = condition.test() else { return Check::new(condition.clone(), None) };
    let regex = match compiled.get(text) {
        Some(regex) => Some(regex.clone()),
        // A condition is only made of an expression that compiles.
        None => compile(text).ok().inspect(|regex| drop(compiled.insert(text.clone(), regex.clone()))),
    };
    Check::new(condition.clone(), regex)
}

impl Hosts {
    /// The roots of a pattern's hosts, made where there are none yet.
    fn roots_of(&mut self, hosts: &[HostPattern], trie: &mut trie::Builder) -> Vec<u32> {
        if hosts.is_empty() {
            return vec![*self.any.get_or_insert_with(|| trie.node())];
        }
        let root = |host: &HostPattern| {
            let (map, name) = match host {
                HostPattern::Exact(name) => (&mut self.exact, name),
                HostPattern::Wildcard(name) => (&mut self.wildcard, name),
            };
            *map.entry(name.clone()).or_insert_with(|| trie.node())
        };
        hosts.iter().map(root).collect()
    }
}
