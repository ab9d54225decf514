//! `cors: {origins, methods, headers, expose, credentials, max_age}`: which pages of other origins may read answers, by the
//! Fetch standard (3.2, "CORS protocol").
//!
//! A preflight is answered here, before anything asks who it is; one of an origin that is not listed is refused, so that a
//! log tells why. Every other request goes on, whatever its origin: what pages may not read is decided by browsers, and
//! who keeps others from *sending* is `csrf`. What a service says of CORS itself is replaced. The inner level replaces the
//! outer.
//!
//! What a page asks of a private network (`Access-Control-Request-Private-Network`) gets no answer of its own: browsers
//! have given the draft up for a question to their user.

#[cfg(test)]
mod tests;

use crate::build::Building;
use crate::layers::{Layers, Levels};
use crate::origin::Origin;
use pintle_core::config::{Diagnostic, Grammar, Node, OneOrMany, Read, Reader, Shape, Spanned, Text};
use pintle_core::fields::is_token;
use pintle_core::step::Step;
use pintle_core::{Exchange, Fields, Method, Reason, Refusal, Response, StatusCode, names};
use std::fmt::{self, Display};
use std::sync::Arc;
use std::time::Duration;

pub(crate) const LEVELS: Levels = Levels::Innermost;

/// Lets pages of other origins read answers ([Fetch](https://fetch.spec.whatwg.org/#http-cors-protocol)). Preflights are
/// answered by the gateway, before any authentication, and what a service says of CORS is replaced. A preflight is matched
/// as the method that it asks for, so the policy stands on the route of that method. `"*"` as an origin, method or header means any, and is refused with
/// `credentials: true`, where browsers take it for a name. The inner level stands in place of the outer.
///
/// ```yaml
/// routes:
///   - match: /api/**
///     policies:
///       - cors:
///           origins: ["https://shop.example.com", "https://*.partner.example"]
///           methods: [GET, PUT, DELETE]
///           headers: [authorization, content-type]
///           expose: [etag, x-request-id]
///           credentials: true
///           max_age: 10m
///     proxy: orders
///   - {match: GET /public/**, policies: [{cors: {origins: "*"}}], proxy: orders}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "cors", check)]
pub struct Cors {
    /// Whose pages may read: origins, with `https://*.example.com` for all below a name, or `"*"` for any.
    pub origins: OneOrMany<Spanned<OrAny<Origin>>>,
    /// The methods that they may use, or `"*"` for any. GET, HEAD and POST need no leave.
    #[read(default = "[GET, HEAD, POST]")]
    pub methods: OneOrMany<Spanned<OrAny<Method>>>,
    /// The header fields that they may send, or `"*"` for any but `authorization`. Some need no leave, such as `accept`.
    #[read(default)]
    pub headers: OneOrMany<Spanned<OrAny<FieldName>>>,
    /// The header fields of answers that they may read, or `"*"` for any. Some need no leave, such as `content-type`.
    #[read(default)]
    pub expose: OneOrMany<Spanned<OrAny<FieldName>>>,
    /// Whether cookies and other credentials of the user go with their requests.
    #[read(default = "false")]
    pub credentials: bool,
    /// How long a browser may keep the answer to a preflight; without it five seconds. Browsers have a most of their own,
    /// of hours.
    pub max_age: Option<Duration>,
}

/// `"*"`, or something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrAny<T> {
    /// Any.
    Any,
    /// This one.
    One(T),
}

impl<T: Read> Read for OrAny<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match node.as_text() {
            Some("*") => Some(OrAny::Any),
            _ => T::read(node, reader).map(OrAny::One),
        }
    }

    fn shape() -> Shape {
        match T::shape() {
            Shape::Text { name, doc, expected, .. } => Shape::Text { name, doc, expected, grammar: Grammar::Free },
            other => other,
        }
    }
}

impl<T: Display> Display for OrAny<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OrAny::Any => f.write_str("*"),
            OrAny::One(one) => one.fmt(f),
        }
    }
}

/// The name of a header field, in small letters.
#[derive(Clone, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "a header's name")]
pub struct FieldName(Box<str>);

impl Text for FieldName {
    fn parse(text: &str) -> Result<Self, String> {
        match text.is_empty() || !text.bytes().all(is_token) {
            true => Err("letters, digits and hyphens".into()),
            false => Ok(FieldName(text.to_ascii_lowercase().into())),
        }
    }
}

impl Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<T> OrAny<T> {
    fn is_any(&self) -> bool {
        matches!(self, OrAny::Any)
    }
}

impl Cors {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let credentials = self.credentials;
        let mut sound = list_is_sound(&self.origins, credentials, reader);
        sound &= list_is_sound(&self.methods, credentials, reader);
        sound &= list_is_sound(&self.headers, credentials, reader);
        sound &= list_is_sound(&self.expose, credentials, reader);
        if self.origins.is_empty() {
            reader.expected("an origin", node.get("origins").unwrap_or(node), "for no CORS at all write `cors: none`");
            sound = false;
        }
        sound.then_some(self)
    }

    /// The methods that pages are let use; none is any.
    pub fn allowed_methods(&self) -> Option<Vec<&Method>> {
        self.methods
            .iter()
            .map(|method| if let OrAny::One(method) = &method.value { Some(method) } else { None })
            .collect()
    }
}

