//! A document as its user sees it: groups unfolded, defaults written out, each policy at its place. What `explain` and
//! `diff` tell of. Only of a document that has no errors; what a route does at run time is not asked here.
//!
//! Long because it is a line or two for each key that there is.

use crate::assemble::actions;
use crate::document::{Document, ListenerConfig, RouteConfig};
use crate::level::{Level as Around, spread};
use crate::maybe::Maybe;
use foldhash::quality::FixedState;
use pintle_core::config::{Entry, Form, Node, Read, Shape, Span, Spanned};
use pintle_core::redact::Names;
use pintle_engine::ListenerProtocol;
use pintle_policies::{PolicyList, describe as describe_policies};
use pintle_router::Pattern;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

/// A document as its user sees it.
#[derive(Clone, Debug)]
pub struct Description {
    /// The other keys of the document by name: `limits`, `telemetry`, `admin`.
    pub settings: Vec<(&'static str, Node)>,
    /// The listeners, by their numbers.
    pub listeners: Vec<ListenerDescription>,
    /// The upstreams that have names.
    pub upstreams: Vec<UpstreamDescription>,
    /// The routes, as the runtime's table has them: one that differs by its listeners' policies is there for each.
    pub routes: Vec<RouteDescription>,
    /// The names of what is not shown to anybody.
    pub names: Names,
}

/// A listener.
#[derive(Clone, Debug)]
pub struct ListenerDescription {
    /// Its name.
    pub name: String,
    /// Where it was written.
    pub span: Span,
    /// All but its name and its policies.
    pub settings: Node,
    /// What holds around answers that no route gives.
    pub policies: Vec<PolicyDescription>,
}

/// An upstream.
#[derive(Clone, Debug)]
pub struct UpstreamDescription {
    /// Its name.
    pub name: String,
    /// Where its name was written.
    pub span: Span,
    /// What it is.
    pub settings: Node,
}

/// A route.
#[derive(Clone, Debug)]
pub struct RouteDescription {
    /// Its name.
    pub name: String,
    /// Where its match was written.
    pub span: Span,
    /// What it matches, its groups' matches included.
    pub pattern: Pattern,
    /// The listeners that it names.
    pub listeners: Option<Vec<String>>,
    /// The listener whose policies are among its own.
    pub on: Option<u32>,
    /// Its labels, its groups' included.
    pub labels: BTreeMap<String, String>,
    /// What holds around its action, in run order.
    pub policies: Vec<PolicyDescription>,
    /// Its pages for errors as they were written, and its groups', the innermost first.
    pub errors: Vec<Node>,
    /// Where it is closed for maintenance, what was written of that.
    pub maintenance: Option<Node>,
    /// What it does.
    pub action: ActionDescription,
}

/// An action.
#[derive(Clone, Debug)]
pub struct ActionDescription {
    /// `proxy`, `aggregate`, `redirect`, `respond`, `files`, `batch`, `tunnel`.
    pub kind: &'static str,
    /// What it says, with every default.
    pub settings: Node,
    /// Where it was written.
    pub span: Span,
}

impl ActionDescription {
    /// What it says on one line. Of an aggregate, whose parts may be many, their names alone.
    pub fn summary(&self) -> String {
        let parts = self.settings.get("parts").and_then(Node::as_map).filter(|_| self.kind == "aggregate");
        match parts {
            Some(parts) => {
                let names: Vec<&str> = parts.iter().map(|part| &**part.key).collect();
                format!("of {}", names.join(", "))
            }
            None => self.settings.to_string(),
        }
    }
}

/// A policy that holds somewhere, at one place of the run order.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyDescription {
    /// Its place in the run order: `timeout`, `headers.response`.
    pub place: &'static str,
    /// Its kind.
    pub kind: &'static str,
    /// Who says so.
    pub level: Level,
    /// The named policy that it is, or is made of.
    pub named: Option<String>,
    /// What it says, with every default.
    pub settings: Node,
    /// Where its settings were written.
    pub span: Span,
    /// Where a list names it.
    pub listed: Span,
}

/// A level of policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Level {
    /// `defaults`.
    Defaults,
    /// A listener, by its name.
    Listener(String),
    /// A group, by its name.
    Group(String),
    /// The route itself.
    Route,
}

