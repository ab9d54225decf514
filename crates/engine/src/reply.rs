//! The one place where the gateway speaks for itself: a refusal becomes status, fields and content. What the operator
//! may read (`Refusal::internal`) does not come here.

mod grpc;

pub(crate) use grpc::trailers as grpc_trailers;

use crate::pages::{Kind, Pages, Problem};
use pintle_core::refusal::FailedPart;
use pintle_core::{Body, Exchange, Fields, Refusal, Response, names};
use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

const HTML: &str = "text/html; charset=utf-8";

/// The answer to a refused request: for gRPC its own form, else the page of the configuration where there is one, else a problem (RFC 9457), or a
/// page where a browser asks. `pages` are the route's own and its listener's.
pub(crate) fn render(refusal: &mut Refusal, exchange: &Exchange, pages: [&Pages; 2]) -> Response {
    if let Some(response) = grpc::answer(refusal, exchange) {
        return response;
    }
    let mut response = Response::new(refusal.reason.status());
    if let Some(fields) = refusal.fields.take() {
        response.fields = *fields;
    }
    let reason = refusal.reason;
    let said = Problem { title: reason.title(), detail: &refusal.detail, reason: reason.code() };
    let kind = asked(&exchange.request.fields);
    let (content_type, body) = match (kind, said.content(kind, pages, exchange, &response, false)) {
        (Kind::Html, Some(page)) => (HTML, page),
        (Kind::Json, Some(page)) => ("application/json", page),
        (Kind::Html, None) => (HTML, Body::full(page(refusal, &exchange.id))),
        (Kind::Json, None) => ("application/problem+json", Body::full(problem(refusal, &exchange.id))),
    };
    response.fields.append(names::CONTENT_TYPE, content_type);
    response.fields.append(names::CACHE_CONTROL, "no-store");
    response.body = body;
    response
}

/// Puts pages in place of what services answer with an error's status, where a page says so.
pub struct Replacing {
    /// Of the route and its groups.
    pub own: Pages,
    /// Of each listener by its name.
    pub listeners: Arc<[(Arc<str>, Pages)]>,
}

impl Replacing {
    /// Replaces the content of an answer; status and all that is not about the content stay. The service's content is
    /// not read: it ends where it is.
    pub fn replace(&self, exchange: &Exchange, response: &mut Response) {
        let status = response.status;
        if status.as_u16() < 400 || exchange.notes.upstream_status != Some(status.as_u16()) {
            return;
        }
        let none = Pages::default();
        let outer =
            self.listeners.iter().find(|(name, _)| *name == exchange.listener).map_or(&none, |(_, pages)| pages);
        let kind = asked(&exchange.request.fields);
        let said = Problem { title: status.canonical_reason().unwrap_or_default(), detail: "", reason: "" };
        let Some(body) = said.content(kind, [&self.own, outer], exchange, response, true) else { return };
        response.fields.retain(|name, _| !OF_CONTENT.contains(&name.as_str()));
        let content_type = if kind == Kind::Html { HTML } else { "application/json" };
        response.fields.append(names::CONTENT_TYPE, content_type);
        if response.fields.contains(names::CACHE_CONTROL) {
            // The service lets it be kept; it is another one for another Accept now.
            response.fields.append(names::VARY, "accept");
        } else {
            response.fields.append(names::CACHE_CONTROL, "no-store");
        }
        response.body = body;
    }
}

/// What is said of the content that was replaced (RFC 9110 8, 14; RFC 9530).
const OF_CONTENT: [&str; 14] = [
    "accept-ranges",
    "content-digest",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-md5",
    "content-range",
    "content-type",
    "digest",
    "etag",
    "last-modified",
    "repr-digest",
];

fn asked(fields: &Fields) -> Kind {
    if wants_html(fields) { Kind::Html } else { Kind::Json }
}

fn problem(refusal: &Refusal, id: &str) -> String {
    let reason = refusal.reason;
    let mut text = String::with_capacity(256);
    let _ =
        write!(text, r#"{{"type":"about:blank","title":"{}","status":{}"#, reason.title(), reason.status().as_u16());
    if !refusal.detail.is_empty() {
        text.push_str(r#","detail":"#);
        push_json(&mut text, &refusal.detail);
    }
    let _ = write!(text, r#","reason":"{}""#, reason.code());
    if let Some(FailedPart { name, reason, status, .. }) = refusal.part.as_deref() {
        let _ = write!(text, r#","part":"{name}","part_reason":"{reason}""#);
        if let Some(status) = status {
            let _ = write!(text, r#","part_status":{status}"#);
        }
    }
    text.push_str(r#","request_id":"#);
    push_json(&mut text, id);
    text.push_str("}\n");
    text
}

fn page(refusal: &Refusal, id: &str) -> String {
    let (status, title) = (refusal.reason.status(), refusal.reason.title());
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{status}</title>\n<h1>{title}</h1>\n<p>{}</p>\n\
         <p><small>{status} &middot; {} &middot; request {}</small></p>\n</html>\n",
        escaped(&refusal.detail),
        refusal.reason.code(),
        escaped(id),
        status = status.as_u16(),
    )
}

/// Whether HTML is asked for before JSON: what browsers send when a person follows a link (RFC 9110 12.5.1).
fn wants_html(fields: &Fields) -> bool {
    let quality = |kind: &[u8]| {
        fields.list(names::ACCEPT).find_map(|member| {
            let mut parts = member.split(|&b| b == b';').map(<[u8]>::trim_ascii);
            if !parts.next()?.eq_ignore_ascii_case(kind) {
                return None;
            }
            let q = parts.find_map(|p| p.strip_prefix(b"q=").or_else(|| p.strip_prefix(b"Q=")));
            Some(q.and_then(|q| std::str::from_utf8(q).ok()?.parse::<f32>().ok()).unwrap_or(1.0))
        })
    };
    let html = quality(b"text/html").unwrap_or(0.0);
    let json = quality(b"application/problem+json").or_else(|| quality(b"application/json")).unwrap_or(0.0);
    html > 0.0 && html > json
}

fn push_json(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if (c as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;"))
}
