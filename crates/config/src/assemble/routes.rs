//! The routes: groups are unfolded, names given, policies and actions built.

use super::World;
use super::batches::Batch;
use super::documents::Documents;
use super::errors::ErrorPages;
use super::listeners::Doors;
use super::services::Upstreams;
use crate::document::{Document, RouteConfig};
use crate::level::{Level, spread};
use crate::maybe::Maybe;
use pintle_core::config::{Diagnostic, Reader, Source, Span, Spanned};
use pintle_core::exchange::RouteFacts;
use pintle_core::step::{Action, Chain, PolicyStep};
use pintle_core::template::Declared;
use pintle_engine::pages::Pages;
use pintle_engine::{ListenerProtocol, Route, RouteFile, RoutePlace, Runtime};
use pintle_policies::Surroundings;
use pintle_policies::held::Account;
use pintle_router::{Conflict, Entry, Fault};
use pintle_telemetry::RouteMeter;
use pintle_telemetry::metrics::RouteLabels;
use pintle_upstream::Upstream;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// A route for the table, and where it was written.
pub(super) struct Placed {
    pub(super) place: Place,
    pub(super) entry: Entry<Arc<Route>>,
}

/// Where a route was written.
pub(super) struct Place {
    /// Its match.
    pub(super) matched: Span,
    /// Its name, if it has one of its own.
    pub(super) name: Option<Span>,
}

/// What came of a file that holds routes alone.
pub(super) struct Built<'d> {
    pub(super) source: &'d Source,
    /// Which of the entries are its.
    pub(super) routes: Range<usize>,
    /// Where they were written, if that is known from before.
    pub(super) places: Option<Arc<[RoutePlace]>>,
    /// The upstreams that they name by a URL.
    pub(super) urls: Arc<[Arc<Upstream>]>,
}

/// Every route as the table takes it, and which of them came of which file. What is broken was reported and is left out.
#[expect(clippy::too_many_arguments, reason = "each is another part of what is built so far")]
pub(super) fn entries<'d>(
    document: &'d Document,
    batches: &[Batch<'d>],
    doors: &Doors<'d>,
    upstreams: &mut Upstreams<'d>,
    pages: &mut ErrorPages,
    around: &Surroundings<'d>,
    world: &World,
    reader: &mut Reader,
) -> (Vec<Placed>, Vec<Built<'d>>) {
    let labels = RouteLabels::compile(&document.telemetry.metrics, reader);
    let documents = Documents::read(&document.upstreams, reader);
    let (names, entries, lacking) = (HashMap::default(), Vec::new(), Vec::new());
    let mut build = Build { around, labels, doors, upstreams, documents, pages, world, names, entries, lacking };
    let mut files = Vec::new();
    let top = Level::top(document);
    for batch in batches {
        let start = build.entries.len();
        match *batch {
            Batch::Written(source, ref routes) => {
                for route in routes {
                    build.route(route, &top, reader);
                }
                let urls = build.upstreams.take_found();
                files.extend(source.map(|source| {
                    let routes = start..build.entries.len();
                    Built { source, routes, places: None, urls }
                }));
            }
            Batch::Known(source, file, before) => {
                build.take_over(source, file, before, reader);
                let routes = start..build.entries.len();
                let (places, urls) = (Some(Arc::clone(&file.places)), Arc::clone(&file.urls));
                files.push(Built { source, routes, places, urls });
            }
        }
    }
    build.bring(document, reader);
    (build.entries, files)
}

pub(super) struct Build<'d, 'b> {
    /// What their policies are built with.
    pub(super) around: &'b Surroundings<'d>,
    /// What their series are called besides.
    labels: RouteLabels,
    pub(super) doors: &'b Doors<'d>,
    pub(super) upstreams: &'b mut Upstreams<'d>,
    /// What services say of themselves.
    documents: Documents,
    pages: &'b mut ErrorPages,
    pub(super) world: &'b World,
    names: HashMap<Box<str>, Span, foldhash::fast::RandomState>,
    pub(super) entries: Vec<Placed>,
    /// What no listener takes although a route is for it, which was reported.
    pub(super) lacking: Vec<ListenerProtocol>,
}

