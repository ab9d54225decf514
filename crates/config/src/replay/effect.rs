//! What a route's action does with a logged request: which service it asks for which path under which host, or where it
//! sends the client. Fills the real templates, as far as the log has what they name.

use super::line::Line;
use super::outcome::{Does, Outcome, Sent};
use crate::describe::{ActionDescription, RouteDescription};
use pintle_actions::{Host, Redirect, RedirectConfig, Url};
use pintle_core::config::{Entry, Form, Node, Read, Reader, Spanned};
use pintle_core::exchange::{Captures, RouteFacts};
use pintle_core::kept::Kept;
use pintle_core::notes::Notes;
use pintle_core::template::{Declared, Template, Variable};
use pintle_core::{Body, Client, Exchange, Fields, Refusal, Request, Scheme, Target, Trace, Version, trace};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Instant;

/// An action, ready to be asked about requests.
pub(super) struct Effect {
    what: String,
    facts: Arc<RouteFacts>,
    names: Vec<String>,
    written: String,
    makes: Makes,
}

enum Makes {
    Asked {
        path: Option<Url>,
        host: Option<Host>,
        own_host: bool,
    },
    Place(Box<Redirect>, bool),
    /// What is read is the rest of the path, or one file.
    File {
        is_one: bool,
    },
    Nothing,
}

impl Effect {
    /// The action of a route; none if it is of a kind that is not known here.
    pub(super) fn of(route: &RouteDescription) -> Option<Effect> {
        let action = &route.action;
        let names: Vec<&str> = route.pattern.names().collect();
        let declared = Declared::request().path(&names, route.pattern.has_rest());
        let mut reader = Reader::new();
        let (what, makes) = match action.kind {
            "proxy" => proxy(action, &declared, &mut reader)?,
            "redirect" => {
                let config = RedirectConfig::read(&without_nulls(&action.settings), &mut reader)?;
                let keeps_port = config.to.is_none() && config.port.is_none();
                let what = format!("redirect {}", config.status.0.as_u16());
                (what, Makes::Place(Box::new(Redirect::build(&config, &declared, &mut reader)?), keeps_port))
            }
            "respond" => {
                let status = action.settings.get("status").and_then(Node::as_text).unwrap_or("200");
                (format!("respond {status}"), Makes::Nothing)
            }
            "files" => {
                let settings = &action.settings;
                let place = ["root", "file"].into_iter().find_map(|key| settings.get(key).and_then(Node::as_text));
                let what = format!("files {}", place.or(settings.as_text()).unwrap_or_default());
                (what, Makes::File { is_one: settings.get("file").is_some_and(|file| !file.is_null()) })
            }
            _ => return None,
        };
        let facts =
            RouteFacts { name: route.name.as_str().into(), labels: route.labels.clone(), ..RouteFacts::default() };
        Some(Effect {
            what,
            facts: Arc::new(facts),
            names: names.into_iter().map(str::to_owned).collect(),
            written: made_by(action),
            makes,
        })
    }

    /// Whether the action reads the request's content.
    pub(super) fn reads_content(&self) -> bool {
        matches!(self.makes, Makes::Asked { .. })
    }

    /// What becomes of a request that the route takes.
    pub(super) fn outcome(&self, line: &Line, captures: &Captures) -> Outcome {
        let exchange = exchange(line, captures, &self.facts);
        let mut sent = Sent { made_of: self.written.clone(), ..Sent::default() };
        let mut given = Given { effect: self, line, exchange: &exchange, sent: &mut sent };
        let text = match &self.makes {
            Makes::Nothing | Makes::File { is_one: true } => Ok(String::new()),
            Makes::File { is_one: false } => {
                given.take(&Variable::PathRest);
                Ok(format!("the file {}", captures.rest(exchange.request.target.path())))
            }
            Makes::Place(redirect, keeps_port) => {
                redirect.templates().for_each(|template| given.look(template));
                // Scheme and host are the request's where they are not given.
                given.take(&Variable::RequestScheme);
                given.take(&Variable::RequestHost);
                given.take(&Variable::RequestPath);
                given.query();
                if *keeps_port {
                    given.sent.needs.insert("the port that was asked for".to_owned());
                }
                redirect.location(&exchange)
            }
            Makes::Asked { path, host, own_host } => given.asked(path.as_ref(), host.as_ref(), *own_host),
        };
        match text {
            // What a template lacks makes it fail, or not.
            Err(refusal) if sent.needs.is_empty() => Outcome::Refused {
                status: refusal.reason.status().as_u16(),
                reason: refusal.reason.code().to_owned(),
                route: Some(self.facts.name.to_string()),
            },
            text => {
                sent.text = text.ok().filter(|_| sent.needs.is_empty());
                Outcome::Route { route: self.facts.name.to_string(), does: Does { what: self.what.clone(), sent } }
            }
        }
    }
}

fn proxy(action: &ActionDescription, declared: &Declared<'_>, reader: &mut Reader) -> Option<(String, Makes)> {
    let settings = &action.settings;
    let to = settings.get("to").unwrap_or(settings).as_text();
    let split = settings.get("split").and_then(Node::as_map);
    let what = match (split, to) {
        (Some(parts), _) => {
            let mut parts: Vec<String> = parts
                .iter()
                .map(|part| format!("{} {}", part.key.value, part.value.as_text().unwrap_or_default()))
                .collect();
            parts.sort();
            format!("proxy one of {}", parts.join(", "))
        }
        (None, Some(to)) => format!("proxy {to}"),
        (None, None) => return None,
    };
    let text = |key: &str| {
        let node = settings.get(key)?;
        Some(Spanned::new(node.as_text()?.to_owned(), node.span().clone()))
    };
    let path = match text("path") {
        Some(path) => Some(Url::path(&path, declared, reader)?),
        None => None,
    };
    let host = match text("host") {
        Some(host) => Some(Host::build(&host, true, declared, reader)?),
        None => None,
    };
    let own_host = to.is_some_and(|to| to.starts_with("https://"));
    Some((what, Makes::Asked { path, host, own_host }))
}

