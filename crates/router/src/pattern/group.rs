//! A group's match and its child's as one: both must hold (semantics, "Match").

use super::fault::{Fault, fault};
use super::{HostPattern, Pattern};

impl Pattern {
    /// The match of a child within a group: paths are joined in the place of the group's `**`, the child's hosts narrow
    /// the group's, methods are those of both, conditions are added.
    pub fn within(&self, group: &Pattern) -> Result<Pattern, Fault> {
        let mut paths = Vec::with_capacity(group.0.paths.len() * self.0.paths.len());
        for outer in &group.0.paths {
            for inner in &self.0.paths {
                paths.push(outer.join(inner)?);
            }
        }
        let methods = group.0.methods.meet(&self.0.methods).ok_or_else(|| {
            fault(
                format!("`{}` is none of the group's `{}`", self.0.methods.join(","), group.0.methods.join(",")),
                "let the group list the method too, or move the route out of it",
            )
        })?;
        let conditions = group.0.conditions.iter().chain(&self.0.conditions).cloned().collect();
        Pattern::new(narrow(&group.0.hosts, &self.0.hosts)?, paths, methods, conditions)
    }
}

/// The hosts that are both one of the group's and one of the child's. A child's host that is none of the group's is a
/// slip and not an empty set.
fn narrow(group: &[HostPattern], child: &[HostPattern]) -> Result<Vec<HostPattern>, Fault> {
    if group.is_empty() || child.is_empty() {
        return Ok(if group.is_empty() { child } else { group }.to_vec());
    }
    let mut hosts = Vec::new();
    for host in child {
        let before = hosts.len();
        for outer in group {
            if outer.covers(host) {
                hosts.push(host.clone());
            } else if host.covers(outer) {
                hosts.push(outer.clone());
            }
        }
        if hosts.len() == before {
            let all: Vec<String> = group.iter().map(HostPattern::to_string).collect();
            return Err(fault(
                format!("host `{host}` is none of the group's `{}`", all.join("`, `")),
                "a child may narrow the group's host; move the route out of the group for another",
            ));
        }
    }
    Ok(hosts)
}
