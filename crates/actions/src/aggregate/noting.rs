//! What is written down of parts as they go, so that whoever looks at the request when it is over finds it, however it ended.

use super::part::State;
use super::plan::Plan;
use super::run::Run;
use pintle_core::Refusal;
use pintle_core::notes::{CallNote, Notes, PartNote, PartNotes};
use std::sync::Arc;
use std::time::Instant;

/// Notes for the parts of a plan.
pub(super) fn begin(plan: &Plan) -> PartNotes {
    PartNotes::new(plan.parts.iter().map(|part| {
        let upstream = Arc::clone(&part.target.upstream.name);
        PartNote::new(Arc::clone(&part.name), upstream, Arc::clone(&part.call), part.needs.bits())
    }))
}

/// Writes down what became of the parts that are settled and were not before.
pub(super) fn settled(run: &Run<'_>, notes: &PartNotes, now: Instant) {
    notes.with(|notes| {
        for (note, settled) in notes.iter_mut().zip(&run.parts) {
            let Some(settled) = settled.as_ref().filter(|_| note.state == "waiting") else { continue };
            note.state = settled.state.as_str();
            note.status = settled.status.map(|status| status.as_u16());
            note.reason = settled.failure.as_ref().map(|failure| failure.reason);
            note.why = settled.failure.as_ref().map(|failure| failure.why.clone());
            note.over = note.began.and(Some(now));
        }
    });
}

/// Writes down that the part at that place failed the whole.
pub(super) fn fatal(notes: &PartNotes, at: usize) {
    notes.with(|notes| notes[at].is_fatal = true);
}

/// The same of a part of whose body no answer could be made.
pub(super) fn unusable(notes: &PartNotes, refusal: &Refusal) {
    let Some(failed) = refusal.part.as_deref() else { return };
    notes.with(|notes| {
        if let Some(note) = notes.iter_mut().find(|note| note.name == failed.name) {
            (note.state, note.reason, note.is_fatal) = (State::Failed.as_str(), Some(failed.reason), true);
            note.why = note.why.take().or_else(|| Some(failed.why.clone()));
        }
    });
}

/// A call that is made. Its note is there once this is dropped: also of one that nobody waits for any more.
pub(super) struct Noting {
    pub(super) notes: Box<Notes>,
    parts: PartNotes,
    part: usize,
    number: u32,
    pub(super) began: Instant,
    pub(super) over: Option<Instant>,
}

impl Noting {
    /// Begins a call of that part; `number` is its own among all.
    pub(super) fn begin(parts: &PartNotes, part: usize, number: usize) -> Self {
        let began = Instant::now();
        parts.with(|notes| {
            notes[part].began.get_or_insert(began);
            notes[part].made += 1;
        });
        Noting { notes: Box::default(), parts: parts.clone(), part, number: number as u32, began, over: None }
    }
}

impl Drop for Noting {
    fn drop(&mut self) {
        let Noting { number, began, over, .. } = *self;
        let notes = std::mem::take(&mut self.notes);
        self.parts.with(|parts| parts[self.part].add(CallNote { number, began, over, notes }));
    }
}
