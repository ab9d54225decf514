//! Aggregates held against what their services say of themselves: that each call is for an operation that there is, and
//! that what is read of its answer is in the schema. A slip in a name is found when the configuration loads, not when
//! the first client misses something.
//!
//! What a document says is in `openapi`; here is who is called and what is read. Says nothing of what cannot be known: a
//! part that decodes another thing than JSON, a name that is computed, a path whose segments are.

mod words;

use crate::maybe::Maybe;
use crate::openapi::{CallPath, Document, Field, Found, Operation, Unknown};
use pintle_actions::{AggregateConfig, Decode, OnFailure, PartConfig};
use pintle_core::StatusCode;
use pintle_core::config::{ConfigPath, Diagnostic, Form, Map, Node, Reader, Span, TemplateText};
use pintle_core::template::{Access, Declared, Expression, PartField, Place, Root, Step, Taken, Template, Variable};
use pintle_upstream::{Reference, UpstreamConfig};
use std::collections::HashMap;
use std::rc::Rc;
use words::missing;

/// The documents of the upstreams that have one, by the upstream's name.
#[derive(Debug, Default)]
pub(super) struct Documents(HashMap<String, Described>);

#[derive(Debug)]
struct Described {
    file: String,
    document: Rc<Document>,
}

impl Documents {
    /// Reads all of them, each file once; what is wrong in one is reported.
    pub(super) fn read(upstreams: &Map<Maybe<UpstreamConfig>>, reader: &mut Reader) -> Documents {
        let mut files: HashMap<ConfigPath, Option<Rc<Document>>> = HashMap::new();
        let mut found = HashMap::new();
        for (name, upstream) in &upstreams.0 {
            let Some(file) = upstream.get().and_then(|upstream| upstream.openapi.as_ref()) else { continue };
            let document = match files.get(&file.value) {
                Some(known) => known.clone(),
                None => {
                    let document = Document::read(file, reader).map(Rc::new);
                    files.insert(file.value.clone(), document.clone());
                    document
                }
            };
            if let Some(document) = document {
                found.insert(name.value.clone(), Described { file: file.display().to_string(), document });
            }
        }
        Documents(found)
    }

    /// Reports each call and each field that the documents do not have. `place` says what expressions may name besides
    /// parts; one that is wrong in itself is reported by who builds it.
    pub(super) fn check(&self, aggregate: &AggregateConfig, place: &Declared<'_>, reader: &mut Reader) {
        if self.0.is_empty() {
            return;
        }
        let names: Vec<&str> = aggregate.parts.iter().map(|(name, _)| name.as_str()).collect();
        let place = place.with(Root::RequestBody).parts(&names);
        let operation = |part| (part, self.operation(part, &place, reader));
        let parts = aggregate.parts.iter().map(|(_, part)| part).map(operation).collect();
        let mut check = Check { parts, place, reader };
        for (_, part) in &aggregate.parts {
            check.part(part);
        }
        if let Some(respond) = &aggregate.respond {
            check.headers(&respond.headers, &place, &[]);
            if let Some(body) = &respond.body {
                check.tree(body, &place, &[]);
            }
        }
        check.headers(&aggregate.partial.headers, &place, &[]);
    }

    /// The operation that a part calls; none where the document does not have it, which is reported, or cannot say.
    fn operation(&self, part: &PartConfig, place: &Declared<'_>, reader: &mut Reader) -> Option<Operation<'_>> {
        let Reference::Named(upstream) = &part.call.service else { return None };
        let Described { file, document } = self.0.get(upstream)?;
        let template = Template::compile(&part.call.target, Place::Url, &within(part, *place)).ok()?;
        let (method, span) = (part.call.method.as_str(), &part.call.span);
        let path = part.call.target.split(['?', '#']).next().unwrap_or_default();
        let found = document.operation(method, &CallPath::of(&template)?);
        let (at, help) = match found {
            Found::Operation(operation) => return Some(operation),
            Found::CannotSay => return None,
            Found::OtherMethods { path, methods } if methods.is_empty() => {
                (path_in(span, path), format!("`{path}` has no method there"))
            }
            Found::OtherMethods { path: known, methods } => {
                let written = span.text().trim_start_matches(['"', '\'']);
                let at = match written.starts_with(method) {
                    true => path_in(span, method),
                    false => path_in(span, path),
                };
                (at, format!("`{known}` has {}", methods.join(", ")))
            }
            Found::Nothing(Some(similar)) => (path_in(span, path), format!("did you mean `{similar}`?")),
            Found::Nothing(None) => (path_in(span, path), "the paths that there are stand in that file".to_owned()),
        };
        let message = format!("the OpenAPI document of `{upstream}`, {file}, has no `{method} {path}`");
        reader.report(Diagnostic::error("openapi-operation", message, &at).help(help));
        None
    }
}

/// Where a piece of a text stands, if it stands there as it is.
fn path_in(span: &Span, piece: &str) -> Span {
    match span.text().find(piece) {
        Some(at) => span.source().span(span.range().start + at..span.range().start + at + piece.len()),
        None => span.clone(),
    }
}

/// What the expressions of a part may name.
fn within<'d>(part: &'d PartConfig, place: Declared<'d>) -> Declared<'d> {
    match &part.for_each {
        Some(each) => place.item(&each.item),
        None => place,
    }
}

/// Whether the value that stands for a part that failed has what is read, or may have it.
fn is_given(part: &PartConfig, steps: &[Step<'_>]) -> bool {
    let OnFailure::Value(instead) = &part.on_failure else { return false };
    let mut node: &Node = &instead.value;
    for step in steps {
        let within = match (step.taken, node.form()) {
            (_, Form::Scalar { text, .. }) => return text.contains("${"),
            (Taken::Member(name), _) => node.get(name),
            (Taken::Item(_), _) => node.as_list().and_then(<[_]>::first),
        };
        match within {
            Some(within) => node = within,
            None => return false,
        }
    }
    true
}

struct Check<'d, 'r> {
    parts: Vec<(&'d PartConfig, Option<Operation<'d>>)>,
    place: Declared<'d>,
    reader: &'r mut Reader,
}

impl<'d> Check<'d, '_> {
    fn part(&mut self, part: &'d PartConfig) {
        let place = self.place;
        let list = part.for_each.as_ref().and_then(|each| Expression::compile(&each.list, &place).ok());
        let items: Vec<Access<'_>> = list.iter().flat_map(Expression::origins).collect();
        if let (Some(each), Some(list)) = (&part.for_each, &list) {
            self.reads(list.reads(), &each.list, &path_in(&each.span, &each.list), &[]);
        }
        if let Some(when) = &part.when
            && let Ok(expression) = Expression::compile(when, &place)
        {
            self.reads(expression.reads(), when, &when.span, &[]);
        }
        let place = within(part, place);
        self.template(&part.call.target, &path_in(&part.call.span, &part.call.target), &place, &items);
        self.headers(&part.headers, &place, &items);
        if let Some(host) = &part.host {
            self.template(host, &host.span, &place, &items);
        }
        if let Some(body) = &part.body {
            self.tree(body, &place, &items);
        }
    }

    fn headers(&mut self, headers: &Map<TemplateText>, place: &Declared<'_>, items: &[Access<'_>]) {
        for (_, text) in headers {
            self.template(text, &text.span, place, items);
        }
    }

