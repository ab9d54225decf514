//! What of a batch may run now: those whose needs have succeeded, so many at once. Knows neither requests nor time, and
//! what it decides depends on what each came to and never on which came first.

/// The order of a batch.
#[derive(Debug)]
pub(super) struct Order {
    /// What each waits for: the places of others before it.
    needs: Vec<Vec<usize>>,
    states: Vec<State>,
    parallel: usize,
    running: usize,
    /// Whether one that fails ends the batch: then each waits for all before it.
    stops: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Succeeded,
    Failed,
}

/// What is to be done with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Run it, and tell what it came to.
    Run(usize),
    /// It is not run; that is told already.
    PassOver(usize),
}

impl Order {
    pub(super) fn new(needs: Vec<Vec<usize>>, parallel: usize, stops: bool) -> Self {
        let states = vec![State::Waiting; needs.len()];
        Order { needs, states, parallel: if stops { 1 } else { parallel }, running: 0, stops }
    }

    /// What can be done now; none while that waits for others.
    pub(super) fn next(&mut self) -> Option<Next> {
        let has_failed = self.stops && self.states.contains(&State::Failed);
        for at in 0..self.states.len() {
            if self.states[at] != State::Waiting {
                continue;
            }
            let needs = |state| self.needs[at].iter().any(|needed| self.states[*needed] == state);
            if has_failed || needs(State::Failed) {
                self.states[at] = State::Failed;
                return Some(Next::PassOver(at));
            }
            let is_ready = !needs(State::Waiting) && !needs(State::Running);
            if is_ready && self.running < self.parallel {
                self.states[at] = State::Running;
                self.running += 1;
                return Some(Next::Run(at));
            }
        }
        None
    }

    /// What became of one that was run.
    pub(super) fn came(&mut self, at: usize, has_succeeded: bool) {
        self.states[at] = if has_succeeded { State::Succeeded } else { State::Failed };
        self.running -= 1;
    }
}
