//! Why a call is refused: one table of the kinds, and the form in which it is told: a problem (RFC 9457) to who takes JSON,
//! the bare sentence to everyone else.

use crate::answer::{Answer, JSON, TEXT};
use pintle_core::{Body, Name, StatusCode, names};
use pintle_http1::RequestError;
use serde_json::{Value, json};

/// A kind of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) status: u16,
    /// The word for programs.
    pub(crate) reason: &'static str,
    pub(crate) title: &'static str,
}

macro_rules! kinds {
    ($($name:ident = $status:literal $reason:literal $title:literal;)+) => {
        $(pub(crate) const $name: Kind = Kind { status: $status, reason: $reason, title: $title };)+
    };
}

kinds! {
    BAD_REQUEST = 400 "bad_request" "The request is malformed";
    BAD_PARAMETER = 400 "bad_parameter" "A parameter is wrong";
    BAD_CONTENT = 400 "bad_content" "The content cannot be read";
    NO_TOKEN = 401 "no_token" "The token is wanted";
    WRONG_TOKEN = 401 "wrong_token" "It is not the token";
    NO_CHANGES = 403 "no_changes" "Nobody may do this here";
    CROSS_SITE = 403 "cross_site" "A page of another site asks for a change";
    NO_PATH = 404 "no_path" "There is nothing of that name";
    NOT_KEPT = 404 "not_kept" "That is not kept";
    WRONG_METHOD = 405 "wrong_method" "That is asked for by another method";
    TIMED_OUT = 408 "timed_out" "The request took too long to arrive";
    STALE = 412 "stale" "Another version is in force";
    TOO_LARGE = 413 "too_large" "The content is too large";
    TOO_LONG = 414 "target_too_long" "The request's first line is too long";
    WRONG_KIND = 415 "wrong_kind" "The content is of another kind";
    MISDIRECTED = 421 "wrong_host" "The Host is not one of this address";
    NOT_GOOD = 422 "not_good" "The configuration is refused";
    FIELDS = 431 "fields_too_large" "The request's fields are too large";
    FAILED = 500 "failed" "The gateway made a mistake";
    NOT_IMPLEMENTED = 501 "not_implemented" "The request asks for what HTTP/1.1 here has not";
    BUSY = 503 "busy" "Too much is asked for at once";
    NOT_READY = 503 "not_ready" "It takes no requests now";
    TOO_SLOW = 503 "too_slow" "That takes too long";
    VERSION = 505 "version_not_supported" "The version of HTTP is not spoken here";
}

/// What any call may come to, whatever it asks for.
pub(crate) const OF_ANY: &[&Kind] = &[
    &BAD_REQUEST,
    &BAD_PARAMETER,
    &TIMED_OUT,
    &TOO_LONG,
    &MISDIRECTED,
    &FIELDS,
    &FAILED,
    &NOT_IMPLEMENTED,
    &BUSY,
    &VERSION,
];

/// What a call may come to that reads something.
pub(crate) const OF_READERS: &[&Kind] = &[&NO_TOKEN, &WRONG_TOKEN, &NO_CHANGES];

/// What a call may come to that changes something.
pub(crate) const OF_WRITERS: &[&Kind] = &[&NO_TOKEN, &WRONG_TOKEN, &NO_CHANGES, &CROSS_SITE];

/// A refusal.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) kind: Kind,
    /// For who asked: what is wrong, and the remedy.
    pub(crate) detail: String,
    pub(crate) field: Option<(Name<'static>, String)>,
    /// What is wrong with a configuration, each with its place.
    pub(crate) messages: Option<Value>,
    /// The same for the log, where it says more or less than the detail.
    pub(crate) told: Option<String>,
}

impl Trouble {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Trouble { kind, detail: detail.into(), field: None, messages: None, told: None }
    }

    /// The same with a header field.
    pub(crate) fn field(self, name: Name<'static>, value: impl Into<String>) -> Self {
        Trouble { field: Some((name, value.into())), ..self }
    }

    /// Too much at once: worth another try.
    pub(crate) fn busy(detail: impl Into<String>) -> Self {
        Trouble::new(BUSY, detail).field(names::RETRY_AFTER, "1")
    }

    /// A head that is no head.
    pub(crate) fn malformed(error: &RequestError) -> Self {
        let known = [BAD_REQUEST, TOO_LONG, FIELDS, NOT_IMPLEMENTED, VERSION];
        let status = error.reason.status().as_u16();
        let kind = known.into_iter().find(|kind| kind.status == status).unwrap_or(BAD_REQUEST);
        Trouble::new(kind, format!("{} ({})", error.detail, error.rfc))
    }

    /// As an answer, in the form that is asked for; `request` is the call's id.
    pub(crate) fn answer(self, json: bool, request: &str) -> Answer {
        let Trouble { kind, detail, field, messages, .. } = self;
        let status = StatusCode::from_u16(kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (form, body) = if json {
            let mut problem = json!({
                "type": "about:blank",
                "title": kind.title,
                "status": kind.status,
                "detail": detail,
                "reason": kind.reason,
                "request_id": request,
            });
            if let Some(messages) = messages {
                problem["messages"] = messages;
            }
            (PROBLEM, format!("{problem}\n"))
        } else {
            (TEXT, format!("{}\n", detail.trim_end()))
        };
        Answer { status, kind: form, body: Body::full(body), fields: field.into_iter().collect(), told: None }
    }
}

/// The media type of a problem.
pub(crate) const PROBLEM: &str = "application/problem+json";

/// Whether one of these media types asks for JSON.
pub(crate) fn is_json(kind: &str) -> bool {
    kind == JSON || kind == PROBLEM
}
