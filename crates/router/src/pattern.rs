//! What a match says: hosts, paths, methods and conditions, each checked, so that a pattern cannot hold what no request
//! meets (semantics, "Match"). [`Pattern::within`] joins a group's match and its child's.

mod condition;
mod fault;
mod group;
mod host;
mod method;
mod path;
#[cfg(test)]
mod tests;

pub use condition::{Condition, Place, Test};
pub(crate) use condition::{compile, sound_name, sound_test};
pub use fault::Fault;
pub use host::HostPattern;
pub use method::Methods;
pub(crate) use method::Rank;
pub use path::{PathPattern, Segment};

use fault::fault;
use std::fmt;
use std::sync::Arc;

/// A route's match. Everything given must hold; of several hosts, paths or methods any. Cheap to clone: a table keeps it
/// for the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Arc<Parts>);

#[derive(Debug, PartialEq, Eq)]
struct Parts {
    hosts: Box<[HostPattern]>,
    paths: Box<[PathPattern]>,
    methods: Methods,
    conditions: Box<[Condition]>,
}

impl Pattern {
    /// Puts a match together. No hosts are any host, no paths any path, no methods any method. The paths must capture
    /// the same names in the same order, because a route's expressions mean one place by a name.
    pub fn new(
        mut hosts: Vec<HostPattern>,
        mut paths: Vec<PathPattern>,
        methods: Methods,
        mut conditions: Vec<Condition>,
    ) -> Result<Self, Fault> {
        if paths.is_empty() {
            paths.push(PathPattern::any());
        }
        // Sorted, so that one meaning has one canonical text.
        hosts.sort();
        hosts.dedup();
        paths.sort();
        paths.dedup();
        conditions.sort();
        conditions.dedup();
        if let Some(other) = paths.iter().find(|path| !path.names().eq(paths[0].names())) {
            return Err(fault(
                format!("`{}` and `{other}` capture different names", paths[0]),
                "let every path of one match have the same {names} in the same order, or write two routes",
            ));
        }
        let excluded = |pair: &&[Condition]| pair[0].excludes(&pair[1]);
        if let Some(pair) = conditions.windows(2).find(excluded) {
            let what = format!("no request meets both `{}` and `{}`", pair[0], pair[1]);
            return Err(fault(what, "leave one of them out"));
        }
        let (hosts, paths, conditions) = (hosts.into(), paths.into(), conditions.into());
        Ok(Pattern(Arc::new(Parts { hosts, paths, methods, conditions })))
    }

    /// Reads the short form, `[METHOD[,METHOD] ][host]/path`.
    pub fn short(text: &str) -> Result<Self, Fault> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (methods, target) = match words[..] {
            [target] => (Methods::default(), target),
            [path, _] if path.contains('/') => {
                return Err(fault(format!("`{text}` has a space in its path"), "write it as %20"));
            }
            [methods, target] => (Methods::parse(methods)?, target),
            [method, ..] if method.ends_with(',') => {
                let remedy = "write the methods without spaces, as in `GET,POST /a`";
                return Err(fault(format!("`{text}` is no match"), remedy));
            }
            _ => {
                return Err(fault(
                    format!("`{text}` is no match"),
                    "write `[METHOD[,METHOD] ][host]/path`, and a space in a path as %20",
                ));
            }
        };
        let Some(slash) = target.find('/') else {
            let remedy = if words.len() == 1 && Methods::parse(target).is_ok() {
                format!("write `{target} /**` for any path")
            } else {
                format!("write `{target}/**` for any path of that host")
            };
            return Err(fault(format!("`{target}` has no path"), remedy));
        };
        let (host, path) = target.split_at(slash);
        if host.starts_with(['^', '~']) {
            return Err(path::regular_expression(target));
        }
        if path.starts_with("//") && host.ends_with(':') {
            return Err(fault(format!("`{target}` is a URL"), "leave the scheme out; a listener decides it"));
        }
        let hosts = if host.is_empty() { vec![] } else { vec![HostPattern::parse(host)?] };
        Pattern::new(hosts, vec![PathPattern::parse(path)?], methods, vec![])
    }

    /// The hosts; none are any.
    pub fn hosts(&self) -> &[HostPattern] {
        &self.0.hosts
    }

    /// The paths, at least one.
    pub fn paths(&self) -> &[PathPattern] {
        &self.0.paths
    }

    /// The methods that it lists.
    pub fn methods(&self) -> &Methods {
        &self.0.methods
    }

    /// The conditions; all must hold.
    pub fn conditions(&self) -> &[Condition] {
        &self.0.conditions
    }

    /// The names of what the path captures, in the order of `Captures::segments`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.paths[0].names()
    }

    /// Whether a path of it ends in `**`, so that there is a `path.rest`.
    pub fn has_rest(&self) -> bool {
        self.0.paths.iter().any(PathPattern::has_rest)
    }

    /// The match in canonical form, which is a route's name where it has none, with the listeners that it names.
    pub fn canonical(&self, listeners: &[&str]) -> String {
        let mut text = self.to_string();
        if !listeners.is_empty() {
            text.push_str(" @");
            text.push_str(&listeners.join(","));
        }
        text
    }
}

/// The canonical form: `POST,PUT *.x.y|x.y/a/{id} [header x-a="1"; query b present]`.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.methods.is_empty() {
            write!(f, "{} ", self.0.methods.join(","))?;
        }
        for (at, host) in self.0.hosts.iter().enumerate() {
            write!(f, "{}{host}", if at > 0 { "|" } else { "" })?;
        }
        for (at, path) in self.0.paths.iter().enumerate() {
            write!(f, "{}{path}", if at > 0 { "|" } else { "" })?;
        }
        for (at, condition) in self.0.conditions.iter().enumerate() {
            write!(f, "{}{condition}", if at > 0 { "; " } else { " [" })?;
        }
        f.write_str(if self.0.conditions.is_empty() { "" } else { "]" })
    }
}
