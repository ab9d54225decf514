//! What was found out of one logged request, and what follows.

use super::{Judge, Verdict};
use crate::replay::outcome::Outcome;
use std::collections::BTreeSet;

/// All that may become of one request, before and after.
#[derive(Default)]
pub(super) struct Found {
    pub(super) pairs: Vec<(Outcome, Outcome, Option<bool>)>,
    /// What decides among them.
    pub(super) depends: BTreeSet<String>,
    /// What decides whether it is one of them at all.
    pub(super) beside: BTreeSet<String>,
}

impl Found {
    pub(super) fn add(&mut self, judge: &Judge<'_>, old: Outcome, new: Outcome) {
        let same = old.is(&new, |name| judge.routes.get(name).cloned().unwrap_or_else(|| name.to_owned()));
        if same.is_none() {
            self.depends.extend(old.needs().chain(new.needs()).cloned());
        }
        if !self.pairs.iter().any(|(known, other, _)| *known == old && *other == new) {
            self.pairs.push((old, new, same));
        }
    }

    pub(super) fn verdict(mut self, is_preflight: bool) -> Verdict {
        let Some((old, new, _)) = self.pairs.first().cloned() else { return Verdict::Foreign };
        if self.beside.is_empty() {
            if self.pairs.iter().all(|(_, _, same)| *same == Some(true)) {
                return Verdict::Same;
            }
            if let [(_, _, Some(false))] = self.pairs[..] {
                return Verdict::Changed { old, new };
            }
        }
        let mut outcomes: Vec<Outcome> = Vec::new();
        for (_, new, _) in self.pairs {
            if !outcomes.contains(&new) {
                outcomes.push(new);
            }
        }
        if is_preflight && outcomes.len() > 1 {
            self.depends.insert("header access-control-request-method".to_owned());
        }
        self.depends.append(&mut self.beside);
        Verdict::Open { old: Some(old), new: outcomes, depends: self.depends }
    }
}
