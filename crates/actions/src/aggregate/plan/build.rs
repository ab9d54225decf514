//! From what was written to a plan: names are looked up, templates compiled, and all that is wrong is reported.

use super::super::config::{AggregateConfig, AnswerConfig, Ending, OnConflict, OnFailure, PartConfig};
use super::super::decode::Reading;
use super::check;
use super::{AnswerPlan, Built, Each, Failing, Part, PartSet, Plan, Reads};
use crate::made::Made;
use crate::respond::RespondStatus;
use crate::url::{Host, Url};
use pintle_core::config::{Diagnostic, Entry, Form, Node, Reader, Span, Spanned};
use pintle_core::template::{Declared, Expression, Kind, Root, Template};
use pintle_core::{Method, StatusCode};
use pintle_policies::content::Content;
use pintle_policies::field::Side;
use pintle_policies::template;
use pintle_upstream::{Service, Services, Target};

/// Items that `for_each` takes unless it is said.
const AT_MOST: u32 = 100;
/// Calls of `for_each` at a time unless it is said.
const PARALLEL: u32 = 8;

impl Plan {
    /// Builds a plan; what is wrong is reported. `place` says what its templates may name besides parts.
    pub(in super::super) fn build(
        config: &AggregateConfig,
        place: &Declared<'_>,
        services: &mut dyn Services,
        reader: &mut Reader,
    ) -> Option<Self> {
        let place = &place.with(Root::RequestBody);
        let good = check::names(config, reader);
        let parts: Vec<&str> = config.parts.iter().map(|(name, _)| name.as_str()).collect();
        let whole = (*place).parts(&parts);
        let built: Vec<Option<Part>> =
            config.parts.iter().map(|(name, part)| Part::build(name, part, place, &whole, services, reader)).collect();
        let passed = check::passed(&config.pass_headers, reader);
        // Where a part has no name, that is the mistake, and not what names it.
        let answer = if good { AnswerPlan::build(config, &parts, &whole, reader) } else { None };
        let mut built: Vec<Part> = built.into_iter().collect::<Option<_>>()?;
        let good = check::cycles(&mut built, config, reader) && good;
        let (passed, answer) = (passed?, answer?);
        let mut plan = Plan { parts: built.into(), passed, answer, limits: config.limits, reads: Reads::default() };
        let opened = plan.opened();
        plan.parts.iter_mut().enumerate().for_each(|(at, part)| part.reading.is_opened = opened.has(at));
        let expressions = plan.parts.iter().flat_map(Part::expressions).flat_map(Expression::names);
        plan.reads = Reads::of(plan.templates().flat_map(Template::names).chain(expressions));
        let good = check::explosions(&plan, config, reader) && good;
        let good = check::streams(&plan, config, reader) && good;
        let good = check::picks(&plan, config, reader) && good;
        check::unused(&plan, config, reader);
        good.then_some(plan)
    }
}

impl Part {
    fn build(
        name: &Spanned<String>,
        config: &PartConfig,
        place: &Declared<'_>,
        whole: &Declared<'_>,
        services: &mut dyn Services,
        reader: &mut Reader,
    ) -> Option<Self> {
        let call = &config.call;
        if config.for_each.as_ref().is_some_and(|each| !check::item(each, reader)) {
            return None;
        }
        let item = config.for_each.as_ref().map(|each| each.item.as_str());
        let within = item.map_or(*whole, |item| whole.item(item));
        let service = Spanned::new(Service(call.service.clone()), call.span.clone());
        let target = Target::find(&service, services, reader);
        let path = Url::path(&Spanned::new(call.target.clone(), inside(&call.span, &call.target)), &within, reader);
        let when = config.when.as_ref().map(|text| template::compile_condition(text, whole, reader));
        let each = config.for_each.as_ref().map(|_| Each::build(config, whole, reader));
        let headers = Made::build(&config.headers, Side::Request, &within, reader);
        let body = config.body.as_ref().map(|body| content(body, &within, reader));
        let host = config.host.as_ref().map(|host| Host::build(host, true, &within, reader));
        let failing = match &config.on_failure {
            OnFailure::Word(Ending::Fail) => Some(Failing::Fail),
            OnFailure::Word(Ending::Pass) => Some(Failing::Pass),
            OnFailure::Value(instead) => Content::json(&instead.value, place, reader).map(Failing::Value),
        };
        let good = check::part(config, reader);
        let mut headers = headers?;
        let body = optional(body)?;
        if let Some(kind) = body.as_ref().and_then(Content::kind).filter(|_| !headers.has("content-type")) {
            headers.known.append("content-type", kind);
        }
        let mut part = Part {
            name: name.as_str().into(),
            target: target?,
            method: call.method.clone(),
            path: path?,
            when: optional(when)?,
            each: optional(each)?,
            timeout: config.timeout,
            accept: config.accept.clone().into(),
            headers,
            host: optional(host)?,
            body,
            reading: Reading { how: config.decode, is_opened: true },
            failing: failing?,
            needs: PartSet::default(),
            after: PartSet::default(),
            changed: PartSet::default(),
            call: format!("{} {}{}", call.method, origin(call), call.target).into(),
            list: config.for_each.as_ref().map(|each| format!("{} in {}", each.item, each.list).into()),
        };
        let templates = part.templates().map(PartSet::of_template);
        let expressions = part.expressions().map(|expression| PartSet::of(expression.names()));
        part.needs = templates.chain(expressions).fold(PartSet::default(), PartSet::and);
        good.then_some(part)
    }
}