    fn tree(&mut self, node: &Node, place: &Declared<'_>, items: &[Access<'_>]) {
        match node.form() {
            Form::Scalar { text, .. } => self.template(text, node.span(), place, items),
            Form::List(nodes) => nodes.iter().for_each(|node| self.tree(node, place, items)),
            Form::Map(entries) => entries.iter().for_each(|entry| self.tree(&entry.value, place, items)),
            Form::Nothing | Form::Broken => {}
        }
    }

    fn template(&mut self, text: &str, span: &Span, place: &Declared<'_>, items: &[Access<'_>]) {
        if let Ok(template) = Template::compile(text, Place::Text, place) {
            self.reads(template.reads(), text, span, items);
        }
    }

    /// Looks at all that a text reads. `items` are where an item of the part's `for_each` is taken from.
    fn reads<'e>(&mut self, reads: impl Iterator<Item = Access<'e>>, text: &str, span: &Span, items: &[Access<'_>]) {
        for access in reads {
            let unknown = match access.variable {
                Variable::Part(at, PartField::Body) => self.unknown(*at, &access.steps),
                Variable::Item => self.unknown_of_item(&access.steps, items),
                _ => None,
            };
            if let Some(unknown) = unknown {
                self.reader.report(missing(&unknown, &access, text, span));
            }
        }
    }

    /// What is read of a part's body and is not there.
    fn unknown(&self, part: usize, steps: &[Step<'_>]) -> Option<Unknown<'d>> {
        let (config, operation) = self.parts.get(part)?;
        if !matches!(config.decode, None | Some(Decode::Json)) {
            return None;
        }
        // The body of a `for_each` is the list of its calls' bodies.
        let before = usize::from(config.for_each.is_some());
        let (list, steps) = steps.split_at_checked(before)?;
        if list.iter().any(|step| !matches!(step.taken, Taken::Item(_))) {
            return None;
        }
        let accepts = |status: u16| {
            let status = StatusCode::from_u16(status).ok();
            status.is_some_and(|status| status.is_success() || config.accept.iter().any(|one| one.has(status)))
        };
        match operation.as_ref()?.field(steps, &accepts) {
            // A part that failed has what the configuration gives it.
            Field::Unknown(unknown) if is_given(config, &steps[..=unknown.step]) => None,
            Field::Unknown(unknown) => Some(Unknown { step: unknown.step + before, ..unknown }),
            Field::Known | Field::CannotSay => None,
        }
    }

    /// What is read of an item and is in none of the lists that it may come from.
    fn unknown_of_item(&self, steps: &[Step<'_>], items: &[Access<'_>]) -> Option<Unknown<'d>> {
        let mut found = None;
        for list in items {
            let Variable::Part(part, PartField::Body) = list.variable else { return None };
            let range = list.range.clone();
            let item = Step { taken: Taken::Item(None), range };
            let whole: Vec<Step<'_>> =
                list.steps.iter().chain([&item]).chain(steps).map(|step| Step { ..step.clone() }).collect();
            let unknown = self.unknown(*part, &whole)?;
            // What is wrong with the list is said there.
            let step = unknown.step.checked_sub(list.steps.len() + 1)?;
            found = found.or(Some(Unknown { step, ..unknown }));
        }
        found
    }
}
