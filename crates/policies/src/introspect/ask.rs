//! The question to the service, and its answer (RFC 7662 2).

use super::config::{ClientAuthentication, Introspect};
use crate::build::Building;
use crate::secrets;
use crate::web_url::{WebUrl, is_private};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use pintle_core::config::{Diagnostic, Spanned};
use pintle_core::json::{Limits, Object};
use pintle_core::secret::Secret;
use pintle_core::{Fields, Method, StatusCode, names};
use pintle_upstream::reference::Scheme;
use pintle_upstream::{Call, Reference, Upstream};
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most that an answer may have.
const LIMITS: Limits = Limits { bytes: 64 * 1024, depth: 32 };

/// How the service is asked.
pub(super) struct Asking {
    url: WebUrl,
    upstream: Arc<Upstream>,
    fields: Fields,
    /// What goes along in the content, beside the token.
    along: Secret,
    timeout: Duration,
}

impl Asking {
    /// Finds the service; what is wrong is reported.
    pub(super) fn build(settings: &Introspect, building: &mut Building<'_, '_>) -> Option<Self> {
        let url = settings.url.value.clone();
        let reference = match &settings.via {
            Some(name) => Spanned::new(Reference::Named(name.value.clone()), name.span.clone()),
            None => Spanned::new(Reference::Url(url.origin().clone()), settings.url.span.clone()),
        };
        let source = &settings.client_secret;
        let secret = secrets::resolve(&source.value, &source.span, building);
        let upstream = building.services.upstream(&reference, Scheme::Http, building.reader)?;
        if !(settings.danger_plain_http || is_private(&upstream)) {
            let message = format!("`{url}` would be asked in cleartext, and tokens read on the way");
            let help = "write `https://`, or `danger_plain_http: true`";
            building.reader.report(Diagnostic::error("plain-http", message, &reference.span).help(help));
            return None;
        }
        let secret = secret?;
        let mut fields = Fields::new();
        fields.append(names::ACCEPT, "application/json");
        fields.append(names::CONTENT_TYPE, "application/x-www-form-urlencoded");
        fields.append(names::USER_AGENT, concat!("pintle/", env!("CARGO_PKG_VERSION")));
        let mut pair = String::new();
        encode(settings.client_id.as_bytes(), &mut pair);
        let along = match settings.auth {
            ClientAuthentication::Basic => {
                pair.push(':');
                encode(secret.expose_bytes(), &mut pair);
                fields.append(names::AUTHORIZATION, format!("Basic {}", STANDARD.encode(&pair)));
                String::new()
            }
            ClientAuthentication::Post => {
                let mut along = format!("&client_id={pair}&client_secret=");
                encode(secret.expose_bytes(), &mut along);
                along
            }
        };
        Some(Asking { url, upstream, fields, along: Secret::new(along), timeout: settings.timeout })
    }

    /// Asks about a token; the error is for the operator. Cancelled by dropping.
    pub(super) async fn ask(&self, token: &str, deadline: Option<Instant>) -> Result<Object, String> {
        let own = Instant::now() + self.timeout;
        let mut body = String::from("token=");
        encode(token.as_bytes(), &mut body);
        body.push_str("&token_type_hint=access_token");
        body.push_str(self.along.expose_text().unwrap_or_default());
        let call = Call {
            method: &Method::POST,
            target: self.url.target(),
            host: Some(self.url.host()),
            fields: &self.fields,
            body: &Bytes::from(body),
            deadline: deadline.map_or(own, |deadline| deadline.min(own)),
            most: LIMITS.bytes,
        };
        let url = &self.url;
        let answer = self.upstream.call(&call).await.map_err(|refusal| {
            let internal = refusal.internal.as_deref().unwrap_or("no answer");
            format!("{url}: {}: {internal}", refusal.reason.code())
        })?;
        match answer.status {
            StatusCode::OK => {
                Object::parse(&answer.content, LIMITS).map_err(|fault| format!("{url}: its answer: {fault}"))
            }
            // RFC 7662 2.3: that is about the gateway, and not about the token.
            StatusCode::UNAUTHORIZED => Err(format!("{url}: it does not take `client_id` and `client_secret`")),
            other => Err(format!("{url}: it answered {}", other.as_u16())),
        }
    }
}

/// Appends bytes as a form has them (RFC 6749 appendix B).
fn encode(bytes: &[u8], out: &mut String) {
    for &byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => write!(out, "%{byte:02X}").expect("a String takes whatever is written"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn a_form_has_its_own_way_to_write_bytes() {
        let mut out = String::new();
        encode("a b+c&d=%/é:*".as_bytes(), &mut out);
        assert_eq!(out, "a+b%2Bc%26d%3D%25%2F%C3%A9%3A*");
    }
}