impl<'d> Build<'d, '_> {
    fn route(&mut self, route: &'d Spanned<RouteConfig>, outer: &Level<'d>, reader: &mut Reader) {
        let Some(level) = self.level(route, outer, reader) else { return };
        let Some(children) = &route.routes else { return self.leaf(route, &level, reader) };
        if let Some(action) = action_span(route) {
            let message = "a group of routes has no action of its own";
            let help = "move it into a route of the group: `match: /**` is all that the others leave";
            reader.report(Diagnostic::error("group-action", message, action).help(help));
        }
        if !route.pattern.has_rest() {
            let message = "a group's match ends in `**`: what its routes match comes below it";
            reader.report(Diagnostic::error("group-match", message, &route.pattern.span));
            return;
        }
        for child in children.iter().filter_map(Maybe::get) {
            self.route(child, &level, reader);
        }
    }

    /// What holds for a route with all that is around it.
    fn level(&mut self, route: &'d Spanned<RouteConfig>, outer: &Level<'d>, reader: &mut Reader) -> Option<Level<'d>> {
        let reported = |fault: Fault| {
            reader.report(Diagnostic::error("match", fault.what, &route.pattern.span).help(fault.remedy));
        };
        let mut level = outer.inner(route).map_err(reported).ok()?;
        if let Some(pages) = self.pages.level(&route.errors, reader) {
            level.errors.insert(0, pages);
        }
        Some(level)
    }

    fn leaf(&mut self, route: &'d Spanned<RouteConfig>, level: &Level<'d>, reader: &mut Reader) {
        let (Some(pattern), Some(name)) = (&level.pattern, &level.name) else { return };
        let spans = (&route.pattern.span, route.name.as_ref().map(|name| &name.span));
        self.take_name(name, spans, reader);
        if let (Some(to), 1) = (&route.tunnel, actions(route).count()) {
            return self.tunnel(route, to, level, reader);
        }
        let captures: Vec<&str> = pattern.names().collect();
        let place = Declared::request().path(&captures, pattern.has_rest()).identity();
        let action =
            self.action(route, name, &place, pattern.has_rest(), reader).and_then(|action| match level.maintenance {
                Some(maintenance) => maintenance.around(action, &place, reader),
                None => Some(action),
            });
        let numbers = self.numbers(route, level, ListenerProtocol::Http, reader);
        let pages = Pages::new(level.errors.clone());
        // Routes that differ only in the policies of their listeners share all else.
        for on in spread(numbers.as_deref(), ListenerProtocol::Http, self.doors.configs()) {
            let lists = level.lists(on.policies.as_ref());
            let built = pintle_policies::build(&lists, self.around, &place, self.upstreams, reader);
            let (Some(pintle_policies::Built { mut steps, brought }), Some(action)) = (built, &action) else {
                continue;
            };
            // Next to the action: what edits answers on their way out sees the page.
            steps.extend(self.pages.replacing(&pages).map(|step| PolicyStep { policy: "errors", step }));
            let facts = RouteFacts {
                name: name.as_str().into(),
                labels: level.labels.clone(),
                captures: captures.iter().map(|name| Box::from(*name)).collect(),
            };
            let value = Arc::new(Route {
                meter: self.meter(&facts),
                facts: Arc::new(facts),
                chain: Arc::new(Chain::new(steps, Arc::clone(action))),
                pages: pages.clone(),
                brings: brought.into(),
                tunnel: None,
            });
            let entry = Entry { pattern: pattern.clone(), listeners: on.listeners, value };
            let place = Place { matched: spans.0.clone(), name: spans.1.cloned() };
            self.entries.push(Placed { place, entry });
        }
    }

    /// The numbers of a route.
    pub(super) fn meter(&self, facts: &RouteFacts) -> Arc<RouteMeter> {
        self.world.metrics.labelled_route(&facts.name, self.labels.of(facts))
    }

    /// The routes of a file that did not change. A route that differs by its listeners' policies has several entries
    /// at one place, and one name.
    fn take_over(&mut self, source: &Source, file: &RouteFile, before: &Runtime, reader: &mut Reader) {
        self.upstreams.keep(&file.urls);
        let span = |(start, end): (u32, u32)| source.span(start as usize..end as usize);
        let mut last = None;
        for (number, place) in file.routes.clone().zip(file.places.iter()) {
            let entry = before.table.entry(number).expect("a file's routes are in its configuration's table");
            let (matched, name) = (span(place.matched), place.name.map(span));
            if last.replace(place) != Some(place) {
                self.take_name(&entry.value.facts.name, (&matched, name.as_ref()), reader);
            }
            let entry = Entry { pattern: entry.pattern, listeners: entry.listeners, value: Arc::clone(entry.value) };
            self.entries.push(Placed { place: Place { matched, name }, entry });
        }
    }

    /// Takes a name for the route whose match and name of its own stand there.
    fn take_name(&mut self, taken: &str, (matched, own): (&Span, Option<&Span>), reader: &mut Reader) {
        match self.names.get(taken) {
            None => drop(self.names.insert(taken.into(), own.unwrap_or(matched).clone())),
            // Without a name two are the same only if their matches are, which is reported as that.
            Some(other) => {
                if let Some(span) = own {
                    let message = format!("two routes are named `{taken}`");
                    let same = Diagnostic::error("same-name", message, span).also(other, "the other one");
                    reader.report(same.help("give one of them another `name`"));
                }
            }
        }
    }

    fn action(
        &mut self,
        route: &RouteConfig,
        name: &str,
        place: &Declared<'_>,
        has_rest: bool,
        reader: &mut Reader,
    ) -> Option<Arc<dyn Action>> {
        let given: Vec<(&str, &Span)> = actions(route).collect();
        if let [(first, _), (second, span), ..] = given[..] {
            let message = format!("a route has one action: `{second}` stands beside `{first}`");
            reader
                .report(Diagnostic::error("two-actions", message, span).help("write a second route, or leave one out"));
            return None;
        }
        if let Some(proxy) = &route.proxy {
            return proxy.build(place, self.upstreams, reader);
        }
        if let Some(aggregate) = &route.aggregate {
            self.documents.check(aggregate, place, reader);
            let account = Account::find(&self.around.lasting);
            return aggregate.build(place, self.upstreams, &account, reader);
        }
        if let Some(redirect) = &route.redirect {
            return redirect.build(place, reader);
        }
        if let Some(respond) = &route.respond {
            return respond.build(place, reader);
        }
        if let Some(files) = &route.files {
            return files.build(has_rest, &route.pattern.span, reader);
        }
        if let Some(batch) = &route.batch {
            return Some(batch.build(name, &self.around.lasting, &*self.around.counters));
        }
        let help = "add one of `proxy`, `aggregate`, `redirect`, `respond`, `files`, `batch`, `tunnel`, or `routes` to make it a group";
        reader.report(Diagnostic::error("no-action", "this route does nothing", &route.pattern.span).help(help));
        None
    }
}

