//! The calls of a request: each safe one that several items or parts want is there once.

use super::super::part::{Answered, Failure};
use super::super::plan::{PartSet, Plan};
use super::super::request::PartRequest;
use std::collections::HashMap;
use std::sync::Arc;

/// What came of a call.
pub(super) type Outcome = Result<Arc<Answered>, Failure>;

#[derive(Debug, Default)]
pub(super) struct Calls {
    all: Vec<Call>,
    /// Where the safe ones are, by what they ask for.
    alike: HashMap<u64, Vec<usize>, foldhash::fast::RandomState>,
    /// Those that were begun, that did not come, and that nobody waits for any more.
    dropped: Vec<usize>,
}

#[derive(Debug)]
struct Call {
    request: Arc<PartRequest>,
    /// The parts that wait for it.
    waiting: PartSet,
    state: State,
}

#[derive(Debug)]
enum State {
    Wanted,
    Begun,
    Came(Outcome),
    /// It was given up: who wants the same makes another one.
    Dropped,
}

impl Calls {
    /// The call for a request: one that is there already, or a new one.
    pub(super) fn find(&mut self, request: PartRequest, plan: &Plan) -> usize {
        let part = &plan.parts[request.part];
        if !part.is_safe() {
            return self.add(request);
        }
        let alike = request.likeness();
        let is_same = |call: &&usize| {
            let known = &self.all[**call];
            let of = &plan.parts[known.request.part];
            let is_fresh = part.changed.is_in(of.changed);
            !matches!(known.state, State::Dropped) && is_fresh && known.request.is_like(&request)
        };
        if let Some(same) = self.alike.get(&alike).into_iter().flatten().find(is_same) {
            let same = *same;
            self.all[same].waiting = self.all[same].waiting.with(request.part);
            return same;
        }
        let call = self.add(request);
        self.alike.entry(alike).or_default().push(call);
        call
    }

    fn add(&mut self, request: PartRequest) -> usize {
        let waiting = PartSet::default().with(request.part);
        self.all.push(Call { request: Arc::new(request), waiting, state: State::Wanted });
        self.all.len() - 1
    }

    pub(super) fn request(&self, call: usize) -> &Arc<PartRequest> {
        &self.all[call].request
    }

    /// Marks one as begun; false where it was, or is there already.
    pub(super) fn begin(&mut self, call: usize) -> bool {
        let state = &mut self.all[call].state;
        let is_wanted = matches!(state, State::Wanted);
        if is_wanted {
            *state = State::Begun;
        }
        is_wanted
    }

    pub(super) fn came(&mut self, call: usize, outcome: Outcome) {
        self.all[call].state = State::Came(outcome);
    }

    pub(super) fn outcome(&self, call: usize) -> Option<&Outcome> {
        match &self.all[call].state {
            State::Came(outcome) => Some(outcome),
            State::Wanted | State::Begun | State::Dropped => None,
        }
    }

    /// A part waits for it no more.
    pub(super) fn leave(&mut self, call: usize, part: usize) {
        let known = &mut self.all[call];
        known.waiting = known.waiting.without(part);
        if known.waiting.is_empty() && matches!(known.state, State::Begun) {
            known.state = State::Dropped;
            self.dropped.push(call);
        }
    }

    /// Moves those that were given up to a list.
    pub(super) fn dropped(&mut self, to: &mut Vec<usize>) {
        to.append(&mut self.dropped);
    }
}
