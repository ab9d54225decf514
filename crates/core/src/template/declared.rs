//! What a place in the configuration may name in its expressions.

use super::variable::Root;

/// What the expressions of one place may name. Starts with `request`, `client` and `route`; the rest is added.
#[derive(Clone, Copy, Debug)]
pub struct Declared<'a> {
    /// The names that the route's match captures, in its order: `path.NAME`.
    pub captures: &'a [&'a str],
    /// Whether the match ends in `**`: `path.rest`.
    pub rest: bool,
    /// The parts of the aggregate: `parts.NAME`.
    pub parts: &'a [&'a str],
    /// The name that `for_each` gives to one item.
    pub item: Option<&'a str>,
    any_capture: bool,
    roots: u16,
}

impl<'a> Declared<'a> {
    /// `request` (without its body), `client` and `route`.
    pub const fn request() -> Declared<'static> {
        Declared { captures: &[], rest: false, parts: &[], item: None, any_capture: false, roots: 0 }
            .with(Root::Request)
            .with(Root::Client)
            .with(Root::Route)
    }

    /// No name at all: what can be computed when the configuration loads.
    pub const fn nothing() -> Declared<'static> {
        Declared { captures: &[], rest: false, parts: &[], item: None, any_capture: false, roots: 0 }
    }

    /// This one and `root`.
    pub const fn with(mut self, root: Root) -> Self {
        self.roots |= 1 << root as u16;
        self
    }

    /// This one without `root`.
    pub const fn without(mut self, root: Root) -> Self {
        self.roots &= !(1 << root as u16);
        self
    }

    /// `path` with these captures, and `path.rest` if the match ends in `**`.
    pub const fn path(mut self, captures: &'a [&'a str], rest: bool) -> Self {
        self.captures = captures;
        self.rest = rest;
        self.with(Root::Path)
    }

    /// `path` with any capture, found by name: for what several routes share.
    pub const fn any_capture(mut self) -> Self {
        self.any_capture = true;
        self.with(Root::Path)
    }

    /// `claims` and `consumer`.
    pub const fn identity(self) -> Self {
        self.with(Root::Claims).with(Root::Consumer)
    }

    /// `response`, without its body.
    pub const fn response(self) -> Self {
        self.with(Root::Response)
    }

    /// `problem`.
    pub const fn problem(self) -> Self {
        self.with(Root::Problem)
    }

    /// `parts`, with these names.
    pub const fn parts(mut self, names: &'a [&'a str]) -> Self {
        self.parts = names;
        self.with(Root::Parts)
    }

    /// The name that stands for one item of a `for_each`.
    pub const fn item(mut self, name: &'a str) -> Self {
        self.item = Some(name);
        self.with(Root::Item)
    }

    /// Whether `root` may be named.
    pub const fn has(&self, root: Root) -> bool {
        self.roots & (1 << root as u16) != 0
    }

    pub(super) const fn takes_any_capture(&self) -> bool {
        self.any_capture
    }
}
