//! The parts of an aggregate as they may be shown.

use super::super::raw::{RawCall, RawPart};
use super::Tried;
use pintle_core::redact::Names;
use std::time::Duration;

/// A part of an aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedPart {
    /// Its name.
    pub name: String,
    /// The upstream that it calls.
    pub upstream: String,
    /// What it calls, as it was written.
    pub call: String,
    /// The parts that it waits for; those whose names were not kept are not among them.
    pub needs: Vec<String>,
    /// `ok`, `failed`, `skipped`, or `waiting` where the request ended before that was known.
    pub state: String,
    /// Why it failed, in a word.
    pub reason: Option<String>,
    /// What happened.
    pub internal: Option<String>,
    /// The status that came.
    pub status: Option<u16>,
    /// Whether it failed the whole.
    pub is_fatal: bool,
    /// When its first call began; none where none was made for it.
    pub began: Option<Duration>,
    /// When it was settled.
    pub over: Option<Duration>,
    /// How many calls were made.
    pub made: u64,
    /// How many tries there were for them.
    pub attempts: u64,
    /// Some of the calls, by their numbers.
    pub calls: Vec<RecordedCall>,
}

/// A call of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedCall {
    /// Its number among the calls of the request, from 0.
    pub number: u64,
    /// When it began.
    pub began: Duration,
    /// When it was over; none where it was given up.
    pub over: Option<Duration>,
    /// How many tries there were.
    pub attempts: u64,
    /// The last of them, in order.
    pub tries: Vec<Tried>,
}

/// Those parts, without values that are credentials by their names.
pub(super) fn shown(parts: &[RawPart], names: &Names) -> Vec<RecordedPart> {
    let some = |text: &str| Some(names.value(text).into_owned()).filter(|text| !text.is_empty());
    let named = |needs: u64| {
        let is = |part: &&RawPart| part.place < 64 && needs & 1 << part.place != 0;
        parts.iter().filter(is).map(|part| part.name.clone()).collect()
    };
    let part = |part: &RawPart| RecordedPart {
        name: part.name.clone(),
        upstream: names.value(&part.upstream).into_owned(),
        call: super::shown_target(&part.call, names),
        needs: named(part.needs),
        state: part.state.clone(),
        reason: some(&part.reason),
        internal: some(&part.internal),
        status: part.status,
        is_fatal: part.is_fatal,
        began: part.began,
        over: part.over,
        made: part.made,
        attempts: part.attempts,
        calls: part.calls.iter().map(|one| call(one, names)).collect(),
    };
    parts.iter().map(part).collect()
}

fn call(call: &RawCall, names: &Names) -> RecordedCall {
    RecordedCall {
        number: call.number,
        began: call.began,
        over: call.over,
        attempts: call.attempts,
        tries: call.tries.iter().map(|one| Tried::of(one, names)).collect(),
    }
}
