//! The span of one try at an endpoint. Its id is what the service got as the parent of its own.

use super::{Attributes, Told, error, method};
use crate::otlp::messages::trace::{Event, Span, SpanKind};
use pintle_core::notes::{Came, Try};

/// When the answer's head was here; the span goes on until its last byte.
const FIRST_BYTE: &str = "pintle.first_byte";

impl Told<'_> {
    /// The span of the try of that place; `is_last` if its answer is the one that the client got.
    pub(super) fn attempt(&self, at: usize, one: &Try, is_last: bool) -> Span {
        let exchange = self.exchange();
        let method = method(&exchange.request.method);
        let end = self.ended.over;
        let (over, goes_on) = match (one.over, &one.came) {
            (Some(over), Came::Answer(_)) if is_last => (end, Some(over)),
            (over, _) => (over.unwrap_or(end), None),
        };
        let mut span = self.part(at as u64 + 1, method, SpanKind::Client, one.began, over);
        span.events.extend(goes_on.map(|head| Event {
            time_unix_nano: self.clock.nanos(head),
            name: FIRST_BYTE.into(),
            attributes: Vec::new(),
        }));
        let mut all = Attributes::default();
        all.text("http.request.method", method);
        match one.endpoint.rsplit_once(':') {
            Some((host, port)) if !one.endpoint.starts_with("unix:") => {
                all.text("server.address", host.trim_start_matches('[').trim_end_matches(']'));
                port.parse().into_iter().for_each(|port| all.int("server.port", port));
            }
            _ => all.text("server.address", one.endpoint.trim_start_matches("unix:")),
        }
        if at > 0 {
            all.int("http.request.resend_count", at as i64);
        }
        match &one.came {
            Came::Answer(status) => {
                all.int("http.response.status_code", (*status).into());
                // For who asks, the client's errors are errors too.
                if *status >= 400 {
                    all.shown("error.type", status);
                    span.status = Some(error(""));
                }
            }
            Came::Failed(reason, why) => {
                all.text("error.type", reason.code());
                span.status = Some(error(why.as_deref().unwrap_or_default()));
            }
            Came::Nothing => {
                all.text("error.type", self.ended.reason.map_or("_OTHER", |reason| reason.code()));
                span.status = Some(error("the request ended before the try did"));
            }
        }
        all.text("pintle.upstream", exchange.notes.upstream.as_deref().unwrap_or_default());
        all.text("pintle.endpoint", &one.endpoint);
        all.text("pintle.chosen_by", one.choice.by);
        if let Some(connect) = one.connect {
            all.millis("pintle.connect_ms", connect.took);
            all.millis("pintle.tls_ms", connect.tls);
        }
        if let Some(before) = at.checked_sub(1).and_then(|before| exchange.notes.tries[before].over) {
            all.millis("pintle.pause_ms", one.began.saturating_duration_since(before));
        }
        span.attributes = all.0;
        span
    }
}
