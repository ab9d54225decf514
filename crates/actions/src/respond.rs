//! `respond: {status, headers, body}`: the gateway answers by itself. A body that is a text is `text/plain`, a tree is
//! JSON; `${…}` stands in either, and a leaf of a tree that is a single `${…}` keeps its type.

#[cfg(test)]
mod tests;

use crate::made::Made;
use pintle_core::config::{Diagnostic, Map, Node, Read, Reader, TemplateText, TemplateTree, Text};
use pintle_core::step::{Action, BoxFuture, Outcome, Plan};
use pintle_core::template::{Declared, Template};
use pintle_core::{Exchange, Refusal, Response, StatusCode, names};
use pintle_policies::content::Content;
use pintle_policies::field::Side;
use std::sync::Arc;

/// The gateway answers by itself. A text is `text/plain`, a tree is JSON, unless `headers` say otherwise.
///
/// ```yaml
/// routes:
///   - {match: GET /health, respond: {body: "ok\n"}}
///   - match: /teapot/{id}
///     respond:
///       status: 418
///       headers: {cache-control: no-store, x-asked-for: "${path.id}"}
///       body: {id: "${path.id}", from: "${client.ip}", port: "${client.port}"}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "`respond`", instead = "write `{status: …}`, or `{body: …}`", check)]
pub struct RespondConfig {
    /// The status, from 200 to 599.
    #[read(default = "200")]
    pub status: RespondStatus,
    /// Header fields, by name. One whose template fails is left out.
    #[read(default)]
    pub headers: Map<TemplateText>,
    /// The content; the default is none. Excluded by the statuses 204, 205 and 304, which have none.
    pub body: Option<TemplateTree>,
}

/// A final status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "a status from 200 to 599", range = "200-599")]
pub struct RespondStatus(pub StatusCode);

impl Text for RespondStatus {
    fn parse(text: &str) -> Result<Self, String> {
        match text.parse::<u16>() {
            Ok(status @ 200..=599) if text.len() == 3 => {
                StatusCode::from_u16(status).map(RespondStatus).map_err(|_| String::new())
            }
            Ok(100..200) => Err("an answer with 1xx is not the last one".into()),
            _ => Err(String::new()),
        }
    }
}

impl RespondConfig {
    fn check(self, _: &Node, reader: &mut Reader) -> Option<Self> {
        let has_none = matches!(self.status.0.as_u16(), 204 | 205 | 304);
        let Some(body) = &self.body else { return Some(self) };
        let (message, help) = match body {
            body if body.is_null() => ("expected a text or a tree, found nothing", "leave `body` out, or write `\"\"`"),
            _ if has_none => ("an answer with this status has no content", "leave `body` out"),
            _ => return Some(self),
        };
        reader.report(Diagnostic::error("respond-body", message, body.span()).help(help));
        None
    }
}

/// Answers without a service.
#[derive(Debug)]
pub struct Respond {
    status: StatusCode,
    fields: Made,
    content: Content,
}

impl RespondConfig {
    /// Builds the action; what is wrong is reported. `place` says what its templates may name.
    pub fn build(&self, place: &Declared<'_>, reader: &mut Reader) -> Option<Arc<dyn Action>> {
        Some(Arc::new(Respond::build(self, place, reader)?))
    }
}

impl Respond {
    /// As [`RespondConfig::build`].
    pub fn build(config: &RespondConfig, place: &Declared<'_>, reader: &mut Reader) -> Option<Self> {
        let fields = Made::build(&config.headers, Side::Response, place, reader);
        let content = match &config.body {
            None => Content::default(),
            Some(body) => Content::build(body, place, reader)?,
        };
        let mut fields = fields?;
        if let (Some(kind), false) = (content.kind(), fields.has("content-type")) {
            fields.known.append(names::CONTENT_TYPE, kind);
        }
        Some(Respond { status: config.status.0, fields, content })
    }

    /// Its templates.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.fields.templates().chain(self.content.templates())
    }

    fn answer(&self, exchange: &Exchange) -> Result<Response, Refusal> {
        let mut response = Response::new(self.status);
        self.fields.put(exchange, &mut response.fields);
        response.body = self.content.render(exchange)?;
        Ok(response)
    }
}

impl Action for Respond {
    fn call<'a>(&'a self, exchange: &'a mut Exchange) -> BoxFuture<'a, Outcome> {
        Box::pin(std::future::ready(self.answer(exchange)))
    }

    fn plan(&self, exchange: &mut Exchange) -> Result<Plan, Refusal> {
        self.answer(exchange).map(Plan::Answer)
    }
}