/// Whether `*` stands alone, and not where it is taken for a name.
fn list_is_sound<T>(list: &[Spanned<OrAny<T>>], credentials: bool, reader: &mut Reader) -> bool {
    let Some(any) = list.iter().find(|one| one.is_any()) else { return true };
    if credentials {
        let message = "with `credentials: true` a browser takes `*` for a name, and not for any";
        let help = "list what is meant: with cookies, any page of any site would act as its visitor";
        reader.report(Diagnostic::error("cors-any", message, &any.span).help(help));
        return false;
    }
    if list.len() > 1 {
        let help = "leave the others out, or this one";
        reader.report(Diagnostic::error("cors-any", "`*` is any, and stands alone", &any.span).help(help));
        return false;
    }
    true
}

/// What is answered, made when the configuration loads.
struct Answers {
    /// None is any.
    origins: Option<Box<[Origin]>>,
    credentials: bool,
    methods: Box<str>,
    headers: Box<str>,
    expose: Box<str>,
    max_age: Option<Box<str>>,
}

/// The origin of a request that may read the answer.
struct Reads(Box<[u8]>);

/// Answers preflights, and says on all other answers who may read them.
pub(crate) fn steps(layers: &Layers<'_, Cors>, building: &mut Building<'_, '_>) -> Option<()> {
    let Some(cors) = layers.innermost() else { return Some(()) };
    let answers = Arc::new(Answers::new(cors));
    let own = Arc::clone(&answers);
    building.steps.push(Step::Answer(Box::new(move |exchange| own.preflight(exchange))));
    // Further in than the preflight's answer, which it leaves alone.
    building.steps.push(Step::Edit(Box::new(move |exchange, response| answers.edit(exchange, &mut response.fields))));
    Some(())
}

impl Answers {
    fn new(cors: &Cors) -> Self {
        let one = |origin: &Spanned<OrAny<Origin>>| match &origin.value {
            OrAny::Any => None,
            OrAny::One(origin) => Some(origin.clone()),
        };
        Answers {
            origins: cors.origins.iter().map(one).collect(),
            credentials: cors.credentials,
            methods: joined(&cors.methods),
            headers: joined(&cors.headers),
            expose: joined(&cors.expose),
            max_age: cors.max_age.map(|age| age.as_secs().to_string().into()),
        }
    }

    fn lists(&self, origin: &[u8]) -> bool {
        self.origins.as_ref().is_none_or(|origins| origins.iter().any(|one| one.is(origin)))
    }

    /// The answer to a preflight (Fetch 3.2.2), or nothing for what is none.
    fn preflight(&self, exchange: &mut Exchange) -> Result<Option<Response>, Refusal> {
        let fields = &exchange.request.fields;
        let Some(origin) = fields.get(names::ORIGIN) else { return Ok(None) };
        let listed = self.lists(origin);
        let asked = fields.get(names::ACCESS_CONTROL_REQUEST_METHOD);
        if exchange.request.method != Method::OPTIONS || asked.is_none() {
            if listed && self.origins.is_some() {
                let origin = Reads(origin.into());
                exchange.kept.put(origin);
            }
            return Ok(None);
        }
        if !listed {
            let origin = String::from_utf8_lossy(origin);
            let refusal = Refusal::new(Reason::CrossSite).detail("Pages of this origin may not read here.");
            return Err(refusal.internal(format!("the origin {origin:?} is not listed")).field(names::VARY, "origin"));
        }
        let mut response = Response::new(StatusCode::NO_CONTENT);
        let answer = &mut response.fields;
        self.allow(answer, Some(origin));
        answer.append("access-control-allow-methods", &*self.methods);
        if !self.headers.is_empty() {
            answer.append("access-control-allow-headers", &*self.headers);
        }
        if let Some(age) = &self.max_age {
            answer.append("access-control-max-age", &**age);
        }
        Ok(Some(response))
    }

    /// Says on an answer who may read it, in place of what the service says.
    fn edit(&self, exchange: &Exchange, fields: &mut Fields) {
        fields.retain(|name, _| !OF_ANSWERS.contains(&name.as_str()));
        let reads = exchange.kept.get::<Reads>().map(|reads| &*reads.0);
        self.allow(fields, reads);
        if !self.expose.is_empty() && (self.origins.is_none() || reads.is_some()) {
            fields.append("access-control-expose-headers", &*self.expose);
        }
    }

    /// Names who may read. Where that depends on the origin, caches learn of it, whoever asked (Fetch 3.2.4).
    fn allow(&self, fields: &mut Fields, origin: Option<&[u8]>) {
        if self.origins.is_none() {
            return fields.append("access-control-allow-origin", "*");
        }
        if !fields.list(names::VARY).any(|name| name == b"*" || name.eq_ignore_ascii_case(b"origin")) {
            fields.append(names::VARY, "origin");
        }
        let Some(origin) = origin else { return };
        fields.append("access-control-allow-origin", origin);
        if self.credentials {
            fields.append("access-control-allow-credentials", "true");
        }
    }
}

/// What answers say of CORS (Fetch 3.2.3).
const OF_ANSWERS: [&str; 7] = [
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-allow-private-network",
    "access-control-expose-headers",
    "access-control-max-age",
];

fn joined<T: Display>(list: &[Spanned<OrAny<T>>]) -> Box<str> {
    list.iter().map(|one| one.value.to_string()).collect::<Vec<_>>().join(", ").into()
}
