//! What the levels around a route say of one kind of policy, outer to inner.

use crate::chain::Kind;
use crate::{NamedPolicies, Setting};
use pintle_core::config::{Diagnostic, Reader, Span};
use std::fmt;
use std::ops::Deref;

/// How the levels of one kind go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Levels {
    /// All apply, outer ones first.
    All,
    /// The inner one replaces the outer ones.
    Innermost,
    /// Those of the innermost level that has any replace all of the outer ones, those of other kinds too.
    Authentication,
}

/// Where an entry of a list stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    /// The level, by its place among those around the route.
    pub(crate) level: usize,
    /// What the level is.
    pub(crate) name: &'a str,
    /// The name by which the list takes the policy, where it does.
    pub(crate) policy: Option<&'a str>,
    /// The entry.
    pub(crate) span: &'a Span,
}

/// Which instance of a policy settings are: the same over all routes that share it, and over reloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin<'a> {
    /// One with a name.
    Named(&'a str),
    /// One that stands in a list.
    Placed {
        /// What the list belongs to: `listener public`.
        level: &'a str,
        /// Which of its kind it is there.
        nth: usize,
    },
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Named(name) => write!(f, "policy {name}"),
            Origin::Placed { level, nth: 0 } => f.write_str(level),
            Origin::Placed { level, nth } => write!(f, "{level} ({})", nth + 1),
        }
    }
}

/// The settings of one kind that hold for a route.
#[derive(Debug)]
pub(crate) struct Layers<'a, T> {
    held: Vec<Layer<'a, T>>,
    /// The level that switched it off, if nothing further inside switched it on.
    off: Option<usize>,
}

/// Settings on a level.
#[derive(Debug)]
struct Layer<'a, T> {
    level: usize,
    origin: Origin<'a>,
    settings: Held<'a, T>,
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

/// Says that a policy stands beside one that it cannot stand beside.
fn twice(name: &str, is_none_beside: bool, at: &Span) -> Diagnostic {
    match is_none_beside {
        true => {
            let message = format!("`{name}: none` and another `{name}` stand in one list");
            let help =
                "`none` lets go of those further out: for another one in their place put `none` on a group around it";
            Diagnostic::error("policy-twice", message, at).help(help)
        }
        false => {
            let message = format!("`{name}` stands twice in one list, and only one can hold");
            Diagnostic::error("policy-twice", message, at)
        }
    }
}

impl<'a, T: Kind> Layers<'a, T> {
    /// Takes what one entry of the level `level` says.
    pub(crate) fn take(
        &mut self,
        setting: &'a Setting<T>,
        at: At<'a>,
        named: &NamedPolicies,
        reader: &mut Reader,
    ) -> Option<()> {
        let value = match setting {
            Setting::Off => None,
            Setting::On { value, .. } => Some(Held::Lent(value)),
            Setting::Use { name, changes } => Some(Held::Made(Box::new(named.changed(name, changes, reader)?))),
        };
        let level = at.level;
        let only_one = T::LEVELS == Levels::Innermost || value.is_none();
        let here = self.held.iter().filter(|before| before.level == level).count();
        if self.off == Some(level) || only_one && here > 0 {
            let is_none_beside = value.is_none() && here > 0 || value.is_some() && self.off == Some(level);
            reader.report(twice(T::NAME, is_none_beside && T::LEVELS != Levels::Innermost, at.span));
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
        // One with changes is an instance of its own.
        let origin = match at.policy {
            Some(name) => Origin::Named(name),
            None => Origin::Placed { level: at.name, nth: here },
        };
        self.held.push(Layer { level, origin, settings: value });
        Some(())
    }

    /// Lets go of what levels outside of this one say.
    pub(crate) fn leave_to(&mut self, level: usize) {
        self.held.retain(|layer| layer.level >= level);
    }
}

impl<T> Layers<'_, T> {
    /// All settings, outer ones first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &T> {
        self.held.iter().map(|layer| &*layer.settings)
    }

    /// All settings with the instances that they are, outer ones first.
    pub(crate) fn instances(&self) -> impl Iterator<Item = (Origin<'_>, &T)> {
        self.held.iter().map(|layer| (layer.origin, &*layer.settings))
    }

    /// The innermost settings.
    pub(crate) fn innermost(&self) -> Option<&T> {
        self.held.last().map(|layer| &*layer.settings)
    }

    /// Whether it was switched off, and nothing further inside switched it on.
    pub(crate) fn is_off(&self) -> bool {
        self.off.is_some()
    }
}
