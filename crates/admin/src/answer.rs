//! What each path answers, and who may ask.

use pintle_core::secret::Secret;
use pintle_core::{Fields, Method, StatusCode, names};
use pintle_telemetry::metrics;
use std::sync::Arc;

/// What the admin API asks of the gateway.
pub trait Control: Send + Sync + 'static {
    /// Whether listeners are open and nothing is draining.
    fn is_ready(&self) -> bool;
    /// What runs, as a JSON object.
    fn status(&self) -> String;
    /// The metrics as Prometheus text.
    fn metrics(&self) -> String;
    /// Reads the configuration again: the version in force, or all that is wrong. Blocks.
    fn reload(&self) -> Result<u64, String>;
    /// Who may ask now.
    fn access(&self) -> Arc<Access>;
}

/// Who may ask.
#[derive(Debug, Default)]
pub struct Access {
    /// What callers must show.
    pub token: Option<Secret>,
    /// Whether the address is a unix socket, whose file's permissions decide.
    pub is_unix: bool,
    /// Whether reading is free, as on loopback.
    pub open: bool,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) kind: &'static str,
    pub(crate) body: String,
    pub(crate) extra: Option<(pintle_core::Name<'static>, &'static str)>,
}

impl Answer {
    fn text(status: StatusCode, body: impl Into<String>) -> Self {
        Answer { status, kind: "text/plain; charset=utf-8", body: body.into(), extra: None }
    }
}

/// Answers one request.
pub(crate) fn answer(
    control: &dyn Control,
    access: &Access,
    method: &Method,
    path: &str,
    host: Option<&str>,
    fields: &Fields,
) -> Answer {
    if !access.is_unix && !host.is_some_and(is_address) {
        let why = "ask by address or as localhost: a name could be a web page's\n";
        return Answer::text(StatusCode::MISDIRECTED_REQUEST, why);
    }
    let reads = *method == Method::GET || *method == Method::HEAD;
    let allowed = match path {
        "/healthz" | "/readyz" => true,
        _ if access.is_unix => true,
        _ => (reads && access.open) || shows_token(access, fields),
    };
    if !allowed {
        return refused(access);
    }
    match (path, reads, method) {
        ("/healthz", true, _) => Answer::text(StatusCode::OK, "ok\n"),
        ("/readyz", true, _) if control.is_ready() => Answer::text(StatusCode::OK, "ready\n"),
        ("/readyz", true, _) => Answer::text(StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
        ("/status", true, _) => Answer { kind: "application/json", ..Answer::text(StatusCode::OK, control.status()) },
        ("/metrics", true, _) => {
            Answer { kind: metrics::CONTENT_TYPE, ..Answer::text(StatusCode::OK, control.metrics()) }
        }
        ("/reload", _, &Method::POST) => match control.reload() {
            Ok(version) => Answer::text(StatusCode::OK, format!("configuration {version} is in force\n")),
            Err(messages) => Answer::text(StatusCode::UNPROCESSABLE_ENTITY, messages),
        },
        ("/healthz" | "/readyz" | "/status" | "/metrics", ..) => not_allowed("GET, HEAD"),
        ("/reload", ..) => not_allowed("POST"),
        _ => Answer::text(StatusCode::NOT_FOUND, "there are: /healthz /readyz /status /metrics, and POST /reload\n"),
    }
}

fn not_allowed(allow: &'static str) -> Answer {
    Answer { extra: Some((names::ALLOW, allow)), ..Answer::text(StatusCode::METHOD_NOT_ALLOWED, "") }
}

fn refused(access: &Access) -> Answer {
    if access.token.is_none() {
        let why =
            "set `admin.token`, or use a unix socket as `admin.address`: a port on loopback is open to every page\n";
        return Answer::text(StatusCode::FORBIDDEN, why);
    }
    let why = "show the token: `authorization: Bearer …`\n";
    Answer { extra: Some((names::WWW_AUTHENTICATE, "Bearer")), ..Answer::text(StatusCode::UNAUTHORIZED, why) }
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
