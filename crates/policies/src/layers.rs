//! What the levels around a route say of one kind of policy, outer to inner.

use crate::chain::Kind;
use crate::{NamedPolicies, Setting};
use pintle_core::config::{Reader, Span};
use std::ops::Deref;

/// How the levels of one kind go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Levels {
    /// All apply, outer ones first.
    All,
    /// The inner one replaces the outer ones.
    Innermost,
}

/// The settings of one kind that hold for a route.
#[derive(Debug)]
pub(crate) struct Layers<'a, T> {
    held: Vec<(usize, Held<'a, T>)>,
    /// The level that switched it off, if nothing further inside switched it on.
    off: Option<usize>,
}

/// Settings that stand in the configuration, or that were made of a named policy and changes.
#[derive(Debug)]
pub(crate) enum Held<'a, T> {
    Lent(&'a T),
    Made(Box<T>),
}

impl<T> Deref for Held<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Held::Lent(value) => value,
            Held::Made(value) => value,
        }
    }
}

impl<T> Default for Layers<'_, T> {
    fn default() -> Self {
        Layers { held: Vec::new(), off: None }
    }
}

impl<'a, T: Kind> Layers<'a, T> {
    /// Takes what one entry of the level `level` says.
    pub(crate) fn take(
        &mut self,
        setting: &'a Setting<T>,
        (level, at): (usize, &Span),
        named: &NamedPolicies,
        reader: &mut Reader,
    ) -> Option<()> {
        let value = match setting {
            Setting::Off => None,
            Setting::On { value, .. } => Some(Held::Lent(value)),
            Setting::Use { name, changes } => Some(Held::Made(Box::new(named.changed(name, changes, reader)?))),
        };
        let only_one = T::LEVELS == Levels::Innermost || value.is_none();
        let is_here = self.held.last().is_some_and(|(before, _)| *before == level);
        if self.off == Some(level) || only_one && is_here {
            let message = format!("`{}` stands twice in one list, and only one can hold", T::NAME);
            reader.error("policy-twice", message, at);
            return None;
        }
        if only_one {
            self.held.clear();
        }
        let Some(value) = value else {
            self.off = Some(level);
            return Some(());
        };
        self.off = None;
        self.held.push((level, value));
        Some(())
    }
}

impl<T> Layers<'_, T> {
    /// All settings, outer ones first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &T> {
        self.held.iter().map(|(_, value)| &**value)
    }

    /// The innermost settings.
    pub(crate) fn innermost(&self) -> Option<&T> {
        self.held.last().map(|(_, value)| &**value)
    }

    /// Whether it was switched off, and nothing further inside switched it on.
    pub(crate) fn is_off(&self) -> bool {
        self.off.is_some()
    }
}
