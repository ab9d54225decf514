//! What is said of the parts of an aggregate. Shared between the request's own notes and whoever makes the calls: a streamed
//! answer goes on where those notes are not, and a call that is given up is noted by being dropped.

use super::{Came, Notes};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Calls of a part that are kept; the others are counted alone. One that did not go well is kept before one that did.
pub const MOST_CALLS: usize = 32;

/// What became of the parts of an aggregate.
#[derive(Clone, Debug, Default)]
pub struct PartNotes(Option<Arc<Mutex<Vec<PartNote>>>>);

/// What became of a part of an aggregate.
#[derive(Clone, Debug)]
pub struct PartNote {
    /// Its name.
    pub name: Arc<str>,
    /// The upstream that it calls.
    pub upstream: Arc<str>,
    /// What it calls, as it was written: a method first.
    pub call: Arc<str>,
    /// The parts that it waits for: a bit for each, by their places.
    pub needs: u64,
    /// `ok`, `failed` or `skipped`; `waiting` until then, and for good where the request ended before.
    pub state: &'static str,
    /// Why it failed, in a word.
    pub reason: Option<&'static str>,
    /// What happened, for the operator alone.
    pub why: Option<Box<str>>,
    /// The status that came, where one call was made and it came.
    pub status: Option<u16>,
    /// Whether it failed the whole.
    pub is_fatal: bool,
    /// When the first of its calls began.
    pub began: Option<Instant>,
    /// When it was settled; none where no call was made for it.
    pub over: Option<Instant>,
    /// How many calls were made for it. One that another part made before is that part's.
    pub made: u32,
    /// How many times endpoints were tried for them.
    pub attempts: u32,
    /// Some of the calls that are over, by their numbers, at most [`MOST_CALLS`].
    pub calls: Vec<CallNote>,
}

/// A call of a part.
#[derive(Clone, Debug)]
pub struct CallNote {
    /// Its number among the calls of the request, from 0: [`crate::Trace::of_call`].
    pub number: u32,
    /// When it began.
    pub began: Instant,
    /// When its answer was here whole, or it failed; none where it was given up.
    pub over: Option<Instant>,
    /// What its upstream says of it.
    pub notes: Box<Notes>,
}

impl PartNotes {
    /// Notes for these parts, none of which has begun.
    pub fn new(parts: impl Iterator<Item = PartNote>) -> Self {
        PartNotes(Some(Arc::new(Mutex::new(parts.collect()))))
    }

    /// Lets somebody read them, or write into them. Not within another look at them.
    pub fn with<T>(&self, look: impl FnOnce(&mut Vec<PartNote>) -> T) -> T {
        match &self.0 {
            Some(notes) => look(&mut notes.lock()),
            None => look(&mut Vec::new()),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Whether some part failed.
    pub fn has_failed(&self) -> bool {
        !self.is_empty() && self.with(|parts| parts.iter().any(|part| part.state == "failed"))
    }
}

impl PartNote {
    /// A part of which nothing is known yet.
    pub fn new(name: Arc<str>, upstream: Arc<str>, call: Arc<str>, needs: u64) -> Self {
        PartNote {
            name,
            upstream,
            call,
            needs,
            state: "waiting",
            reason: None,
            why: None,
            status: None,
            is_fatal: false,
            began: None,
            over: None,
            made: 0,
            attempts: 0,
            calls: Vec::new(),
        }
    }

    /// Takes a call that is over up, if there is room for it.
    pub fn add(&mut self, call: CallNote) {
        self.attempts += call.notes.attempts();
        if self.calls.len() >= MOST_CALLS {
            let Some(well) = self.calls.iter().rposition(CallNote::is_well).filter(|_| !call.is_well()) else { return };
            self.calls.remove(well);
        }
        // They end about in the order in which they began.
        let at = self.calls.partition_point(|other| other.number < call.number);
        self.calls.insert(at, call);
    }

    /// The places of the parts that it waits for.
    pub fn waits_for(&self) -> impl Iterator<Item = usize> {
        let needs = self.needs;
        (0..64).filter(move |place| needs & 1 << place != 0)
    }

    /// How long it took, of one that made calls: up to `now` if it is not settled.
    pub fn duration(&self, now: Instant) -> Option<Duration> {
        Some(self.over.unwrap_or(now).saturating_duration_since(self.began?))
    }
}

impl CallNote {
    /// Whether an answer came that is none of an error.
    pub fn is_well(&self) -> bool {
        let came = self.notes.tries.last().map(|last| &last.came);
        self.over.is_some() && matches!(came, Some(Came::Answer(status)) if *status < 400)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notes::{Chosen, Try};

    fn call(number: u32, status: u16) -> CallNote {
        let began = Instant::now();
        let came = Try { came: Came::Answer(status), ..Try::new("a:1".into(), Chosen::default(), began) };
        let mut notes = Box::<Notes>::default();
        notes.tries.push(came);
        CallNote { number, began, over: Some(began), notes }
    }

    #[test]
    fn of_many_calls_those_that_went_wrong_are_kept() {
        let mut part = PartNote::new("items".into(), "orders".into(), "GET orders:/".into(), 0b101);
        (0..100).rev().for_each(|number| part.add(call(number, if number % 10 == 0 { 500 } else { 200 })));
        assert_eq!((part.calls.len(), part.attempts), (MOST_CALLS, 100));
        assert_eq!(part.calls.iter().filter(|call| !call.is_well()).count(), 10);
        assert!(part.calls.is_sorted_by_key(|call| call.number));
        assert_eq!(part.waits_for().collect::<Vec<_>>(), [0, 2]);
    }
}