pub(crate) fn actions(route: &RouteConfig) -> impl Iterator<Item = (&'static str, &Span)> {
    let proxy = route.proxy.as_ref().map(|action| ("proxy", &action.span));
    let aggregate = route.aggregate.as_ref().map(|action| ("aggregate", &action.span));
    let redirect = route.redirect.as_ref().map(|action| ("redirect", &action.span));
    let respond = route.respond.as_ref().map(|action| ("respond", &action.span));
    let files = route.files.as_ref().map(|action| ("files", &action.span));
    let batch = route.batch.as_ref().map(|action| ("batch", &action.span));
    let tunnel = route.tunnel.as_ref().map(|action| ("tunnel", &action.span));
    [proxy, aggregate, redirect, respond, files, batch, tunnel].into_iter().flatten()
}

fn action_span(route: &RouteConfig) -> Option<&Span> {
    actions(route).next().map(|(_, span)| span)
}

/// Says which routes are equal.
pub(crate) fn report_conflicts(conflicts: &[Conflict], spans: &[Span], reader: &mut Reader) {
    for conflict in conflicts {
        let (first, second) = (&spans[conflict.first], &spans[conflict.second]);
        let help = "make one of them more specific, or give them different methods, conditions or listeners";
        reader.report(
            Diagnostic::error("equal-routes", "two routes are equal: a request can match both", second)
                .label("this one")
                .also(first, "and this one")
                .help(help),
        );
    }
}