/// Describes a document without errors; `root` is the tree that it was read from.
pub fn describe(root: &Node, document: &Document) -> Description {
    let filled = Document::shape().fill_but(root, &["routes", "listeners", "policies"]);
    let of = |key| filled.get(key).cloned();
    let listeners: Vec<&Spanned<ListenerConfig>> = document.listeners.iter().filter_map(Maybe::get).collect();
    let mut describing = Describing { document, listeners, actions: action_shapes(), routes: Vec::new() };
    describing.all(&document.routes, root.get("routes"), &Around::top(document), &Groups::default());
    // There may be ten thousand: each is looked up, and none of the others copied for it.
    let written = filled.get("upstreams").and_then(Node::as_map).unwrap_or_default();
    let written: HashMap<&str, &Node> = written.iter().map(|entry| (&*entry.key.value, &entry.value)).collect();
    let upstream = |(name, _): &(Spanned<String>, Maybe<_>)| UpstreamDescription {
        name: name.value.clone(),
        span: name.span.clone(),
        settings: written.get(name.as_str()).map_or_else(|| root.clone(), |node| (*node).clone()),
    };
    let apart = ["listeners", "upstreams", "policies", "routes", "include", "defaults"];
    let keys = Document::shape().keys();
    let settings = keys.into_iter().filter(|key| !apart.contains(key)).filter_map(|key| Some((key, of(key)?)));
    let settings = settings.map(|(key, node)| (key, if key == "consumers" { masked(&node) } else { node }));
    Description {
        settings: settings.collect(),
        listeners: describing.listeners(root),
        upstreams: document.upstreams.iter().map(upstream).collect(),
        routes: describing.routes,
        names: document.names(),
    }
}

/// The same without what a guess can be held against: what stands in place of a digest differs where the digest does.
fn masked(node: &Node) -> Node {
    let of_entry = |entry: &Entry| match &*entry.key.value {
        "sha256" | "argon2" | "bcrypt" => {
            let mark = FixedState::default().hash_one(entry.value.as_text()) as u32;
            let form = Form::Scalar { text: format!("(digest {mark:08x})").into(), plain: false };
            Entry { key: entry.key.clone(), value: Node::new(form, entry.value.span().clone()) }
        }
        _ => Entry { key: entry.key.clone(), value: masked(&entry.value) },
    };
    let form = match node.form() {
        Form::List(items) => Form::List(items.iter().map(masked).collect()),
        Form::Map(entries) => Form::Map(entries.iter().map(of_entry).collect()),
        other => other.clone(),
    };
    Node::new(form, node.span().clone())
}

/// The shape of each action's settings.
fn action_shapes() -> Vec<(&'static str, Shape)> {
    let keys = ["proxy", "aggregate", "redirect", "respond", "files", "batch", "tunnel"];
    let shape = RouteConfig::shape();
    keys.into_iter().filter_map(|key| Some((key, shape.of(key)?))).collect()
}

/// What stands around a route in its groups, and on it.
#[derive(Clone, Default)]
struct Groups {
    levels: Vec<Level>,
    errors: Vec<Node>,
    maintenance: Option<Node>,
}

struct Describing<'d> {
    document: &'d Document,
    listeners: Vec<&'d Spanned<ListenerConfig>>,
    actions: Vec<(&'static str, Shape)>,
    routes: Vec<RouteDescription>,
}

impl<'d> Describing<'d> {
    fn listeners(&self, root: &Node) -> Vec<ListenerDescription> {
        let written = root.get("listeners").and_then(Node::as_list).unwrap_or_default();
        let shape = ListenerConfig::shape();
        let one = |(config, node): (&&'d Spanned<ListenerConfig>, &Node)| {
            let name = name_of(config);
            ListenerDescription {
                span: config.span.clone(),
                settings: without(shape.fill_but(node, &["policies"]), &["name", "policies"]),
                policies: match config.protocol {
                    ListenerProtocol::Http => self.policies(
                        &[&self.document.defaults.policies, &config.policies],
                        &[Level::Defaults, Level::Listener(name.clone())],
                    ),
                    ListenerProtocol::Tcp => Vec::new(),
                },
                name,
            }
        };
        self.listeners.iter().zip(written).map(one).collect()
    }

