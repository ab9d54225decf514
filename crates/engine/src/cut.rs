//! Why an answer did not go out whole.

use crate::gateway::Gateway;
use pintle_core::body::Whose;
use pintle_core::{Exchange, Fault, Reason};
use pintle_http1::server::WriteError;

/// Why an answer was cut, for the log; counts it.
pub(crate) fn note_failure(gateway: &Gateway, error: &WriteError, exchange: &mut Exchange) -> Reason {
    let why = match error {
        WriteError::Client => "the client closed the connection within the answer".to_owned(),
        WriteError::Stalled => "the client took nothing of the answer for too long".to_owned(),
        WriteError::Stopped => "the gateway stopped within the answer".to_owned(),
        WriteError::Deadline => "the request's time was over within the answer".to_owned(),
        WriteError::Body(error) => broken_part(exchange).unwrap_or_else(|| error.to_string()),
    };
    exchange.notes.internal.get_or_insert(why);
    let reason = match reason_of(error) {
        // The content of an aggregate is no file's.
        Reason::FileFailed if !exchange.notes.parts.is_empty() => Reason::PartFailed,
        reason => reason,
    };
    gateway.metrics.cut(reason);
    reason
}

/// The part of an aggregate because of which its answer breaks off.
fn broken_part(exchange: &Exchange) -> Option<String> {
    let parts = &exchange.notes.parts;
    parts.with(|parts| {
        let part = parts.iter().find(|part| part.is_fatal)?;
        Some(format!("the part `{}` ({}): {}", part.name, part.call, part.why.as_deref().unwrap_or_default()))
    })
}

/// The reason for which an answer was cut.
pub(crate) fn reason_of(error: &WriteError) -> Reason {
    match error {
        WriteError::Client | WriteError::Stalled => Reason::ClientClosed,
        WriteError::Stopped => Reason::Unavailable,
        WriteError::Deadline => Reason::Timeout,
        WriteError::Body(error) => match (error.whose, error.fault) {
            (Whose::Client, _) => Reason::ClientClosed,
            // Of the gateway's own content only what it reads from files can end so.
            (Whose::Gateway, Fault::Closed | Fault::TimedOut) => Reason::FileFailed,
            (Whose::Gateway, Fault::Reset) => Reason::Unavailable,
            (_, Fault::Malformed) => Reason::UpstreamMalformed,
            (_, Fault::TimedOut) => Reason::UpstreamTimeout,
            _ => Reason::UpstreamClosed,
        },
    }
}
