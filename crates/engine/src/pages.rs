//! The pages of `errors`: which of them stands for a status, and what fills it. How a page is written, and who wrote it
//! where, is not known here; nor is when the gateway speaks for itself, which is `reply.rs`.

pub use crate::reply::Replacing;

use bytes::Bytes;
use pintle_core::exchange::ResponseScope;
use pintle_core::template::{ProblemField, Scope, Value, Variable};
use pintle_core::{Body, Exchange, Response};
use std::fmt;
use std::sync::Arc;

/// What makes a page's content of the names that it may use; none where one of them fails.
pub type Content = Arc<dyn Fn(&dyn Scope) -> Option<Body> + Send + Sync>;

/// A page that is the same for all.
pub fn fixed(text: String) -> Content {
    let bytes = Bytes::from(text);
    Arc::new(move |_| Some(if bytes.is_empty() { Body::Empty } else { Body::Full(bytes.clone()) }))
}

/// What a page stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Statuses {
    /// One status.
    One(u16),
    /// All of a class: 4 is 400 to 499.
    Class(u16),
    /// All that no other page of its level stands for.
    Rest,
}

impl Statuses {
    fn hold(self, status: u16) -> bool {
        match self {
            Statuses::One(one) => one == status,
            Statuses::Class(class) => class == status / 100,
            Statuses::Rest => true,
        }
    }
}

/// What a client would rather read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `text/html`
    Html,
    /// JSON.
    Json,
}

/// A page in each form that it has.
#[derive(Clone)]
pub struct Page {
    /// For browsers.
    pub html: Option<Content>,
    /// For programs.
    pub json: Option<Content>,
    /// Whether it stands in place of what services answer with such a status as well.
    pub upstream: bool,
}

impl Page {
    fn content(&self, kind: Kind) -> Option<&Content> {
        match kind {
            Kind::Html => self.html.as_ref(),
            Kind::Json => self.json.as_ref(),
        }
    }
}

/// What one place of the configuration says: its pages, those of single statuses first.
pub struct Level(Box<[(Statuses, Page)]>);

impl Level {
    /// A level of these pages.
    pub fn new(mut pages: Vec<(Statuses, Page)>) -> Self {
        pages.sort_by_key(|(statuses, _)| *statuses);
        Level(pages.into())
    }

    fn find(&self, status: u16, kind: Kind) -> Option<&Page> {
        self.0
            .iter()
            .find(|(statuses, page)| statuses.hold(status) && page.content(kind).is_some())
            .map(|(_, page)| page)
    }
}

/// The levels that hold somewhere, the innermost first. Cheap to clone.
#[derive(Clone, Default)]
pub struct Pages(Option<Arc<[Arc<Level>]>>);

impl Pages {
    /// Of these levels, the innermost first.
    pub fn new(levels: Vec<Arc<Level>>) -> Self {
        Pages((!levels.is_empty()).then(|| levels.into()))
    }

    /// Whether one of them stands in place of what services answer.
    pub fn any_for_services(&self) -> bool {
        self.levels().iter().any(|level| level.0.iter().any(|(_, page)| page.upstream))
    }

    fn levels(&self) -> &[Arc<Level>] {
        self.0.as_deref().unwrap_or_default()
    }

    /// The innermost page for a status in a form: within a level that of the status alone, of its class, of the rest.
    fn find(&self, status: u16, kind: Kind) -> Option<&Page> {
        self.levels().iter().find_map(|level| level.find(status, kind))
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pages({} levels)", self.levels().len())
    }
}

/// What is told by a page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Problem<'a> {
    pub(crate) title: &'a str,
    pub(crate) detail: &'a str,
    pub(crate) reason: &'a str,
}

impl Problem<'_> {
    /// The content of the page that stands for the response's status: of the inner pages, else of the outer.
    pub(crate) fn content(
        self,
        kind: Kind,
        pages: [&Pages; 2],
        exchange: &Exchange,
        response: &Response,
        of_service: bool,
    ) -> Option<Body> {
        let status = response.status.as_u16();
        let page = pages.into_iter().find_map(|pages| pages.find(status, kind))?;
        if of_service && !page.upstream {
            return None;
        }
        page.content(kind)?(&Told { problem: self, around: ResponseScope { exchange, response } })
    }
}

/// What a page's expressions may name: all that is known of request and answer, and the problem.
struct Told<'a> {
    problem: Problem<'a>,
    around: ResponseScope<'a>,
}

impl Scope for Told<'_> {
    fn variable(&self, variable: &Variable) -> Option<Value<'_>> {
        let Variable::Problem(field) = variable else { return self.around.variable(variable) };
        Some(match field {
            ProblemField::Status => Value::Int(self.around.response.status.as_u16().into()),
            ProblemField::Title => Value::text(self.problem.title),
            ProblemField::Detail => Value::text(self.problem.detail),
            ProblemField::Reason => Value::text(self.problem.reason),
            ProblemField::RequestId => Value::text(&self.around.exchange.id),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(name: &'static str, html: bool, json: bool) -> Page {
        let content: Content = Arc::new(move |_| Some(Body::full(name)));
        Page { html: html.then(|| Arc::clone(&content)), json: json.then_some(content), upstream: false }
    }

    fn found(pages: &Pages, status: u16, kind: Kind) -> Option<String> {
        let page = pages.find(status, kind)?;
        match page.content(kind)?(&pintle_core::template::NoScope)? {
            Body::Full(bytes) => String::from_utf8(bytes.to_vec()).ok(),
            _ => None,
        }
    }

    #[test]
    fn the_inner_level_comes_first_and_within_it_what_is_more_exact() {
        let outer = Level::new(vec![
            (Statuses::Rest, page("outer rest", true, true)),
            (Statuses::One(404), page("outer 404", true, true)),
        ]);
        let inner = Level::new(vec![
            (Statuses::Class(5), page("inner 5xx", true, false)),
            (Statuses::One(503), page("inner 503", true, false)),
        ]);
        let pages = Pages::new(vec![Arc::new(inner), Arc::new(outer)]);
        for (status, kind, expected) in [
            (503, Kind::Html, "inner 503"),
            (502, Kind::Html, "inner 5xx"),
            // The inner level has no JSON: the next one has.
            (503, Kind::Json, "outer rest"),
            (404, Kind::Html, "outer 404"),
            (403, Kind::Json, "outer rest"),
        ] {
            assert_eq!(found(&pages, status, kind).as_deref(), Some(expected), "{status} {kind:?}");
        }
        assert_eq!(found(&Pages::default(), 404, Kind::Html), None);
    }
}
