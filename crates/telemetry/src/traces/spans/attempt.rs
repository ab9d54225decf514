//! The span of one try at an endpoint. Its id is what the service got as the parent of its own.

use super::{Attributes, Told, error, method};
use crate::Ended;
use crate::otlp::messages::trace::{Event, Span, SpanKind};
use pintle_core::notes::{Came, Notes, Try};
use pintle_core::{Reason, Trace};
use std::time::Instant;

/// When the answer's head was here; the span goes on until its last byte.
const FIRST_BYTE: &str = "pintle.first_byte";

/// What attempts are of: the request itself, or one of the calls that were made for it.
pub(super) struct Attempted<'a> {
    pub(super) notes: &'a Notes,
    pub(super) trace: &'a Trace,
    pub(super) method: &'a str,
    pub(super) upstream: &'a str,
    /// When the answer's last byte was here, or nobody waited any more.
    pub(super) over: Instant,
    /// Why nobody waited any more, where that is known.
    pub(super) unanswered: Option<&'static str>,
}

impl<'a> Attempted<'a> {
    /// Of the request itself.
    pub(super) fn of_request(ended: &Ended<'a>) -> Self {
        let exchange = ended.exchange;
        Attempted {
            notes: &exchange.notes,
            trace: &exchange.trace,
            method: method(&exchange.request.method),
            upstream: exchange.notes.upstream.as_deref().unwrap_or_default(),
            over: ended.over,
            unanswered: ended.reason.map(Reason::code),
        }
    }
}

impl Told<'_> {
    /// The span of the try of that place.
    pub(super) fn attempt(&self, of: &Attempted<'_>, at: usize, one: &Try) -> Span {
        let (method, end) = (of.method, of.over);
        // The answer of the last one is the one that somebody got.
        let is_last = at + 1 == of.notes.tries.len();
        let (over, goes_on) = match (one.over, &one.came) {
            (Some(over), Came::Answer(_)) if is_last => (end, Some(over)),
            (over, _) => (over.unwrap_or(end), None),
        };
        let mut span = self.part(0, method, SpanKind::Client, one.began, over);
        span.span_id = of.trace.attempt(at as u32 + 1).to_be_bytes().to_vec();
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
                all.text("error.type", of.unanswered.unwrap_or("_OTHER"));
                span.status = Some(error("the request ended before the try did"));
            }
        }
        all.text("pintle.upstream", of.upstream);
        all.text("pintle.endpoint", &one.endpoint);
        all.text("pintle.chosen_by", one.choice.by);
        if let Some(connect) = one.connect {
            all.millis("pintle.connect_ms", connect.took);
            all.millis("pintle.tls_ms", connect.tls);
        }
        if let Some(before) = at.checked_sub(1).and_then(|before| of.notes.tries[before].over) {
            all.millis("pintle.pause_ms", one.began.saturating_duration_since(before));
        }
        span.attributes = all.0;
        span
    }
}
