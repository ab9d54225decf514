//! Some of the parts of a plan.

use pintle_core::template::{Template, Variable};

/// A set of parts by their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct PartSet(u64);

impl PartSet {
    /// Those that variables name.
    pub(in super::super) fn of<'v>(names: impl Iterator<Item = &'v Variable>) -> Self {
        names.fold(PartSet::default(), |set, name| match name {
            Variable::Part(at, _) | Variable::PartHeader(at, _) => set.with(*at),
            _ => set,
        })
    }

    /// Those that a template names.
    pub(in super::super) fn of_template(template: &Template) -> Self {
        PartSet::of(template.names())
    }

    /// The first so many.
    pub(in super::super) fn first(count: usize) -> Self {
        PartSet(u64::MAX.checked_shr(64 - count as u32).unwrap_or(0))
    }

    /// This one and a part.
    pub(in super::super) fn with(self, part: usize) -> Self {
        PartSet(self.0 | 1 << part)
    }

    /// This one without a part.
    pub(in super::super) fn without(self, part: usize) -> Self {
        PartSet(self.0 & !(1 << part))
    }

    /// Those of both.
    pub(in super::super) fn and(self, other: PartSet) -> Self {
        PartSet(self.0 | other.0)
    }

    /// Whether a part is among them.
    pub(in super::super) fn has(self, part: usize) -> bool {
        self.0 & 1 << part != 0
    }

    /// Whether all of them are in another one.
    pub(in super::super) fn is_in(self, other: PartSet) -> bool {
        self.0 & !other.0 == 0
    }

    /// It as a number: a bit for each.
    pub(in super::super) fn bits(self) -> u64 {
        self.0
    }

    /// Whether there are none.
    pub(in super::super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Them, in the order of their numbers.
    pub(in super::super) fn iter(self) -> impl Iterator<Item = usize> {
        (0..64).filter(move |part| self.has(*part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_made_of_the_first_parts() {
        assert!(PartSet::first(0).is_empty());
        assert_eq!(PartSet::first(3).iter().collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(PartSet::first(64).iter().count(), 64);
        assert!(PartSet::first(2).is_in(PartSet::first(3)) && !PartSet::first(3).is_in(PartSet::first(2)));
    }
}
