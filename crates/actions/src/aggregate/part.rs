//! What became of a part, and how expressions see it.

use super::decode::{Decode, Undecodable};
use pintle_core::json::Json;
use pintle_core::template::{Entries, Items, List, Map, PartField, Value};
use pintle_core::{Fields, Reason, StatusCode};
use pintle_policies::held::{NO_ROOM, Share};
use std::borrow::Cow;
use std::sync::Arc;

/// What became of a part.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) state: State,
    /// Of the last answer; none under `for_each`, and where none came.
    pub(super) status: Option<StatusCode>,
    pub(super) fields: Arc<Fields>,
    /// The fields of each answer that is part of the body.
    pub(super) answers: Box<[Arc<Fields>]>,
    pub(super) body: PartBody,
    /// Why it failed, if it did.
    pub(super) failure: Option<Failure>,
}

/// Which of three things became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Ok,
    Failed,
    Skipped,
}

/// A part's body.
#[derive(Debug)]
pub(super) enum PartBody {
    Null,
    One(Arc<Json>),
    Many(Many),
}

/// The bodies of a `for_each`, in the order of its list.
#[derive(Debug)]
pub(super) struct Many(pub(super) Box<[Arc<Json>]>);

/// Why a part failed.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// A word for clients, logs and metrics.
    pub(super) reason: &'static str,
    pub(super) kind: FailureKind,
    /// The status that came, if one did.
    pub(super) status: Option<StatusCode>,
    /// What happened, for the operator alone.
    pub(super) why: Box<str>,
    /// What came, where a client may get it as it is.
    pub(super) answer: Option<Arc<Answered>>,
}

/// Which status a failure is for the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// 502.
    Failed,
    /// 503: the service was not asked, or there was no room for its answer.
    Unavailable,
    /// 504.
    TimedOut,
}

/// How content was read, and what came of it.
pub(super) type Read = (Option<Decode>, Result<Arc<Json>, Undecodable>);

/// An answer that came whole.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) fields: Arc<Fields>,
    /// Empty where the tree has the same text.
    content: bytes::Bytes,
    /// The content as a tree, where it was large, and how it was read.
    pub(super) read: Option<Read>,
    /// What of the held content it is.
    pub(super) _share: Share,
}

impl Answered {
    /// One whose content may have been read. What is large is there once: as a tree that has its text, or as it came.
    pub(super) fn new(
        (status, fields): (StatusCode, Arc<Fields>),
        content: bytes::Bytes,
        read: Option<Read>,
        share: Share,
    ) -> Self {
        let is_twice = matches!(&read, Some((_, Ok(json))) if *json.source().as_bytes() == *content);
        let content = if is_twice { bytes::Bytes::new() } else { content };
        Answered { status, fields, content, read, _share: share }
    }

    /// Its content.
    pub(super) fn content(&self) -> bytes::Bytes {
        match &self.read {
            Some((_, Ok(json))) if self.content.is_empty() => bytes::Bytes::copy_from_slice(json.source().as_bytes()),
            _ => self.content.clone(),
        }
    }
}

/// All answers together are larger than they may be: no part is more to blame for that than another.
pub(super) const ALL_TOO_LARGE: &str = "all_too_large";

/// The part needs one that failed.
pub(super) const NEEDS: &str = "needs";

impl State {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Failed => "failed",
            State::Skipped => "skipped",
        }
    }
}

impl Failure {
    /// One that no answer is to blame for.
    pub(super) fn new(reason: &'static str, why: impl Into<Box<str>>) -> Self {
        Failure { reason, kind: FailureKind::Failed, status: None, why: why.into(), answer: None }
    }

    /// Time ran out.
    pub(super) fn timeout(why: impl Into<Box<str>>) -> Self {
        Failure { kind: FailureKind::TimedOut, ..Failure::new("timeout", why) }
    }

    /// As much content is held for all requests as may be.
    pub(super) fn no_room() -> Self {
        Failure { kind: FailureKind::Unavailable, ..Failure::new("no_room", NO_ROOM) }
    }

    /// No answer came, for that reason.
    pub(super) fn of_refusal(reason: Reason, why: impl Into<Box<str>>) -> Self {
        match reason {
            Reason::ConnectTimeout | Reason::UpstreamTimeout | Reason::Timeout => Failure::timeout(why),
            Reason::Overflow | Reason::BreakerOpen | Reason::Unavailable => {
                Failure { kind: FailureKind::Unavailable, ..Failure::new(reason.code(), why) }
            }
            reason => Failure::new(reason.code(), why),
        }
    }

    /// Whether another part's failure is the cause.
    pub(super) fn is_of_another(&self) -> bool {
        self.reason == NEEDS
    }
}

impl Settled {
    /// One that is not called.
    pub(super) fn skipped() -> Self {
        let (status, fields) = (None, Arc::default());
        let (answers, body) = (Box::default(), PartBody::Null);
        Settled { state: State::Skipped, status, fields, answers, body, failure: None }
    }

    /// One that failed; `body` stands for what it would have had.
    pub(super) fn failed(failure: Failure, body: PartBody) -> Self {
        let fields = failure.answer.as_ref().map(|answer| Arc::clone(&answer.fields)).unwrap_or_default();
        let (status, answers) = (failure.status, Box::default());
        Settled { state: State::Failed, status, fields, answers, body, failure: Some(failure) }
    }

    /// What expressions see under that field; none where there is none.
    pub(super) fn field(&self, field: PartField) -> Option<Value<'_>> {
        Some(match field {
            PartField::State => Value::text(self.state.as_str()),
            PartField::Status => Value::Int(self.status?.as_u16().into()),
            PartField::Headers => Value::Map(Map::Lent(&*self.fields)),
            PartField::Body => self.body.value(),
            PartField::Reason => Value::text(self.failure.as_ref()?.reason),
            PartField::Whole => {
                let fields = [
                    ("state", PartField::State),
                    ("status", PartField::Status),
                    ("headers", PartField::Headers),
                    ("body", PartField::Body),
                    ("reason", PartField::Reason),
                ];
                let known = fields.into_iter().filter_map(|(name, field)| Some((name, self.field(field)?)));
                Value::Map(Map::named(known.map(|(name, value)| (Cow::Borrowed(name), value))))
            }
        })
    }

    /// A header field of its answer.
    pub(super) fn header(&self, name: &str) -> Option<Value<'_>> {
        Entries::get(&*self.fields, name)
    }
}

impl PartBody {
    /// About how long it is as JSON.
    pub(super) fn size(&self) -> usize {
        match self {
            PartBody::Null => 4,
            PartBody::One(json) => json.source().len(),
            PartBody::Many(many) => many.0.iter().map(|json| json.source().len() + 1).sum::<usize>() + 1,
        }
    }

    /// It, as expressions see it.
    pub(super) fn value(&self) -> Value<'_> {
        match self {
            PartBody::Null => Value::Null,
            PartBody::One(json) => json.value(),
            PartBody::Many(many) => Value::List(List::Lent(many)),
        }
    }
}

impl Items for Many {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, index: usize) -> Option<Value<'_>> {
        self.0.get(index).map(|json| json.value())
    }
}
