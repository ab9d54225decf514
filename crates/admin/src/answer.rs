//! What each path answers, and who may ask.

use crate::call::{Call, Content};
use crate::configuration;
use crate::control::{Access, Control};
use pintle_core::{Body, Fields, Method, StatusCode, names};
use pintle_telemetry::metrics;

const THERE_ARE: &str = "there are: /healthz /readyz /status /stats /metrics /config /config/history, POST /reload, \
    PUT /config, POST /config/rollback\n";

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) kind: &'static str,
    /// What is large comes as the caller takes it.
    pub(crate) body: Body,
    pub(crate) extra: Vec<(pintle_core::Name<'static>, String)>,
}

impl Answer {
    pub(crate) fn text(status: StatusCode, body: impl Into<String>) -> Self {
        Answer { status, kind: "text/plain; charset=utf-8", body: Body::full(body.into()), extra: Vec::new() }
    }

    pub(crate) fn bad(body: impl Into<String>) -> Self {
        Answer::text(StatusCode::BAD_REQUEST, body)
    }
}

/// The answer to one who may not ask.
pub(crate) fn forbid(access: &Access, call: &Call<'_>) -> Option<Answer> {
    if !access.is_unix && !call.host.is_some_and(is_address) {
        let why = "ask by address or as localhost: a name could be a web page's\n";
        return Some(Answer::text(StatusCode::MISDIRECTED_REQUEST, why));
    }
    let allowed = match call.path {
        "/healthz" | "/readyz" => true,
        _ if access.is_unix => true,
        _ => (call.reads() && access.open) || shows_token(access, call.fields),
    };
    (!allowed).then(|| refused(access))
}

/// Answers one request of somebody who may ask; `content` is what came with it.
pub(crate) fn answer(control: &dyn Control, call: &Call<'_>, content: Content) -> Answer {
    if call.path == "/config" || call.path.starts_with("/config/") {
        return configuration::answer(control, call, content);
    }
    match (call.path, call.reads(), call.method) {
        ("/healthz", true, _) => Answer::text(StatusCode::OK, "ok\n"),
        ("/readyz", true, _) if control.is_ready() => Answer::text(StatusCode::OK, "ready\n"),
        ("/readyz", true, _) => Answer::text(StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
        ("/status", true, _) => Answer { kind: "application/json", ..Answer::text(StatusCode::OK, control.status()) },
        ("/stats", true, _) => Answer { kind: "application/json", body: control.stats(), ..Answer::text(StatusCode::OK, "") },
        ("/metrics", true, _) => scrape(control, call.fields),
        ("/reload", _, &Method::POST) => match control.reload() {
            Ok(version) => Answer::text(StatusCode::OK, format!("configuration {version} is in force\n")),
            Err(messages) => Answer::text(StatusCode::UNPROCESSABLE_ENTITY, messages),
        },
        ("/healthz" | "/readyz" | "/status" | "/stats" | "/metrics", ..) => not_allowed("GET, HEAD"),
        ("/reload", ..) => not_allowed("POST"),
        _ => Answer::text(StatusCode::NOT_FOUND, THERE_ARE),
    }
}

/// The metrics.
fn scrape(control: &dyn Control, _fields: &Fields) -> Answer {
    let format = metrics::Format { syntax: metrics::Syntax::Prometheus, gzip: false };
    let mut extra = vec![(names::VARY, "accept, accept-encoding".to_owned())];
    extra.extend(format.encoding().map(|coding| (names::CONTENT_ENCODING, coding.to_owned())));
    Answer { status: StatusCode::OK, kind: format.content_type(), body: control.metrics(format), extra }
}

pub(crate) fn not_allowed(allow: &'static str) -> Answer {
    Answer { extra: vec![(names::ALLOW, allow.to_owned())], ..Answer::text(StatusCode::METHOD_NOT_ALLOWED, "") }
}

fn refused(access: &Access) -> Answer {
    if access.token.is_none() {
        let why =
            "set `admin.token`, or use a unix socket as `admin.address`: a port on loopback is open to every page\n";
        return Answer::text(StatusCode::FORBIDDEN, why);
    }
    let why = "show the token: `authorization: Bearer …`\n";
    Answer {
        extra: vec![(names::WWW_AUTHENTICATE, "Bearer".to_owned())],
        ..Answer::text(StatusCode::UNAUTHORIZED, why)
    }
}

fn shows_token(access: &Access, fields: &Fields) -> bool {
    let Some(token) = &access.token else { return false };
    let Some(shown) = fields.get(names::AUTHORIZATION) else { return false };
    let Some((scheme, rest)) = shown.split_at_checked(7) else { return false };
    scheme.eq_ignore_ascii_case(b"bearer ") && token.equals(rest.trim_ascii())
}

fn is_address(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok()
}
