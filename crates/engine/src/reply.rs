//! The one place where the gateway speaks for itself: a refusal becomes status, fields and content. What the operator
//! may read (`Refusal::internal`) does not come here.

use pintle_core::{Body, Exchange, Fields, Refusal, Response, names};
use std::borrow::Cow;
use std::fmt::Write;

/// The answer to a refused request: a problem (RFC 9457), or a page where a browser asks.
pub(crate) fn render(refusal: &mut Refusal, exchange: &Exchange) -> Response {
    let mut response = Response::new(refusal.reason.status());
    if let Some(fields) = refusal.fields.take() {
        response.fields = *fields;
    }
    let (kind, text) = if wants_html(&exchange.request.fields) {
        ("text/html; charset=utf-8", page(refusal, &exchange.id))
    } else {
        ("application/problem+json", problem(refusal, &exchange.id))
    };
    response.fields.append(names::CONTENT_TYPE, kind);
    response.fields.append(names::CACHE_CONTROL, "no-store");
    response.body = Body::full(text);
    response
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
    let _ = write!(text, r#","reason":"{}","request_id":"#, reason.code());
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
