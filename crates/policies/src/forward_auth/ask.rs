//! What the service that decides is asked: which of the request's fields it gets, and what it is told of the request.

use super::Asking;
use crate::field::{Side, is_of_exchange};
use crate::headers::{is_same, take_away};
use crate::held;
use bytes::Bytes;
use pintle_core::{Body, Exchange, Fields, Name, Reason, Refusal, instance, names};
use pintle_upstream::{Answer, Call};
use std::time::Instant;

/// The most that its answer may hold: what goes to a client, or what `allow` reads.
const MOST: usize = 64 * 1024;

/// What the gateway says itself, whatever the client says under such a name.
const OWN: [&str; 10] = [
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-method",
    "x-forwarded-proto",
    "x-forwarded-uri",
    "x-original-method",
    "x-original-uri",
    "x-original-url",
    "x-request-id",
];

/// A request to the service that decides, but for the client's content.
pub(super) struct Asked {
    pub(super) fields: Fields,
    pub(super) content: Bytes,
}

/// The client's own fields of names that are copied, which nobody else gets.
pub(super) struct Stash(Fields);

impl Stash {
    /// Keeps those of these names, beside what is kept already.
    pub(super) fn put(names: &[Box<str>], exchange: &mut Exchange) {
        if !names.iter().any(|name| exchange.request.fields.contains(&**name)) {
            return;
        }
        let mut all = exchange.kept.get::<Stash>().map(|stash| stash.0.clone()).unwrap_or_default();
        for name in names {
            for value in exchange.request.fields.get_all(&**name) {
                all.append(&**name, value);
            }
        }
        exchange.kept.put(Stash(all));
    }
}

impl Asking {
    /// Puts together what is asked.
    pub(super) fn ask(&self, exchange: &Exchange) -> Result<Asked, Refusal> {
        let request = &exchange.request;
        let mut fields = Fields::with_capacity(request.fields.len() + 16, request.fields.wire_size() + 512);
        let stash = exchange.kept.get::<Stash>();
        for (name, value) in request.fields.iter().chain(stash.iter().flat_map(|stash| stash.0.iter())) {
            if self.passes(name) && !is_own(name.as_str()) && !exchange.trace.replaces(name) {
                fields.append(name, value);
            }
        }
        self.tell(exchange, &mut fields);
        let mut text = String::new();
        for (name, value) in &self.headers {
            text.clear();
            take_away(name, Side::Request, &mut fields);
            // One that fails is left out.
            if value.render(exchange, &mut text).is_ok() {
                fields.append(&**name, text.as_bytes());
            }
        }
        let content = match &self.send {
            None => Bytes::new(),
            Some(content) => {
                if let (Some(kind), false) = (content.kind(), fields.contains(names::CONTENT_TYPE)) {
                    fields.append(names::CONTENT_TYPE, kind);
                }
                match content.render(exchange)? {
                    Body::Full(bytes) => bytes,
                    Body::Empty | Body::Stream { .. } => Bytes::new(),
                }
            }
        };
        Ok(Asked { fields, content })
    }

    /// Whether a field of the client goes along.
    fn passes(&self, name: Name<'_>) -> bool {
        match &self.pass {
            Some(list) => list.iter().any(|one| **one == *name.as_str()),
            None => {
                let of_content = matches!(name.as_str(), "content-type" | "content-encoding");
                self.body.is_some() && of_content || !is_of_exchange(name.as_str())
            }
        }
    }

    /// Says what is asked for, in the words of nginx and of Traefik.
    fn tell(&self, exchange: &Exchange, fields: &mut Fields) {
        let Exchange { request, client, id, trace, .. } = exchange;
        let (method, scheme) = (request.method.as_str(), request.scheme.as_str());
        let (host, uri) = (request.target.authority(), request.target.path_and_query());
        fields.append("x-forwarded-method", method);
        fields.append(names::X_FORWARDED_PROTO, scheme);
        if !host.is_empty() {
            fields.append(names::X_FORWARDED_HOST, host);
            fields.append("x-original-url", format!("{scheme}://{host}{uri}"));
        }
        fields.append("x-forwarded-uri", uri);
        fields.append(names::X_FORWARDED_FOR, client.ip.to_string());
        fields.append("x-original-method", method);
        fields.append("x-original-uri", uri);
        fields.append(names::X_REQUEST_ID, id.as_bytes());
        trace.append(fields, 1);
        // A gateway that asks itself is a loop, and found by this.
        fields.append(names::VIA, format!("{} {}", request.version.as_str(), instance()));
    }

    /// Asks, within the time for that.
    pub(super) async fn answer(&self, asked: Asked, exchange: &mut Exchange) -> Result<Answer, Refusal> {
        let own = Instant::now() + self.timeout;
        let deadline = exchange.deadline.map_or(own, |deadline| deadline.min(own));
        let body = match self.body {
            Some(most) => held::take(exchange, most, &self.account).await?,
            None => asked.content,
        };
        let call = Call {
            method: &self.call.method,
            target: &self.call.target,
            host: None,
            fields: &asked.fields,
            body: &body,
            deadline,
            most: MOST,
        };
        self.service.call(&call).await.map_err(|refusal| {
            // The route's own time is over, which is the client's to hear.
            let is_over = exchange.deadline.is_some_and(|deadline| deadline <= Instant::now());
            let reason = if is_over { Reason::Timeout } else { Reason::AuthUnavailable };
            let why = refusal.internal.unwrap_or_else(|| self.service.name.to_string());
            Refusal::new(reason).internal(format!("{}: {why}", refusal.reason.code()))
        })
    }
}

/// Whether the gateway says that itself, in whatever spelling.
fn is_own(name: &str) -> bool {
    OWN.iter().any(|own| is_same(own, name))
}
