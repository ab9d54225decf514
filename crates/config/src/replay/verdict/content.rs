//! Whether a logged request's content is within the limit, as far as the log says how much there was.

use crate::replay::line::End;
use pintle_core::Reason;

/// How much content may come, before and after, and whether the actions read it: what is not read is refused by its
/// announced length alone, which is not in the log.
pub(super) struct Limits {
    /// None is any.
    pub(super) old: Option<u64>,
    pub(super) new: Option<u64>,
    pub(super) old_reads: bool,
    pub(super) new_reads: bool,
}

impl Limits {
    /// Whether the content fits now; none if that cannot be said.
    pub(super) fn fits(&self, end: Option<&End>) -> Option<bool> {
        let Some(new) = self.new else { return Some(true) };
        let is_no_tighter = self.old.is_some_and(|old| new >= old);
        // Without what became of it, only that it was within the old limit could be said, and not even that.
        let Some(end) = end else { return (self.old == Some(new)).then_some(true) };
        if end.reason.as_deref() == Some(Reason::BodyTooLarge.code()) {
            let is_still = self.old.is_some_and(|old| new <= old) && (self.new_reads || !self.old_reads);
            return is_still.then_some(false);
        }
        if end.received > new {
            return self.new_reads.then_some(false);
        }
        // All of it came where a service got it and nothing went wrong.
        let came_whole = self.old_reads && end.reason.is_none();
        (is_no_tighter || came_whole).then_some(true)
    }
}