    fn all(
        &mut self,
        routes: &'d [Maybe<Spanned<RouteConfig>>],
        written: Option<&Node>,
        outer: &Around<'d>,
        groups: &Groups,
    ) {
        let written = written.and_then(Node::as_list).unwrap_or_default();
        for (route, node) in routes.iter().zip(written) {
            let Some(route) = route.get() else { continue };
            let Ok(level) = outer.inner(route) else { continue };
            let mut groups = groups.clone();
            groups.errors.splice(0..0, node.get("errors").cloned());
            groups.maintenance = node.get("maintenance").cloned().or(groups.maintenance);
            match &route.routes {
                Some(children) => {
                    groups.levels.push(Level::Group(level.name.clone().unwrap_or_default()));
                    self.all(children, node.get("routes"), &level, &groups);
                }
                None => self.route(route, node, &level, &groups),
            }
        }
    }

    fn route(&mut self, route: &'d Spanned<RouteConfig>, node: &Node, level: &Around<'d>, groups: &Groups) {
        let (Some(pattern), Some(name)) = (&level.pattern, &level.name) else { return };
        let Some((kind, span)) = actions(route).next() else { return };
        let Some(written) = node.get(kind) else { return };
        let shape = self.actions.iter().find(|(known, _)| *known == kind).map(|(_, shape)| shape);
        let settings = shape.map_or_else(|| written.clone(), |shape| shape.fill(written));
        let action = ActionDescription { kind, settings, span: span.clone() };
        let names: Option<Vec<String>> = level.listeners.map(|all| all.iter().map(|one| one.value.clone()).collect());
        let numbers: Option<Vec<u32>> = names.as_ref().map(|names| {
            let found = (0..).zip(&self.listeners).filter(|(_, config)| names.contains(&name_of(config)));
            found.map(|(number, _)| number).collect()
        });
        for on in spread(numbers.as_deref(), route.kind(), self.listeners.iter().map(|config| &config.value)) {
            let door = on.number.and_then(|number| self.listeners.get(number as usize));
            let levels: Vec<Level> = std::iter::once(Level::Defaults)
                .chain(door.map(|config| Level::Listener(name_of(config))))
                .chain(groups.levels.iter().cloned())
                .chain([Level::Route])
                .collect();
            let policies = match route.kind() {
                ListenerProtocol::Http => {
                    let lists: Vec<_> = level.lists(on.policies.as_ref()).iter().map(|level| level.list).collect();
                    self.policies(&lists, &levels)
                }
                ListenerProtocol::Tcp => Vec::new(),
            };
            self.routes.push(RouteDescription {
                name: name.clone(),
                span: route.pattern.span.clone(),
                pattern: pattern.clone(),
                listeners: names.clone(),
                on: on.number,
                labels: level.labels.clone(),
                policies,
                errors: groups.errors.clone(),
                maintenance: groups.maintenance.clone().filter(|written| written.as_text() != Some("false")),
                action: action.clone(),
            });
        }
    }

    fn policies(&self, lists: &[&PolicyList], levels: &[Level]) -> Vec<PolicyDescription> {
        let placed = |one: pintle_policies::PolicyDescription| PolicyDescription {
            place: one.place,
            kind: one.kind,
            level: levels.get(one.level).cloned().unwrap_or(Level::Route),
            named: one.named,
            settings: one.settings,
            span: one.span,
            listed: one.listed,
        };
        describe_policies(lists, &self.document.policies).into_iter().map(placed).collect()
    }
}

fn name_of(config: &ListenerConfig) -> String {
    match (&config.name, config.address.first()) {
        (Some(name), _) => name.value.clone(),
        (None, Some(first)) => first.to_string(),
        (None, None) => String::new(),
    }
}

/// A map without some keys.
fn without(node: Node, keys: &[&str]) -> Node {
    let Some(entries) = node.as_map() else { return node };
    let kept = entries.iter().filter(|entry| !keys.contains(&&*entry.key.value)).cloned().collect();
    Node::new(Form::Map(kept), node.span().clone())
}

#[cfg(test)]
mod tests;