/// What decides over what is sent: for a service path and host, else all of the action.
fn made_by(action: &ActionDescription) -> String {
    let part = |key: &str| action.settings.get(key).map(Node::to_string).unwrap_or_default();
    match action.kind {
        "proxy" => format!("{} {}", part("path"), part("host")),
        "redirect" | "files" => action.settings.to_string(),
        _ => String::new(),
    }
}

/// The same map without keys that say nothing.
fn without_nulls(node: &Node) -> Node {
    let Some(entries) = node.as_map() else { return node.clone() };
    let given: Vec<Entry> = entries.iter().filter(|entry| !entry.value.is_null()).cloned().collect();
    Node::new(Form::Map(given), node.span().clone())
}

/// What a text is made of for one request.
struct Given<'g> {
    effect: &'g Effect,
    line: &'g Line,
    exchange: &'g Exchange,
    sent: &'g mut Sent,
}

impl Given<'_> {
    fn asked(&mut self, path: Option<&Url>, host: Option<&Host>, own_host: bool) -> Result<String, Refusal> {
        let target = &self.exchange.request.target;
        let mut text = match path {
            None => {
                self.take(&Variable::RequestPath);
                target.path_and_query().to_owned()
            }
            Some(path) => {
                self.look(path.template());
                path.render(self.exchange, target.query())?
            }
        };
        // The same in both where the query is hidden, as both send it on.
        let query = target.query().unwrap_or_default();
        let _ = write!(self.sent.made_of, "?{query}");
        match host {
            Some(host) => {
                self.look(host.template());
                let _ = write!(text, " as {}", host.render(self.exchange)?);
            }
            // Its port is not in the log, and the same for both.
            None if !own_host => text.push_str(" as the client's host"),
            None => {}
        }
        Ok(text)
    }

    fn query(&mut self) {
        match self.line.has_query() {
            true => self.sent.made_of.push_str(self.exchange.request.target.query().unwrap_or_default()),
            false => drop(self.sent.needs.insert("a parameter that the log hides".to_owned())),
        }
    }

    fn look(&mut self, template: &Template) {
        template.names().for_each(|name| self.take(name));
    }

    /// Notes the value of a name, or that the log has none.
    fn take(&mut self, name: &Variable) {
        use Variable as V;
        let path = self.exchange.request.target.path();
        let captures = &self.exchange.captures;
        let value = match name {
            V::RequestMethod => Ok(self.line.method.to_string()),
            V::RequestScheme if self.line.is_https.is_some() => Ok(format!("{:?}", self.line.is_https)),
            V::RequestScheme => Err("the scheme".to_owned()),
            V::RequestHost => self.line.host.clone().ok_or_else(|| "the host".to_owned()),
            V::RequestPath => Ok(path.to_owned()),
            V::RequestQuery(_) | V::RequestQueryAll(_) | V::RequestQueries | V::RequestQueriesAll => {
                return self.query();
            }
            V::Capture(index) => {
                let name = self.effect.names.get(*index).map_or("", String::as_str);
                Ok(format!("{name}={}", captures.segment(path, *index).unwrap_or_default()))
            }
            V::CaptureNamed(_) | V::PathRest => Ok(format!("rest={}", captures.rest(path))),
            V::ClientIp => Ok(self.line.client.to_string()),
            V::RouteName | V::RouteLabel(_) | V::RouteLabels => Ok(format!("{:?}", self.effect.facts)),
            V::RequestHeader(name) => Err(format!("header {name}")),
            V::RequestCookie(name) => Err(format!("cookie {name}")),
            V::RequestHeaders => Err("the header fields".to_owned()),
            V::RequestCookies => Err("the cookies".to_owned()),
            V::ClientPort => Err("the client's port".to_owned()),
            V::ClientTls | V::ClientTlsField(_) => Err("the client's TLS".to_owned()),
            _ => Err("what a template names".to_owned()),
        };
        match value {
            Ok(value) => drop(write!(self.sent.made_of, "\n{value}")),
            Err(need) => drop(self.sent.needs.insert(need)),
        }
    }
}

/// The request as far as the log has it.
fn exchange(line: &Line, captures: &Captures, facts: &Arc<RouteFacts>) -> Exchange {
    let scheme = if line.is_https == Some(true) { Scheme::Https } else { Scheme::Http };
    let target = Target::new(line.host.as_deref().unwrap_or_default(), None, &line.path, line.query.as_deref());
    Exchange {
        request: Request {
            method: line.method.clone(),
            target,
            scheme,
            version: Version::Http11,
            fields: Fields::new(),
            body: Body::Empty,
            protocol: None,
        },
        client: Client { ip: line.client, port: 0, peer: None, local: None, peer_is_trusted: false, tls: None },
        id: Box::default(),
        trace: Trace::begin(trace::id_from(0, 1), 1),
        listener: line.listener.as_deref().unwrap_or_default().into(),
        route: Arc::clone(facts),
        captures: captures.clone(),
        identity: pintle_core::Identity::default(),
        rehearsed: false,
        started: Instant::now(),
        deadline: None,
        notes: Notes::default(),
        kept: Kept::default(),
        unrouted: None,
        interim: None,
        inside: None,
    }
}