/// The service as a call names it.
fn origin(call: &super::super::config::PartCall) -> String {
    match &call.service {
        pintle_upstream::Reference::Named(name) => format!("{name}:"),
        pintle_upstream::Reference::Url(origin) => origin.to_string(),
    }
}

impl Each {
    fn build(config: &PartConfig, whole: &Declared<'_>, reader: &mut Reader) -> Option<Self> {
        let each = config.for_each.as_ref()?;
        let span = inside(&each.span, &each.list);
        let list = match Expression::compile(&each.list, whole) {
            Ok(list) => list,
            Err(fault) => {
                template::report(&fault, &each.list, &span, reader);
                return None;
            }
        };
        if !matches!(list.kind(), Kind::List | Kind::Any) {
            let message = format!("`for_each` goes through a list, and this is {}", list.kind());
            let help = "name a list, such as `parts.orders.body.items`";
            reader.report(Diagnostic::error("for-each", message, &span).help(help));
            return None;
        }
        let at_most = config.at_most.unwrap_or(AT_MOST) as usize;
        Some(Each { list, at_most, parallel: config.parallel.unwrap_or(PARALLEL) as usize })
    }
}

impl AnswerPlan {
    fn build(config: &AggregateConfig, parts: &[&str], whole: &Declared<'_>, reader: &mut Reader) -> Option<Self> {
        let partial = Made::build(&config.partial.headers, Side::Response, whole, reader);
        let (stream, fields, etag) = (config.stream.value, config.picks.value, config.etag.value);
        let (status, headers, built) = match &config.respond {
            None => (
                StatusCode::OK,
                Some(Made::default()),
                Content::json(&every(config), whole, reader).map(Built::Content),
            ),
            Some(respond) => {
                let RespondStatus(status) = respond.status;
                let headers = Made::build(&respond.headers, Side::Response, whole, reader);
                (status, headers, built(respond, config, parts, whole, reader))
            }
        };
        let (mut headers, built) = (headers?, built?);
        let kind = match &built {
            Built::Content(content) => content.kind(),
            Built::Merged(..) => Some("application/json"),
            Built::Nothing => None,
        };
        if let Some(kind) = kind.filter(|_| !headers.has("content-type")) {
            headers.known.append("content-type", kind);
        }
        Some(AnswerPlan { status, headers, partial: partial?, built, stream, fields, etag })
    }
}

fn built(
    respond: &AnswerConfig,
    config: &AggregateConfig,
    parts: &[&str],
    whole: &Declared<'_>,
    reader: &mut Reader,
) -> Option<Built> {
    if let Some(merge) = &respond.merge {
        let conflict = respond.on_conflict.unwrap_or(OnConflict::Error);
        return check::merged(merge, config, parts, reader).map(|parts| Built::Merged(parts.into(), conflict));
    }
    match &respond.body {
        Some(body) => content(body, whole, reader).map(Built::Content),
        None if matches!(respond.status.0.as_u16(), 204 | 205 | 304) => Some(Built::Nothing),
        None => Content::json(&every(config), whole, reader).map(Built::Content),
    }
}

/// Every part's body under the part's name.
fn every(config: &AggregateConfig) -> Node {
    let body = |(name, _): &(Spanned<String>, PartConfig)| {
        let text = format!("${{parts.{}.body}}", name.value).into();
        Entry {
            key: name.clone().map(String::into_boxed_str),
            value: Node::new(Form::Scalar { text, plain: true }, name.span.clone()),
        }
    };
    Node::new(Form::Map(config.parts.iter().map(body).collect()), Span::nowhere())
}

/// Content: a tree is JSON, and so is a text that is one `${…}`; any other text is text.
fn content(node: &Node, place: &Declared<'_>, reader: &mut Reader) -> Option<Content> {
    let single = |text: &str| {
        let template = Template::compile(text, pintle_core::template::Place::Json, place);
        template.is_ok_and(|template| template.single().is_some())
    };
    match node.as_text() {
        Some(text) if single(text) => Content::json(node, place, reader),
        _ => Content::build(node, place, reader),
    }
}

/// Where a part of a text stands, if it stands there as it is.
fn inside(span: &Span, part: &str) -> Span {
    match span.text().find(part) {
        Some(at) => span.source().span(span.range().start + at..span.range().start + at + part.len()),
        None => span.clone(),
    }
}

/// An inner None was reported: it is no absence.
fn optional<T>(built: Option<Option<T>>) -> Option<Option<T>> {
    match built {
        Some(built) => built.map(Some),
        None => Some(None),
    }
}

/// What has no content (RFC 9110 9.3.1, 9.3.2).
pub(super) fn has_no_content(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}
