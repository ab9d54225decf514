//! The spans of the parts of an aggregate: one for each that made calls, called by its name, and within it one for each time
//! that an endpoint was asked, under the id that its service got as the parent of its own.

use super::attempt::Attempted;
use super::{Attributes, MOST, Told, error, method, span_name};
use crate::otlp::messages::trace::{Span, SpanKind};
use pintle_core::Reason;
use pintle_core::notes::{CallNote, PartNote};

/// The numbers of parts' spans ([`pintle_core::Trace::part`]), beyond those of attempts.
const PART: u64 = 4 << 32;
/// Attempts of all parts together that have a span of their own.
const MOST_ATTEMPTS: usize = 256;

impl Told<'_> {
    /// Those of all parts.
    pub(super) fn parts(&self, spans: &mut Vec<Span>) {
        let notes = &self.exchange().notes.parts;
        if notes.is_empty() {
            return;
        }
        notes.with(|parts| {
            let mut left = MOST_ATTEMPTS;
            for (at, part) in parts.iter().enumerate() {
                let Some(span) = self.of_part(at, part) else { continue };
                let own = span.span_id.clone();
                spans.push(span);
                for call in &part.calls {
                    self.of_call(part, call, &own, &mut left, spans);
                }
            }
        });
    }

    /// The part itself, if it made calls.
    fn of_part(&self, at: usize, part: &PartNote) -> Option<Span> {
        let (began, over) = (part.began?, part.over.unwrap_or(self.ended.over));
        let mut span = self.part(PART + at as u64, &part.name, SpanKind::Internal, began, over);
        let mut all = Attributes::default();
        all.text("pintle.part", &part.name);
        all.text("pintle.part.state", part.state);
        all.text("pintle.upstream", &part.upstream);
        all.int("pintle.calls", part.made.into());
        if let Some(status) = part.status {
            all.int("http.response.status_code", status.into());
        }
        if let Some(reason) = part.reason {
            all.text("error.type", reason);
            span.status = Some(error(part.why.as_deref().unwrap_or_default()));
        }
        span.attributes = all.0;
        Some(span)
    }

    /// The attempts of one of its calls.
    fn of_call(&self, part: &PartNote, call: &CallNote, parent: &[u8], left: &mut usize, spans: &mut Vec<Span>) {
        let method = method_of(&part.call);
        let attempted = Attempted {
            notes: &call.notes,
            trace: &self.exchange().trace.of_call(call.number),
            method,
            upstream: &part.upstream,
            over: call.over.unwrap_or(self.ended.over),
            unanswered: part.reason.or(self.ended.reason.map(Reason::code)),
        };
        let tries = call.notes.tries.iter().enumerate().take(MOST.min(*left));
        for (at, one) in tries {
            let mut span = self.attempt(&attempted, at, one);
            span.name = span_name(method, &part.name);
            span.parent_span_id = parent.to_vec();
            let mut all = Attributes(std::mem::take(&mut span.attributes));
            all.text("pintle.part", &part.name);
            all.int("pintle.call", call.number.into());
            if at == 0 {
                all.millis("pintle.queue_ms", call.notes.queue);
                all.millis("pintle.lookup_ms", call.notes.lookup);
            }
            span.attributes = all.0;
            spans.push(span);
            *left -= 1;
        }
    }
}

/// The method of a call as it was written.
fn method_of(call: &str) -> &'static str {
    let written = call.split(' ').next().unwrap_or_default();
    written.parse().map_or(super::OTHER, |written| method(&written))
}
